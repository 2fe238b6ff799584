"""The rows of Users and Domains."""

from dataclasses import dataclass
from functools import partial

from chalicelib.directory.model import Account, Domain, fold
from chalicelib.directory.stores import UserStore
from chalicelib.protected.odata import entity_sets
from chalicelib.protected.odata.conditions import Conditions
from chalicelib.protected.odata.sources import (
    MAXIMUM_KEYS,
    Lookup,
    Walk,
    by_keys,
    index_prefix,
    own,
)
from chalicelib.protected.odata.viewer import Viewer

# Domains are read whole to add up their users; more would cost more than the sum is worth.
_COUNTED_DOMAINS = 1_000


@dataclass(frozen=True, slots=True)
class UserRows:
    """Everybody for an administrator, oneself for anybody else."""

    users: UserStore
    shape = entity_sets.USERS
    index_order = (("userName", False),)

    def load(self, viewer: Viewer, key: str) -> Account | None:
        if not viewer.sees_all and key != viewer.user_id:
            return None
        return self.users.load(key)

    def plan(self, viewer: Viewer, conditions: Conditions) -> Lookup | Walk:
        if not viewer.sees_all:
            return own(None if viewer.user_id is None else self.users.load(viewer.user_id))
        ids = conditions.one_of.get("id")
        if ids is not None and len(ids) <= MAXIMUM_KEYS:
            return by_keys(ids, self.users.load)
        names, domain = conditions.one_of.get("userName"), conditions.equal("domain")
        if names is not None and domain is not None and len(names) <= MAXIMUM_KEYS:
            return by_keys(names, partial(self.users.find, domain))
        name = conditions.equal("userName")
        if name is not None:
            return self._walk_namesakes(name, conditions)
        beginning = conditions.prefix.get("userName", "")
        prefix = index_prefix(beginning)
        used = ("userName",) if prefix == beginning else ()
        return Walk(
            lambda cursor, limit: self.users.list_users(prefix, domain, cursor, limit),
            tight=conditions.are_met_by(equal=("domain",), prefix=used),
            size=None if prefix else partial(self._count, domain),
        )

    def _walk_namesakes(self, name: str, conditions: Conditions) -> Walk:
        """Users of one name, one a domain: they come before all longer names."""
        folded = fold(name)
        return Walk(
            lambda cursor, limit: self.users.list_users(name, None, cursor, limit),
            tight=conditions.are_met_by(equal=("userName",)),
            stop=lambda row: fold(row.user.user_name) != folded,
            expected_rows=2,
        )

    def _count(self, domain: str | None) -> int | None:
        """Every user is counted in a domain; eventually consistent."""
        if domain is not None:
            found = find_domain(self.users, domain)
            return 0 if found is None else found.users
        page = self.users.list_domains("", None, _COUNTED_DOMAINS)
        return None if page.next is not None else sum(one.users for one in page.items)


@dataclass(frozen=True, slots=True)
class DomainRows:
    """Every domain for an administrator, one's own for anybody else."""

    users: UserStore
    shape = entity_sets.DOMAINS
    index_order = (("name", False),)

    def load(self, viewer: Viewer, key: str) -> Domain | None:
        found = self._named(key)
        mine = viewer.user is not None and fold(viewer.user.user_domain) == fold(key)
        return found if viewer.sees_all or mine else None

    def plan(self, viewer: Viewer, conditions: Conditions) -> Lookup | Walk:
        if not viewer.sees_all:
            return own(None if viewer.user is None else self._named(viewer.user.user_domain))
        names = conditions.one_of.get("name")
        if names is not None and len(names) <= MAXIMUM_KEYS:
            return by_keys(names, self._named)
        beginning = conditions.prefix.get("name", "")
        prefix = index_prefix(beginning)
        return Walk(
            lambda cursor, limit: self.users.list_domains(prefix, cursor, limit),
            tight=conditions.are_met_by(prefix=("name",) if prefix == beginning else ()),
        )

    def _named(self, name: str) -> Domain | None:
        return find_domain(self.users, name)


def find_domain(users: UserStore, name: str) -> Domain | None:
    """The domain of a name, compared folded: it comes first of those that begin with it."""
    found = users.list_domains(name, None, 1).items
    return next((domain for domain in found if fold(domain.name) == fold(name)), None)
