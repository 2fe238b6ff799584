"""The rows of Applications and AuditEvents."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from chalicelib.audit import AuditEvent, AuditTrail
from chalicelib.oauth.model import GrantType, Status
from chalicelib.oauth.stores import Reading, RecordReader
from chalicelib.paging import Page
from chalicelib.protected.odata import entity_sets
from chalicelib.protected.odata.conditions import Conditions
from chalicelib.protected.odata.entity_sets import RegisteredApplication
from chalicelib.protected.odata.sources import (
    MAXIMUM_KEYS,
    Lookup,
    Order,
    Walk,
    by_keys,
    index_prefix,
    own,
)
from chalicelib.protected.odata.viewer import Viewer
from chalicelib.registry import stores as registry
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import ApplicationStore, Selection


@dataclass(frozen=True, slots=True)
class ApplicationRows:
    """Every registration for an administrator, its own for any other application."""

    applications: ApplicationStore
    reader: RecordReader
    shape = entity_sets.APPLICATIONS

    def load(self, viewer: Viewer, key: str) -> RegisteredApplication | None:
        return self._load(key) if viewer.sees_all or key == viewer.client_id else None

    def plan(self, viewer: Viewer, conditions: Conditions, order: Order | None) -> Lookup | Walk:
        if not viewer.sees_all:
            return own(self._load(viewer.client_id))
        ids = conditions.one_of.get("clientId")
        if ids is not None and len(ids) <= MAXIMUM_KEYS:
            return by_keys(ids, self._load)
        names = conditions.one_of.get("name")
        if names is not None and len(names) <= MAXIMUM_KEYS:
            return by_keys(names, self._find)
        beginning = conditions.prefix.get("name", "")
        part = index_prefix(beginning)
        selection = _selection(conditions, order, part)
        return Walk(
            partial(self._list, selection),
            tight=conditions.are_met_by(
                equal=("status", "grantType"), prefix=("name",) if part == beginning else ()
            ),
            in_order=order is None or order in _ORDERS,
            size=self.applications.count if _chooses_none(selection) else None,
        )

    def _find(self, name: str) -> RegisteredApplication | None:
        client_id = self.applications.find(name)
        return None if client_id is None else self._load(client_id)

    def _load(self, client_id: str) -> RegisteredApplication | None:
        registration = self.applications.load(client_id)
        return None if registration is None else self._with_users([registration])[0]

    def _list(
        self, selection: Selection, cursor: str | None, limit: int
    ) -> Page[RegisteredApplication]:
        page = self.applications.list_registrations("", cursor, limit, selection)
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


_ORDERS = {
    ("name", False): registry.Order.NAME,
    ("name", True): registry.Order.NAME_DESCENDING,
    ("clientId", False): registry.Order.OLDEST,
    ("clientId", True): registry.Order.NEWEST,
}


def _selection(conditions: Conditions, order: Order | None, beginning: str) -> Selection:
    """What the list of applications chooses and orders by itself.

    A text that is no status or grant type at all is left to the filter, which refuses every row.
    """
    status, grant_type = conditions.equal("status"), conditions.equal("grantType")
    return Selection(
        grant_type=GrantType(grant_type) if grant_type in set(GrantType) else None,
        status=Status(status) if status in set(Status) else None,
        beginning=beginning,
        order=registry.Order.NAME if order is None else _ORDERS.get(order, registry.Order.NAME),
    )


def _chooses_none(selection: Selection) -> bool:
    chosen = (selection.grant_type, selection.status)
    return not selection.beginning and chosen == (None, None)


@dataclass(frozen=True, slots=True)
class EventRows:
    """Every event for administrators, none for anybody else."""

    trail: AuditTrail
    shape = entity_sets.AUDIT_EVENTS

    def load(self, viewer: Viewer, key: str) -> AuditEvent | None:
        return self.trail.load(key) if viewer.sees_all else None

    def plan(self, viewer: Viewer, conditions: Conditions, order: Order | None) -> Lookup | Walk:
        if not viewer.sees_all:
            return own(None)
        ids = conditions.one_of.get("id")
        if ids is not None and len(ids) <= MAXIMUM_KEYS:
            return by_keys(ids, self.trail.load)
        target = conditions.equal("target")
        since, until = conditions.since.get("at"), conditions.until.get("at")

        def read(cursor: str | None, limit: int) -> Page[AuditEvent]:
            return self.trail.list_events(target, cursor, limit, since=since, until=until)

        return Walk(
            read,
            tight=conditions.are_met_by(equal=("target",), time="at"),
            in_order=order in (None, ("at", True), ("id", True)),
        )
