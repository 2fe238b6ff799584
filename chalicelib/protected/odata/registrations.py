"""The rows of Applications and AuditEvents."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.audit import AuditEvent, AuditTrail
from chalicelib.oauth.stores import Reading, RecordReader
from chalicelib.paging import Page
from chalicelib.protected.odata import entity_sets
from chalicelib.protected.odata.conditions import Conditions
from chalicelib.protected.odata.entity_sets import RegisteredApplication
from chalicelib.protected.odata.sources import (
    MAXIMUM_KEYS,
    Lookup,
    Walk,
    by_keys,
    index_prefix,
    own,
)
from chalicelib.protected.odata.viewer import Viewer
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import ApplicationStore


@dataclass(frozen=True, slots=True)
class ApplicationRows:
    """Every registration for an administrator, its own for any other application."""

    applications: ApplicationStore
    reader: RecordReader
    shape = entity_sets.APPLICATIONS
    index_order = (("name", False),)

    def load(self, viewer: Viewer, key: str) -> RegisteredApplication | None:
        return self._load(key) if viewer.sees_all or key == viewer.client_id else None

    def plan(self, viewer: Viewer, conditions: Conditions) -> Lookup | Walk:
        if not viewer.sees_all:
            return own(self._load(viewer.client_id))
        ids = conditions.one_of.get("clientId")
        if ids is not None and len(ids) <= MAXIMUM_KEYS:
            return by_keys(ids, self._load)
        name = conditions.equal("name")
        beginning = conditions.prefix.get("name", "")
        part = index_prefix(beginning) if name is None else name
        used = ("name",) if part == beginning else ()
        return Walk(
            lambda cursor, limit: self._list(part, cursor, limit),
            tight=conditions.are_met_by(equal=("name",), prefix=used),
            size=None if part else self.applications.count,
        )

    def _load(self, client_id: str) -> RegisteredApplication | None:
        registration = self.applications.load(client_id)
        return None if registration is None else self._with_users([registration])[0]

    def _list(self, part: str, cursor: str | None, limit: int) -> Page[RegisteredApplication]:
        page = self.applications.list_registrations(part, cursor, limit)
        return Page(self._with_users(page.items), page.next)

    def _with_users(self, registrations: Sequence[Registration]) -> list[RegisteredApplication]:
        """With the users that they act as, read in one batch."""
        ids = {registration.application.user_id for registration in registrations}
        named = frozenset(user_id for user_id in ids if user_id is not None)
        users = self.reader.read(Reading(users=named)).users if named else {}
        return [
            RegisteredApplication.of(one, users.get(one.application.user_id or ""))
            for one in registrations
        ]


@dataclass(frozen=True, slots=True)
class EventRows:
    """Every event for administrators, none for anybody else."""

    trail: AuditTrail
    shape = entity_sets.AUDIT_EVENTS
    index_order = (("at", True), ("id", True))

    def load(self, viewer: Viewer, key: str) -> AuditEvent | None:
        return self.trail.load(key) if viewer.sees_all else None

    def plan(self, viewer: Viewer, conditions: Conditions) -> Lookup | Walk:
        if not viewer.sees_all:
            return own(None)
        ids = conditions.one_of.get("id")
        if ids is not None and len(ids) <= MAXIMUM_KEYS:
            return by_keys(ids, self.trail.load)
        target = conditions.equal("target")
        since, until = conditions.since.get("at"), conditions.until.get("at")

        def read(cursor: str | None, limit: int) -> Page[AuditEvent]:
            return self.trail.list_events(target, cursor, limit, since=since, until=until)

        return Walk(read, tight=conditions.are_met_by(equal=("target",), time="at"))
