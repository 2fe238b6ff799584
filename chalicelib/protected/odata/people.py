"""The rows of Users and Domains."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from chalicelib.directory.model import Account, Domain, fold
from chalicelib.directory.stores import UserStore
from chalicelib.paging import Page
from chalicelib.protected.odata import entity_sets
from chalicelib.protected.odata.conditions import Conditions
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

_UP, _DOWN = ("userName", False), ("userName", True)
# More users with one address than can be read are found out by the row limit.
_MAXIMUM_OF_AN_ADDRESS = 1_001


@dataclass(frozen=True, slots=True)
class UserRows:
    """Everybody for an administrator, oneself for anybody else; nobody sees the deleted."""

    users: UserStore
    shape = entity_sets.USERS

    def load(self, viewer: Viewer, key: str) -> Account | None:
        if not viewer.sees_all and key != viewer.user_id:
            return None
        account = self.users.load(key)
        return None if account is None or account.deleted_at is not None else account

    def plan(self, viewer: Viewer, conditions: Conditions, order: Order | None) -> Lookup | Walk:
        if not viewer.sees_all:
            return own(None if viewer.user_id is None else self.load(viewer, viewer.user_id))
        return self._lookup(conditions) or self._walk(conditions, order)

    def _lookup(self, conditions: Conditions) -> Lookup | None:
        """By what names a few users: id, external id, address, or name and domain."""
        ids = conditions.one_of.get("id")
        if ids is not None and len(ids) <= MAXIMUM_KEYS:
            return Lookup(lambda: _living(self.users.load_all(sorted(ids))))
        external_ids = conditions.one_of.get("externalId")
        if external_ids is not None and len(external_ids) <= MAXIMUM_KEYS:
            return by_keys(external_ids, self.users.find_by_external_id)
        address = conditions.equal("email")
        if address is not None:
            find = partial(self.users.find_by_mail, address, _MAXIMUM_OF_AN_ADDRESS)
            return Lookup(lambda: _living(find()))
        names, domain = conditions.one_of.get("userName"), conditions.equal("domain")
        if names is not None and domain is not None and len(names) <= MAXIMUM_KEYS:
            return by_keys(names, partial(self.users.find, domain))
        return None

    def _walk(self, conditions: Conditions, order: Order | None) -> Walk:
        """Along the index of names."""
        name, domain = conditions.equal("userName"), conditions.equal("domain")
        if name is not None:
            return self._walk_namesakes(name, conditions, order)
        beginning = conditions.prefix.get("userName", "")
        prefix = index_prefix(beginning)
        if not prefix and domain is None:
            return self._walk_all(conditions, order)
        used = ("userName",) if prefix == beginning else ()
        return Walk(
            lambda cursor, limit: self.users.list_users(prefix, domain, cursor, limit),
            tight=conditions.are_met_by(equal=("domain",), prefix=used),
            in_order=order in (None, _UP),
            size=None if domain is None else partial(self._count, domain, prefix),
        )

    def _walk_all(self, conditions: Conditions, order: Order | None) -> Walk:
        """The whole list, up or down."""

        def read(cursor: str | None, limit: int) -> Page[Account]:
            return self.users.walk(cursor, 0, limit, forward=order != _DOWN)

        return Walk(
            read,
            tight=conditions.are_met_by(),
            in_order=order in (None, _UP, _DOWN),
            size=self.users.count,
        )

    def _walk_namesakes(self, name: str, conditions: Conditions, order: Order | None) -> Walk:
        """Users of one name, one a domain: they come before all longer names."""
        folded = fold(name)
        return Walk(
            lambda cursor, limit: self.users.list_users(name, None, cursor, limit),
            tight=conditions.are_met_by(equal=("userName",)),
            in_order=order in (None, _UP),
            stop=lambda row: fold(row.user.user_name) != folded,
            expected_rows=2,
        )

    def _count(self, domain: str, prefix: str) -> int | None:
        """How many users a domain has; of names that begin alike only that there are none."""
        found = find_domain(self.users, domain)
        if found is None or found.users == 0:
            return 0
        return None if prefix else found.users


def _living(accounts: Iterable[Account]) -> list[Account]:
    return [account for account in accounts if account.deleted_at is None]


@dataclass(frozen=True, slots=True)
class DomainRows:
    """Every domain for an administrator; for anybody else one's own, and oneself alone in it."""

    users: UserStore
    shape = entity_sets.DOMAINS

    def load(self, viewer: Viewer, key: str) -> Domain | None:
        if viewer.sees_all:
            return self._named(key)
        own_domain = self._own(viewer)
        return own_domain if own_domain and fold(own_domain.name) == fold(key) else None

    def plan(self, viewer: Viewer, conditions: Conditions, order: Order | None) -> Lookup | Walk:
        if not viewer.sees_all:
            return own(self._own(viewer))
        names = conditions.one_of.get("name")
        if names is not None and len(names) <= MAXIMUM_KEYS:
            return by_keys(names, self._named)
        beginning = conditions.prefix.get("name", "")
        prefix = index_prefix(beginning)
        return Walk(
            lambda cursor, limit: self.users.list_domains(prefix, cursor, limit),
            tight=conditions.are_met_by(prefix=("name",) if prefix == beginning else ()),
            in_order=order in (None, ("name", False)),
        )

    def _own(self, viewer: Viewer) -> Domain | None:
        """How many there are beside oneself is nothing that one may see."""
        found = None if viewer.user is None else self._named(viewer.user.user_domain)
        return None if found is None else replace(found, users=1)

    def _named(self, name: str) -> Domain | None:
        return find_domain(self.users, name)


def find_domain(users: UserStore, name: str) -> Domain | None:
    """The domain of a name, compared folded: it comes first of those that begin with it."""
    found = users.list_domains(name, None, 1).items
    return next((domain for domain in found if fold(domain.name) == fold(name)), None)
