"""The library's port, fulfilled by the directory for one request."""

from typing import Any

from scim2_models import (
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
)
from scim2_server.storage import ScimStorage, SearchPage

from chalicelib.audit import Actor
from chalicelib.oauth.scope import ROLES
from chalicelib.protected.scim.groups import GroupResources
from chalicelib.protected.scim.searching import page_of
from chalicelib.protected.scim.users import UserResources

_USER = "User"


class DirectoryStorage(ScimStorage):
    """Users and groups as resources; `actor` is who writes."""

    supports_cursors = True

    def __init__(self, users: UserResources, groups: GroupResources, actor: Actor) -> None:
        self._users = users
        self._groups = groups
        self._actor = actor
        self._has_written = False
        # How a request that changes a group reads its members: see `to_change`.
        self._is_changing = False
        self._named: frozenset[str] | None = None
        self._holds_version = False

    def to_change(self, named: frozenset[str] | None, *, holds_version: bool) -> None:
        """From now on groups are read to change these members; None: any of them.

        `holds_version`: the client named the version that it means.
        """
        self._is_changing = True
        self._named = named
        self._holds_version = holds_version or named is None

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        if resource_type.name == _USER:
            return self._users.get(resource_id)
        if self._is_changing:
            return self._groups.get_to_change(resource_id, self._named)
        return self._groups.get(resource_id, with_members=_shows_members(response_parameters))

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        shown = _shows_members(search_request)
        if len(resource_types) > 1:
            found = [*self._users.all(), *self._groups.all(with_members=shown)]
            return self._users.as_shown(page_of(resource_types, found, search_request, position))
        resource_type = resource_types[0]
        if resource_type.name == _USER:
            return self._users.search(resource_type, search_request, position)
        return self._groups.search(resource_type, search_request, position, with_members=shown)

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        resources = self._users if resource_type.name == _USER else self._groups
        return resources.create(resource, self._actor)

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        self._has_written = True
        if resource_type.name == _USER:
            return self._users.update(resource, self._actor, expected_version)
        holds = self._holds_version
        return self._groups.update(resource, self._actor, expected_version, holds_version=holds)

    def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        resources = self._users if resource_type.name == _USER else self._groups
        resources.delete(resource_id, self._actor, expected_version)

    def settle(self, resource: Resource[Any]) -> None:
        """Wait for leases where nothing had to be written to take a user's rights away.

        Whoever did write it may still be waiting, or may have died before it did.
        """
        takes_away = getattr(resource, "active", True) is False or resource.id in ROLES
        if takes_away and not self._has_written:
            self._users.settle()

    def settle_deleted(self, resource_type: ResourceType, resource_id: str) -> None:
        """Wait for leases of a user who was deleted; who never was has none."""
        if resource_type.name == _USER and self._users.was_deleted(resource_id):
            self._users.settle()


def _shows_members(parameters: ResponseParameters[Any] | None) -> bool:
    """Whether an answer shows the members of a group, which are read for it alone."""
    if parameters is None:
        return True
    if parameters.attributes:
        return any(_names_members(str(path)) for path in parameters.attributes)
    excluded = [str(path).lower() for path in parameters.excluded_attributes or ()]
    return not any(path.rpartition(":")[2] == "members" for path in excluded)


def _names_members(path: str) -> bool:
    return path.rpartition(":")[2].partition(".")[0].lower() == "members"
