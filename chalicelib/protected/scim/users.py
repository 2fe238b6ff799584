"""The resources of `/Users` over the directory."""

from collections.abc import Iterable, Sequence
from typing import Any

from scim2_models import (
    InvalidCursorException,
    NotFoundException,
    Resource,
    ResourceType,
    SearchRequest,
    TooManyException,
)
from scim2_server.storage import SearchPage

from chalicelib.audit import Actor
from chalicelib.directory.model import Account
from chalicelib.directory.provisioning import MAXIMUM_EXTERNAL_ID_LENGTH, Provisioning
from chalicelib.directory.stores import GroupStore, UserStore
from chalicelib.protected.scim import user_names
from chalicelib.protected.scim.errors import refusals
from chalicelib.protected.scim.lookups import Lookup, find_lookup
from chalicelib.protected.scim.representation import (
    USER_ID,
    hides_active,
    number_of,
    person_of,
    user_json,
)
from chalicelib.protected.scim.searching import (
    MAXIMUM_MAIL_OWNERS,
    MAXIMUM_ROWS,
    MAXIMUM_SKIP,
    Bookmarks,
    page_of,
    refuse_too_many,
)

_INDEXED = frozenset({"id", "username", "externalid", "emails.value"})


class UserResources:
    """Reads, searches and writes users, for one request.

    A search finds users by what they are: it looks at an `active` that a client took away too,
    which is not shown.
    """

    def __init__(
        self,
        *,
        provisioning: Provisioning,
        users: UserStore,
        groups: GroupStore,
        bookmarks: Bookmarks,
        model: type[Resource[Any]],
        default_domain: str,
    ) -> None:
        self._provisioning = provisioning
        self._users = users
        self._groups = groups
        self._bookmarks = bookmarks
        self._model = model
        self._default_domain = default_domain
        self._hidden: set[str] = set()

    def get(self, resource_id: str) -> Resource[Any]:
        """By id, or by `userName`. Raises NotFoundException."""
        return self._render([self._load(resource_id)])[0]

    def create(self, resource: Resource[Any], actor: Actor) -> Resource[Any]:
        """Raises SCIMException."""
        person = person_of(resource, None, self._default_domain)
        with refusals():
            account = self._provisioning.create(person, actor)
        return self._render([account])[0]

    def update(
        self, resource: Resource[Any], actor: Actor, expected_version: str | None
    ) -> Resource[Any]:
        """Raises SCIMException."""
        before = self._load(resource.id or "")
        person = person_of(resource, before, self._default_domain)
        version = number_of(expected_version)
        with refusals():
            account = self._provisioning.replace(before.user.user_id, person, actor, version)
        return self._render([account])[0]

    def delete(self, resource_id: str, actor: Actor, expected_version: str | None) -> None:
        """Raises SCIMException."""
        user_id = self._load(resource_id).user.user_id
        with refusals():
            self._provisioning.delete(user_id, actor, number_of(expected_version))

    def search(
        self, resource_type: ResourceType, request: SearchRequest[Any], position: Any
    ) -> SearchPage:
        """One lookup where the filter allows it, a walk in order of names, or up to the cap."""
        tree = None if request.filter is None else request.filter.ast
        lookup = None if tree is None else find_lookup(tree, _INDEXED)
        if lookup is not None:
            found = self._render_to_search(self._look_up(lookup))
            if lookup.attribute == "username" and request.filter is not None:
                # A userName has several spellings; the one asked for is as good as the one shown.
                asked = {"user_name": lookup.value}
                match = request.filter.match
                found = [one for one in found if match(one.model_copy(update=asked))]
                request = request.model_copy(update={"filter": None})
            return self.as_shown(page_of([resource_type], found, request, position))
        sort_by = None if request.sort_by is None else str(request.sort_by).lower()
        if tree is None and sort_by in (None, "username"):
            return self._walk(request, position)
        return self.as_shown(page_of([resource_type], self.all(), request, position))

    def was_deleted(self, user_id: str) -> bool:
        """Whether the record of a deleted user has this id."""
        account = self._users.load(user_id) if USER_ID.fullmatch(user_id) else None
        return account is not None and account.deleted_at is not None

    def settle(self) -> None:
        """Wait until no lease from before now can still be in use."""
        self._users.settle()

    def all(self) -> list[Resource[Any]]:
        """Every user to search, where they are no more than the cap. Raises TooManyException."""
        if self._users.count() > MAXIMUM_ROWS:
            raise refuse_too_many("users")
        return self._render_to_search(self._all())

    def as_shown(self, page: SearchPage) -> SearchPage:
        """The page, without what is looked at alone."""
        for one in page.resources:
            if one.id in self._hidden:
                one.active = None  # type: ignore[attr-defined] # of users, whom alone it names
        return page

    def _load(self, resource_id: str) -> Account:
        if USER_ID.fullmatch(resource_id):
            account = self._users.load(resource_id)
        else:
            account = self._find(resource_id)
        if account is None or account.deleted_at is not None:
            raise NotFoundException(detail="There is no such user")
        return account

    def _find(self, user_name: str) -> Account | None:
        name, domain = user_names.parse(user_name, self._default_domain)
        return self._users.find(domain, name) if domain else None

    def _look_up(self, lookup: Lookup) -> Sequence[Account]:
        value = lookup.value
        if lookup.attribute == "emails.value":
            owners = self._users.find_by_mail(value, MAXIMUM_MAIL_OWNERS + 1)
            if len(owners) > MAXIMUM_MAIL_OWNERS:
                raise TooManyException(
                    detail=f"More than {MAXIMUM_MAIL_OWNERS} users have this address"
                )
            return _present(owners)
        account = None
        if lookup.attribute == "username":
            account = self._find(value)
        elif lookup.attribute == "externalid":
            if 0 < len(value) <= MAXIMUM_EXTERNAL_ID_LENGTH:
                account = self._users.find_by_external_id(value)
        elif USER_ID.fullmatch(value):
            account = self._users.load(value)
        return _present([account])

    def _walk(self, request: SearchRequest[Any], position: Any) -> SearchPage:
        """A page in the order of names, read from the index alone; totals come from counters."""
        forward = request.sort_order != SearchRequest.SortOrder.descending
        total, limit = self._users.count(), request.count or 0
        if request.cursor is not None:
            if position is not None and not isinstance(position, str):
                raise InvalidCursorException
            if limit == 0:
                return SearchPage(total, [])
            with refusals():
                page = self._users.walk(position, 0, limit, forward=forward)
            return SearchPage(total, self._render(page.items), next=page.next)
        start = request.start_index or 1
        if limit == 0 or start > total:
            return SearchPage(total, [])
        cursor = self._bookmarks.find(start, forward=forward)
        skip = 0 if cursor is not None else start - 1
        if skip > MAXIMUM_SKIP:
            raise TooManyException(
                detail=f"startIndex may be at most {MAXIMUM_SKIP + 1}: page with cursor instead"
            )
        page = self._users.walk(cursor, skip, limit, forward=forward)
        if page.next is not None:
            self._bookmarks.keep(start + limit, page.next, forward=forward)
        return SearchPage(total, self._render(page.items))

    def _all(self) -> Sequence[Account]:
        """Every user. Raises TooManyException where they became more than the cap meanwhile."""
        found: list[Account] = []
        cursor: str | None = None
        while True:
            page = self._users.walk(cursor, 0, 100)
            found += page.items
            cursor = page.next
            if cursor is None:
                return found
            if len(found) > MAXIMUM_ROWS:
                raise refuse_too_many("users")

    def _render_to_search(self, accounts: Sequence[Account]) -> list[Resource[Any]]:
        found = self._render(accounts)
        for account, one in zip(accounts, found, strict=True):
            if hides_active(account):
                self._hidden.add(account.user.user_id)
                one.active = account.user.enabled  # type: ignore[attr-defined] # of a user
        return found

    def _render(self, accounts: Sequence[Account]) -> list[Resource[Any]]:
        roles = frozenset(role for account in accounts for role in account.user.roles)
        groups = self._groups.load_all(sorted(roles)) if roles else {}
        return [
            self._model.model_validate(user_json(account, groups, self._default_domain))
            for account in accounts
        ]


def _present(accounts: Iterable[Account | None]) -> Sequence[Account]:
    return [one for one in accounts if one is not None and one.deleted_at is None]
