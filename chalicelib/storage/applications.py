"""Registered applications: two items each, markers of their names and certificates."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chalicelib.audit import AuditEvent
from chalicelib.directory.model import fold
from chalicelib.oauth.model import Application, Grant, GrantKind
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.paging import Page
from chalicelib.registry.ends import End
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import (
    EVERYTHING,
    ApplicationChanged,
    CertificateTaken,
    NameTaken,
    Order,
    Selection,
)
from chalicelib.storage import keys, mapping, records, tables
from chalicelib.storage.attributes import Item
from chalicelib.storage.database import Database, Delete, Put, Write
from chalicelib.storage.ends import list_ends, move_ends
from chalicelib.storage.leases import Leases
from chalicelib.storage.name_lists import BY_AGE, BY_NAME, NameList
from chalicelib.storage.pairs import read_pair, read_pairs
from chalicelib.storage.records import (
    ApplicationDetailRecord,
    ApplicationRecord,
    CertificateRecord,
    GrantRecord,
    NameRecord,
)
from chalicelib.storage.transactions import commit

# The names of the writes in a transaction whose refusal means something.
_APPLICATION = "application"
_NAME = "name"
_CERTIFICATE = "certificate"


_ORDERS = {
    Order.NAME: BY_NAME,
    Order.NAME_DESCENDING: replace(BY_NAME, forward=False),
    Order.OLDEST: BY_AGE,
    Order.NEWEST: replace(BY_AGE, forward=False),
}


class Applications:
    """Fulfils `ApplicationStore`."""

    def __init__(self, database: Database, leases: Leases, retention_days: int) -> None:
        self._database = database
        self._leases = leases
        self._retention_days = retention_days
        self._names = NameList(database, NameRecord, records.APPLICATION_LIST)

    def create(
        self, registration: Registration, grants: Sequence[Grant], event: AuditEvent
    ) -> None:
        self._commit({**creation_of(registration), **_put_grants(grants)}, event)

    def load(self, client_id: str) -> Registration | None:
        pair = read_pair(self._database, tables.APPLICATIONS, keys.application_key, client_id)
        return None if pair is None else mapping.read_registration(*pair)

    def find(self, name: str) -> str | None:
        return self._owner_of(keys.name_key(fold(name)))

    def find_by_thumbprint(self, thumbprint: str) -> str | None:
        return self._owner_of(keys.certificate_key(thumbprint))

    def list_registrations(
        self, search: str, cursor: str | None, limit: int, selection: Selection = EVERYTHING
    ) -> Page[Registration]:
        folded, beginning = fold(search), fold(selection.beginning)

        def accept(item: Item) -> bool:
            name = item["folded_name"]["S"]
            found = folded in name and name.startswith(beginning)
            return found and _is_selected(item, selection)

        way = _ORDERS[selection.order]
        prefix = beginning if way.index == BY_NAME.index else ""
        owners, following = self._names.find_owners(prefix, accept, cursor, limit, way)
        pairs = read_pairs(self._database, tables.APPLICATIONS, keys.application_key, owners)
        return Page([mapping.read_registration(*pair) for pair in pairs], following)

    def list_ends(self, since: int, until: int, cursor: str | None, limit: int) -> Page[End]:
        return list_ends(self._database, since, until, cursor, limit)

    def count(self) -> int:
        return self._names.count()

    def replace(
        self,
        before: Registration,
        after: Registration,
        event: AuditEvent,
        *,
        new_grants: Sequence[Grant] = (),
        ended_grants: Sequence[str] = (),
    ) -> None:
        old, new = before.application, after.application
        writes: dict[str, Write] = {
            _APPLICATION: Put(
                ApplicationRecord,
                mapping.write_application(new),
                ApplicationRecord.version == old.version,
            ),
            "detail": Put(ApplicationDetailRecord, mapping.write_application_detail(after)),
            **_move_name(old, new),
            **_move_certificate(old, new),
            **move_ends(old, new),
            **_put_grants(new_grants),
            **_put_tombstones(new.client_id, ended_grants, event),
        }
        self._commit(writes, event)
        self._forget(new.client_id, ended_grants)
        # A write that changes nothing repeats one whose writer may not have waited.
        if _reduces_rights(old, new) or replace(old, version=new.version) == new:
            self._leases.settle()

    def add_grant(self, grant: Grant, event: AuditEvent) -> None:
        self._commit(_put_grants([grant]), event)

    def settle(self) -> None:
        self._leases.settle()

    def delete(self, before: Registration, event: AuditEvent) -> None:
        old = before.application
        # Endless grants of secrets would otherwise stay for ever.
        secret_ids = [secret.secret_id for secret in old.secrets]
        writes: dict[str, Write] = {
            _APPLICATION: Delete(
                ApplicationRecord,
                keys.application_key(old.client_id),
                ApplicationRecord.version == old.version,
            ),
            "detail": Delete(ApplicationDetailRecord, keys.detail_key(old.client_id)),
            _NAME: Delete(NameRecord, keys.name_key(fold(old.name))),
            **_move_certificate(old, replace(old, certificate=None)),
            **move_ends(old, None),
            **_put_tombstones(old.client_id, secret_ids, event),
        }
        self._commit(writes, event)
        self._forget(old.client_id, secret_ids)
        self._leases.settle()

    def _owner_of(self, key: str) -> str | None:
        marker = (tables.APPLICATIONS, key)
        item = self._database.read([marker]).get(marker)
        return None if item is None else str(item["owner"]["S"])

    def _commit(self, writes: dict[str, Write], event: AuditEvent) -> None:
        refused = commit(self._database, writes, event, self._retention_days)
        if not refused:
            return
        if _APPLICATION in refused:
            raise ApplicationChanged
        if _NAME in refused:
            raise NameTaken
        if _CERTIFICATE in refused:
            raise CertificateTaken
        raise StoreUnavailable(f"a transaction was refused: {', '.join(sorted(refused))}")

    def _forget(self, client_id: str, grant_ids: Iterable[str]) -> None:
        self._leases.applications.drop(client_id)
        for grant_id in grant_ids:
            self._leases.grants.drop((client_id, grant_id))


def _is_selected(marker: Item, selection: Selection) -> bool:
    """Whether the application behind a marker is one of those asked for."""
    held = NameRecord.read(marker)
    wanted = {name: getattr(selection, name) for name in ("grant_type", "status", "user_id")}
    if any(value is not None and held.get(name) != value for name, value in wanted.items()):
        return False
    return selection.scope is None or selection.scope in held.get("allowed_scopes", ())


def creation_of(registration: Registration) -> dict[str, Write]:
    """The writes that make an application; three of them have names that mean something."""
    application = registration.application
    item = mapping.write_application(application)
    writes: dict[str, Write] = {
        _APPLICATION: Put(ApplicationRecord, item, ApplicationRecord.key.does_not_exist()),
        "detail": Put(ApplicationDetailRecord, mapping.write_application_detail(registration)),
        _NAME: _mark_name(application),
        **move_ends(None, application),
    }
    if application.certificate is not None:
        thumbprint = application.certificate.thumbprint
        writes[_CERTIFICATE] = _mark_certificate(thumbprint, application.client_id)
    return writes


def _mark_name(application: Application) -> Put:
    item = mapping.write_application_name(application)
    return Put(NameRecord, item, NameRecord.key.does_not_exist())


def _mark_certificate(thumbprint: str, owner: str) -> Put:
    item = CertificateRecord.write(keys.certificate_key(thumbprint), {"owner": owner})
    return Put(CertificateRecord, item, CertificateRecord.key.does_not_exist())


def _move_name(old: Application, new: Application) -> dict[str, Write]:
    """The marker follows the name; the condition on the application covers the old one."""
    if fold(old.name) == fold(new.name):
        if all(getattr(old, name) == getattr(new, name) for name in mapping.NARROWING_FIELDS):
            return {}
        return {"same name": Put(NameRecord, mapping.write_application_name(new))}
    old_key = keys.name_key(fold(old.name))
    return {_NAME: _mark_name(new), "old name": Delete(NameRecord, old_key)}


def _move_certificate(old: Application, new: Application) -> dict[str, Write]:
    held = None if old.certificate is None else old.certificate.thumbprint
    wanted = None if new.certificate is None else new.certificate.thumbprint
    writes: dict[str, Write] = {}
    if held == wanted:
        return writes
    if wanted is not None:
        writes[_CERTIFICATE] = _mark_certificate(wanted, new.client_id)
    if held is not None:
        key = keys.certificate_key(held)
        writes["old certificate"] = Delete(CertificateRecord, key)
    return writes


def _put_grants(grants: Iterable[Grant]) -> dict[str, Write]:
    return {
        f"grant {grant.grant_id}": Put(
            GrantRecord, mapping.write_grant(grant), GrantRecord.key.does_not_exist()
        )
        for grant in grants
    }


def _put_tombstones(
    client_id: str, grant_ids: Iterable[str], event: AuditEvent
) -> dict[str, Write]:
    """Revoked grants in place of those of cut secrets, also where TTL has removed the row."""
    tombstones = (
        Grant(
            client_id=client_id,
            grant_id=grant_id,
            kind=GrantKind.BEARER_SECRET,
            created_at=event.at,
            creation_nonce=event.event_id,
            revoked_at=event.at,
        )
        for grant_id in grant_ids
    )
    return {
        f"tombstone {grant.grant_id}": Put(GrantRecord, mapping.write_grant(grant))
        for grant in tombstones
    }


def _reduces_rights(old: Application, new: Application) -> bool:
    """Whether a process that still acts on `old` could allow what `new` refuses.

    Everything counts but what only adds: a name, more secrets, more scopes, being enabled.
    """
    adds_secrets = set(old.secrets) <= set(new.secrets)
    widened = replace(
        old,
        version=new.version,
        name=new.name,
        secrets=new.secrets if adds_secrets else old.secrets,
        allowed_scopes=old.allowed_scopes | new.allowed_scopes,
        status=new.status if new.enabled else old.status,
    )
    return widened != new
