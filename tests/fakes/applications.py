"""`ApplicationStore` in memory."""

from collections.abc import Iterable, Sequence

from chalicelib.audit import AuditEvent
from chalicelib.directory.model import fold
from chalicelib.oauth.model import Application, Grant, GrantKind
from chalicelib.paging import Page
from chalicelib.registry.ends import End, ends_of
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import (
    EVERYTHING,
    ApplicationChanged,
    CertificateTaken,
    NameTaken,
    Order,
    Selection,
)
from tests.fakes.memory import FakeMemory
from tests.fakes.paging import page


class FakeApplications:
    """Fulfils `ApplicationStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def create(
        self, registration: Registration, grants: Sequence[Grant], event: AuditEvent
    ) -> None:
        with self._memory:
            if event.event_id in self._memory.events:
                return
            self._refuse_taken(registration)
            self._memory.registrations[registration.application.client_id] = registration
            self._put_grants(grants)
            self._memory.events[event.event_id] = event

    def load(self, client_id: str) -> Registration | None:
        with self._memory:
            return self._memory.registrations.get(client_id)

    def find(self, name: str) -> str | None:
        with self._memory:
            for client_id, registration in self._memory.registrations.items():
                if fold(registration.application.name) == fold(name):
                    return client_id
            return None

    def find_by_thumbprint(self, thumbprint: str) -> str | None:
        with self._memory:
            for client_id, registration in self._memory.registrations.items():
                held = registration.application.certificate
                if held is not None and held.thumbprint == thumbprint:
                    return client_id
            return None

    def list_registrations(
        self, search: str, cursor: str | None, limit: int, selection: Selection = EVERYTHING
    ) -> Page[Registration]:
        by_name = selection.order in (Order.NAME, Order.NAME_DESCENDING)
        with self._memory:
            found = sorted(
                (fold(registration.application.name) if by_name else "", client_id, registration)
                for client_id, registration in self._memory.registrations.items()
                if fold(search) in fold(registration.application.name)
                and fold(registration.application.name).startswith(fold(selection.beginning))
                and _is_selected(registration.application, selection)
            )
            entries = [([name, key], registration) for name, key, registration in found]
            if selection.order in (Order.NAME_DESCENDING, Order.NEWEST):
                entries.reverse()
            return page(f"applications {selection.order}", entries, cursor, limit)

    def list_ends(self, since: int, until: int, cursor: str | None, limit: int) -> Page[End]:
        with self._memory:
            ends = [
                ([f"{end.ends_at:012d}", f"{end.client_id}#{end.secret_id or 'certificate'}"], end)
                for registration in self._memory.registrations.values()
                for end in ends_of(registration.application)
                if since <= end.ends_at <= until
            ]
            return page("ends", sorted(ends, key=lambda one: one[0]), cursor, limit)

    def count(self) -> int:
        with self._memory:
            return len(self._memory.registrations)

    def replace(
        self,
        before: Registration,
        after: Registration,
        event: AuditEvent,
        *,
        new_grants: Sequence[Grant] = (),
        ended_grants: Sequence[str] = (),
    ) -> None:
        with self._memory:
            if event.event_id in self._memory.events:
                return
            self._refuse_changed(before)
            self._refuse_taken(after)
            client_id = after.application.client_id
            self._memory.registrations[client_id] = after
            self._put_grants(new_grants)
            self._put_grants(_tombstone(client_id, grant_id, event) for grant_id in ended_grants)
            self._memory.events[event.event_id] = event

    def add_grant(self, grant: Grant, event: AuditEvent) -> None:
        with self._memory:
            if event.event_id not in self._memory.events:
                self._put_grants([grant])
                self._memory.events[event.event_id] = event

    def settle(self) -> None:
        """Nothing is leased here."""

    def delete(self, before: Registration, event: AuditEvent) -> None:
        with self._memory:
            if event.event_id in self._memory.events:
                return
            self._refuse_changed(before)
            application = before.application
            del self._memory.registrations[application.client_id]
            self._put_grants(
                _tombstone(application.client_id, secret.secret_id, event)
                for secret in application.secrets
            )
            self._memory.events[event.event_id] = event

    def _put_grants(self, grants: Iterable[Grant]) -> None:
        for grant in grants:
            self._memory.grants[grant.client_id, grant.grant_id] = grant

    def _refuse_changed(self, before: Registration) -> None:
        current = self._memory.application(before.application.client_id)
        if current is None or current.version != before.application.version:
            raise ApplicationChanged

    def _refuse_taken(self, registration: Registration) -> None:
        wanted = registration.application
        others = [
            other.application
            for other in self._memory.registrations.values()
            if other.application.client_id != wanted.client_id
        ]
        if any(fold(other.name) == fold(wanted.name) for other in others):
            raise NameTaken
        held = {other.certificate.thumbprint for other in others if other.certificate}
        if wanted.certificate is not None and wanted.certificate.thumbprint in held:
            raise CertificateTaken


def _is_selected(application: Application, selection: Selection) -> bool:
    return (
        selection.grant_type in (None, application.grant_type)
        and selection.user_id in (None, application.user_id)
        and selection.status in (None, application.status)
        and (selection.scope is None or selection.scope in application.allowed_scopes)
    )


def _tombstone(client_id: str, grant_id: str, event: AuditEvent) -> Grant:
    return Grant(
        client_id=client_id,
        grant_id=grant_id,
        kind=GrantKind.BEARER_SECRET,
        created_at=event.at,
        creation_nonce=event.event_id,
        revoked_at=event.at,
    )
