"""The protocol as the library serves it, with what Grantline announces and does its own way."""

from collections.abc import Callable
from functools import partial
from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ETag,
    External,
    Filter,
    InvalidCursorException,
    NotFoundException,
    Pagination,
    Patch,
    PatchOp,
    PreconditionFailedException,
    Reference,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    TooManyException,
)
from scim2_server.conditions import Conditions
from scim2_server.cursor import Cursors
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService

from chalicelib.protected.scim.member_changes import named_members
from chalicelib.protected.scim.models import EnterpriseUser, GrantlineUser, Group, User
from chalicelib.protected.scim.representation import MAXIMUM_ENTRIES
from chalicelib.protected.scim.storage import DirectoryStorage

PAGE = 100
CURSOR_SECONDS = 3600
TRIES = 3


def provider() -> ScimProvider:
    """What is served, and how much clients may depart from the standard (docs/scim.md)."""
    return ScimProvider(
        models=[User, EnterpriseUser, GrantlineUser, Group],
        resource_types=[
            ResourceType.from_resource(User[EnterpriseUser | GrantlineUser]),
            ResourceType.from_resource(Group),
        ],
        config=_config(),
        policy=ScimPolicy(
            unknown=ScimPolicy.Unknown.ignore,
            remove_value_as_filter=ScimPolicy.RemoveValue.apply,
            unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
        ),
    )


def _config() -> ServiceProviderConfig:
    scheme = AuthenticationScheme(
        type=AuthenticationScheme.Type.oauthbearertoken,
        name="OAuth Bearer Token",
        description="An access token with the scope user_sync, or the secret of a "
        "bearer token application.",
        spec_uri=Reference[External]("https://www.rfc-editor.org/info/rfc6750"),
        primary=True,
    )
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[scheme],
        pagination=Pagination(
            cursor=True,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=PAGE,
            max_page_size=PAGE,
            cursor_timeout=CURSOR_SECONDS,
        ),
    )


class Service(ScimService):
    """Answers a PATCH with the resource, and reads every cursor with suspicion."""

    def __init__(self, provider: ScimProvider, cursor_key: Callable[[], bytes]) -> None:
        """`cursor_key` is asked for when the first cursor is sealed or opened."""
        # The library wants a secret at once, which its own cursors would use.
        super().__init__(provider, secret=b"unused")
        self._cursors = _Cursors(cursor_key)

    def patch_response(
        self,
        base_url: str,
        resource: Resource[Any],
        response_parameters: ResponseParameters[Any],
    ) -> ScimResponse:
        """200 with the resource: clients need not ask again (RFC 7644 §3.5.2)."""
        return self.replacement_response(base_url, resource, response_parameters)

    def apply_patch(
        self, current: Resource[Any], patch_op: "PatchOp[Any]", conditions: Conditions
    ) -> Resource[Any] | None:
        """As the library does, which looks at every entry of a list for every operation."""
        if isinstance(current, User):
            added = sum(_entries(one.value) for one in patch_op.operations or ())
            if added > MAXIMUM_ENTRIES:
                raise TooManyException(detail=f"A PATCH may write {MAXIMUM_ENTRIES} entries")
        return super().apply_patch(current, patch_op, conditions)


class _Cursors(Cursors):
    """Cursors (RFC 9865) under the deployment's key, which is read when it is first needed."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        super().__init__(b"")
        self._key = key

    def seal(self, query: str, count: int | None, position: Any) -> str:
        """Raises StoreUnavailable."""
        self.secret = self._key()
        return super().seal(query, count, position)

    def open(self, cursor: str, query: str, count: int | None, timeout: int | None) -> Any:
        """What is wrong with a cursor is its client's fault. Raises SCIMException."""
        self.secret = self._key()
        try:
            return super().open(cursor, query, count, timeout)
        except (KeyError, TypeError, ValueError, RecursionError):
            raise InvalidCursorException from None


class Handler(ScimHandler):
    """Decides a change anew that lost a race, unless the client named the version it means."""

    storage: DirectoryStorage

    def replace(self, request: ScimRequest) -> ScimResponse:
        """A PUT tells a whole list of members."""
        self.storage.to_change(None, holds_version=True)
        return super().replace(request)

    def replace_resource(
        self,
        resource_type: ResourceType,
        current: Resource[Any],
        replacement: Resource[Any],
        conditions: Conditions,
    ) -> Resource[Any]:
        """A PUT that says nothing of `active` or of the domain leaves them.

        It must not let anybody in again, and most clients know nothing of the extension.
        """
        replace = super().replace_resource
        latest = [current]

        def attempt() -> Resource[Any]:
            # What is left as it is comes from the latest read: a disable in between stays.
            wanted = _with_unsaid(replacement.model_copy(deep=True), latest[0])
            return replace(resource_type, latest[0], wanted, conditions)

        def read_again() -> None:
            latest[0] = self.storage.get(resource_type, current.id or "")

        return self._try(attempt, read_again, conditions)

    def patch_resource(
        self,
        resource_type: ResourceType,
        resource_id: str,
        patch_op: "PatchOp[Any]",
        conditions: Conditions,
    ) -> Resource[Any]:
        """Reads, changes and writes."""
        named = named_members(patch_op)
        self.storage.to_change(named, holds_version=conditions.if_match is not None)
        attempt = partial(super().patch_resource, resource_type, resource_id, patch_op, conditions)
        return self._try(attempt, lambda: None, conditions)

    def delete_resource(
        self, resource_type: ResourceType, resource_id: str, conditions: Conditions
    ) -> None:
        """Reads and deletes, and waits for leases, also where it is gone already."""
        # Who is in a group is read when everybody is let out.
        self.storage.to_change(frozenset(), holds_version=False)
        delete = partial(super().delete_resource, resource_type, resource_id, conditions)
        try:
            for _ in range(TRIES - 1):
                try:
                    return delete()
                except PreconditionFailedException:
                    if conditions.if_match or conditions.if_none_match:
                        raise
            return delete()
        except NotFoundException:
            # Whoever deleted it may still be waiting for leases, or may have died before it did.
            self.storage.settle_deleted(resource_type, resource_id)
            raise

    def _try(
        self,
        attempt: Callable[[], Resource[Any]],
        read_again: Callable[[], None],
        conditions: Conditions,
    ) -> Resource[Any]:
        """Three tries; afterwards nobody holds a lease from before the change."""
        for _ in range(TRIES - 1):
            try:
                resource = attempt()
            except PreconditionFailedException:
                if conditions.if_match or conditions.if_none_match:
                    raise
                read_again()
            else:
                self.storage.settle(resource)
                return resource
        resource = attempt()
        self.storage.settle(resource)
        return resource


def _with_unsaid(wanted: Resource[Any], current: Resource[Any]) -> Resource[Any]:
    """A user as it is to be, with `active` and the domain as they are where nothing is said."""
    if isinstance(wanted, User) and isinstance(current, User):
        if wanted.active is None:
            wanted.active = current.active
        if wanted[GrantlineUser] is None:
            wanted[GrantlineUser] = current[GrantlineUser]
    return wanted


def _entries(value: object) -> int:
    """How many entries of lists a value writes."""
    if isinstance(value, list):
        return len(value)
    if isinstance(value, dict):
        return sum(_entries(one) for one in value.values())
    return 0
