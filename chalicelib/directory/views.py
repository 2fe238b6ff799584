"""Users as JSON: what an administrator reads; never a password or its hash."""

from chalicelib.administration.views import Time, View, rfc3339
from chalicelib.directory.model import Account
from chalicelib.directory.users import form_values
from chalicelib.oauth.model import Status


class UserView(View):
    """A user."""

    id: str
    user_name: str
    user_domain: str
    email: str | None
    given_name: str | None
    family_name: str | None
    roles: list[str]
    status: Status
    version: int
    created_at: Time
    updated_at: Time


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
            "id": account.user.user_id,
            "status": account.user.status,
            "version": account.user.version,
            "created_at": rfc3339(account.created_at),
            "updated_at": rfc3339(account.updated_at),
        }
    )
