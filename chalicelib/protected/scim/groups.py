"""The resources of `/Groups` over the directory."""

import re
from collections.abc import Sequence
from typing import Any

from scim2_models import (
    ForbiddenException,
    NotFoundException,
    Resource,
    ResourceType,
    SearchRequest,
    TooManyException,
)
from scim2_server.storage import SearchPage

from chalicelib.audit import Actor
from chalicelib.directory.groups import GROUP_PREFIX, Groups
from chalicelib.directory.model import MAXIMUM_MEMBERS, Group, fold
from chalicelib.directory.provisioning import MAXIMUM_EXTERNAL_ID_LENGTH, OWN_ACCOUNT
from chalicelib.directory.stores import GroupStore, UserStore
from chalicelib.oauth.scope import ROLES
from chalicelib.protected.scim.errors import refusals
from chalicelib.protected.scim.lookups import Lookup, find_lookup, mentions
from chalicelib.protected.scim.representation import USER_ID, group_json, number_of
from chalicelib.protected.scim.searching import (
    MAXIMUM_LISTS,
    MAXIMUM_ROWS,
    page_of,
    refuse_too_many,
)

_INDEXED = frozenset({"id", "displayname", "externalid", "members", "members.value"})
_GROUP_ID = re.compile(GROUP_PREFIX + "[0-9a-z]{26}")


class GroupResources:
    """Reads, searches and writes groups, for one request: it remembers the members it has read.

    A change of members is what the new list says beside the list that was read, so that a
    member whom another request lets in meanwhile stays. That list follows the table, so the
    users whom a change names are looked at themselves; where it names a whole list, that is read
    exactly, and written to the version it was read at.
    """

    def __init__(
        self,
        directory: Groups,
        groups: GroupStore,
        users: UserStore,
        model: type[Resource[Any]],
        *,
        by_administrator: bool,
    ) -> None:
        self._directory = directory
        self._groups = groups
        self._users = users
        self._model = model
        self._by_administrator = by_administrator
        self._members_read: dict[str, Sequence[str]] = {}

    def get(self, group_id: str, *, with_members: bool) -> Resource[Any]:
        """Raises NotFoundException."""
        group = self._load(group_id)
        return self._render(group, self._members(group) if with_members else None)

    def get_to_change(self, group_id: str, named: frozenset[str] | None) -> Resource[Any]:
        """For a change of the `named` members alone, or, None, of a whole list.

        Raises NotFoundException, ConflictException.
        """
        group = self._load(group_id)
        if named is None:
            with refusals():
                group, members = self._directory.read_exactly(group_id)
        else:
            listed = [] if group.members > MAXIMUM_MEMBERS else self._members(group)
            held = self._directory.holders(group_id, sorted(named))
            members = sorted(held.union(listed).difference(named - held))
        self._members_read[group_id] = members
        return self._render(group, members)

    def create(self, resource: Resource[Any], actor: Actor) -> Resource[Any]:
        """Raises SCIMException."""
        with refusals():
            change = self._directory.plan(None, _member_ids(resource), ())
            group = self._directory.create(_values(resource), actor)
            self._directory.apply(group.group_id, change, actor)
        return self._render(self._load(group.group_id), sorted(change.known))

    def update(
        self,
        resource: Resource[Any],
        actor: Actor,
        expected_version: str | None,
        *,
        holds_version: bool,
    ) -> Resource[Any]:
        """`holds_version`: nobody may come or go in between. Raises SCIMException."""
        group = self._load(resource.id or "")
        old = self._members_read.get(group.group_id)
        if old is None:
            old = self._members(group)
        new, values = _member_ids(resource), _values(resource)
        were, will_be = frozenset(old), frozenset(new)
        is_built_in = group.group_id in ROLES
        if is_built_in and values != {"display_name": group.display_name, "external_id": None}:
            raise ForbiddenException(detail="A built-in group keeps its name")
        if is_built_in and were != will_be and not self._by_administrator:
            raise ForbiddenException(
                detail="Only an application that acts as an administrator may change "
                "who is an administrator"
            )
        join = [one for one in new if one not in were]
        leave = [one for one in old if one not in will_be]
        if is_built_in and actor.user_id in leave:
            raise ForbiddenException(detail=OWN_ACCOUNT)
        version = number_of(expected_version)
        with refusals():
            change = self._directory.plan(group, join, leave)
            if not is_built_in:
                version = self._directory.update(group.group_id, values, actor, version).version
            held = version if holds_version else None
            self._directory.apply(group.group_id, change, actor, held)
        group = self._load(group.group_id)
        kept = were.difference(leave).union(change.known.intersection(join))
        return self._render(group, None if group.members > MAXIMUM_MEMBERS else sorted(kept))

    def delete(self, group_id: str, actor: Actor, expected_version: str | None) -> None:
        """Raises SCIMException."""
        if self._load(group_id).group_id in ROLES:
            raise ForbiddenException(detail="A built-in group cannot be deleted")
        with refusals():
            self._directory.delete(group_id, actor, number_of(expected_version))

    def search(
        self,
        resource_type: ResourceType,
        request: SearchRequest[Any],
        position: Any,
        *,
        with_members: bool,
    ) -> SearchPage:
        """One lookup where the filter allows it, else up to the cap; members of the page alone."""
        tree = None if request.filter is None else request.filter.ast
        lookup = None if tree is None else find_lookup(tree, _INDEXED)
        groups = self._all() if lookup is None else self._look_up(lookup)
        by_members = tree is not None and mentions(tree, "members")
        rendered = self._render_all(groups, with_members=by_members)
        page = page_of([resource_type], rendered, request, position)
        if with_members and not by_members:
            found = {group.group_id: group for group in groups}
            listed = [found[one.id] for one in page.resources if one.id]
            page.resources = self._render_all(listed, with_members=True)
        return page

    def all(self, *, with_members: bool) -> list[Resource[Any]]:
        """Every group, where they are no more than the cap. Raises TooManyException."""
        return self._render_all(self._all(), with_members=with_members)

    def _load(self, group_id: str) -> Group:
        known = group_id in ROLES or _GROUP_ID.fullmatch(group_id)
        group = self._groups.load(group_id) if known else None
        if group is None:
            raise NotFoundException(detail="There is no such group")
        return group

    def _look_up(self, lookup: Lookup) -> Sequence[Group]:
        value, group = lookup.value, None
        if lookup.attribute.startswith("members"):
            user = self._users.load(value) if USER_ID.fullmatch(value) else None
            held = self._groups.load_all(sorted(user.user.roles)) if user else {}
            return list(held.values())
        if lookup.attribute == "id":
            if value in ROLES or _GROUP_ID.fullmatch(value):
                group = self._groups.load(value)
        elif lookup.attribute == "displayname":
            folded = fold(value)
            group = self._groups.load(folded) if folded in ROLES else self._groups.find(value)
        elif 0 < len(value) <= MAXIMUM_EXTERNAL_ID_LENGTH:
            group = self._groups.find_by_external_id(value)
        return [] if group is None else [group]

    def _all(self) -> Sequence[Group]:
        """Every group, the built-in ones first."""
        found = list(self._groups.load_all(ROLES).values())
        cursor: str | None = None
        while True:
            page = self._groups.list_groups(cursor, 100)
            found += page.items
            cursor = page.next
            if len(found) > MAXIMUM_ROWS:
                raise refuse_too_many("groups")
            if cursor is None:
                return found

    def _members(self, group: Group) -> Sequence[str]:
        with refusals():
            members = self._directory.members(group)
        self._members_read[group.group_id] = members
        return members

    def _render_all(self, groups: Sequence[Group], *, with_members: bool) -> list[Resource[Any]]:
        lists = sum(group.members > 0 for group in groups)
        if with_members and lists > MAXIMUM_LISTS:
            raise TooManyException(
                detail=f"More than {MAXIMUM_LISTS} groups have members: exclude members"
            )
        if with_members and sum(group.members for group in groups) > MAXIMUM_MEMBERS:
            raise TooManyException(
                detail=f"The groups have more than {MAXIMUM_MEMBERS} members: exclude members"
            )
        return [
            self._render(group, self._members(group) if with_members else None) for group in groups
        ]

    def _render(self, group: Group, members: Sequence[str] | None) -> Resource[Any]:
        return self._model.model_validate(group_json(group, members))


def _values(resource: Resource[Any]) -> dict[str, object]:
    """Read from the model: to dump it would take a second for a group of thousands."""
    return {
        "display_name": resource.display_name,  # type: ignore[attr-defined] # of a group
        "external_id": resource.external_id,
    }


def _member_ids(resource: Resource[Any]) -> list[str]:
    """The ids of the members, each once; a member without an id is nobody."""
    listed = resource.members or ()  # type: ignore[attr-defined] # of a group
    return list(dict.fromkeys(one.value for one in listed if one.value))
