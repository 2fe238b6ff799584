"""Users as JSON: what an administrator reads; never a password or its hash."""

from typing import Annotated

from pydantic import Field

from chalicelib.administration.views import Time, View, rfc3339, rfc3339_or_none
from chalicelib.directory.changes import form_values
from chalicelib.directory.model import Account
from chalicelib.oauth.model import Status
from chalicelib.oauth.scope import ROLES


class UserView(View):
    """A user."""

    id: str
    user_name: str
    user_domain: str
    email: str | None
    given_name: str | None
    family_name: str | None
    roles: list[str]
    groups: Annotated[list[str], Field(description="Ids of the groups that SCIM keeps.")]
    external_id: str | None
    status: Status
    version: int
    created_at: Time
    updated_at: Time
    deleted_at: Time | None


class UserListView(View):
    """A page of users, by name; `count` is how many it holds."""

    items: list[UserView]
    next: str | None
    count: int


def user_view(account: Account) -> UserView:
    """The JSON of an account."""
    return UserView.model_validate(
        {
            **form_values(account),
            "groups": sorted(account.user.roles.difference(ROLES)),
            "external_id": account.external_id,
            "deleted_at": rfc3339_or_none(account.deleted_at),
            "id": account.user.user_id,
            "status": account.user.status,
            "version": account.user.version,
            "created_at": rfc3339(account.created_at),
            "updated_at": rfc3339(account.updated_at),
        }
    )
