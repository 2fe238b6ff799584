"""`/admin/users`: create, list, read, change, disable, enable, set a password."""

from chalicelib.administration.bodies import read_json_object
from chalicelib.directory.form import MAXIMUM_NAME_LENGTH
from chalicelib.directory.model import Account
from chalicelib.directory.users import Users
from chalicelib.directory.views import UserListView, user_view
from chalicelib.endpoints.admin_requests import (
    Gate,
    answer,
    cursor_of,
    flag_of,
    if_version_of,
    limit_of,
    refuse_cursor,
    search_of,
    text_parameter,
    user_id_of,
)
from chalicelib.oauth.messages import Request, Response
from chalicelib.paging import InvalidCursor


class UserEndpoints:
    """One method an endpoint; each admits the caller before it reads anything else."""

    def __init__(self, gate: Gate, users: Users) -> None:
        self._gate = gate
        self._users = users

    def list_all(self, request: Request) -> Response:
        """A page of users whose name starts with `search`, in one domain or in all.

        `deleted` lists those whom provisioning has deleted instead.
        """
        self._gate.admit(request)
        search, cursor, limit = search_of(request), cursor_of(request), limit_of(request)
        domain = text_parameter(request, "user_domain", MAXIMUM_NAME_LENGTH) or None
        try:
            page = self._users.list_users(
                search, domain, cursor, limit, deleted=flag_of(request, "deleted")
            )
        except InvalidCursor:
            refuse_cursor()
        items = [user_view(account) for account in page.items]
        return answer(200, UserListView(items=items, next=page.next, count=len(items)))

    def create(self, request: Request) -> Response:
        """A new user."""
        actor = self._gate.admit(request)
        account = self._users.create(read_json_object(request), actor)
        response = _answer(account, 201)
        location = f"/admin/users/{account.user.user_id}"
        return Response(201, response.body, {**response.headers, "Location": location})

    def read(self, request: Request) -> Response:
        """One user."""
        self._gate.admit(request)
        return _answer(self._users.load(user_id_of(request)))

    def update(self, request: Request) -> Response:
        """Change the fields that the body names."""
        actor = self._gate.admit(request)
        user_id, version = user_id_of(request), if_version_of(request)
        return _answer(self._users.update(user_id, read_json_object(request), actor, version))

    def disable(self, request: Request) -> Response:
        """Refuse a user everything."""
        actor = self._gate.admit(request)
        return _answer(self._users.disable(user_id_of(request), actor, if_version_of(request)))

    def enable(self, request: Request) -> Response:
        """Let a user act again."""
        actor = self._gate.admit(request)
        return _answer(self._users.enable(user_id_of(request), actor, if_version_of(request)))

    def set_password(self, request: Request) -> Response:
        """Set a user's password."""
        actor = self._gate.admit(request)
        user_id, version = user_id_of(request), if_version_of(request)
        body = read_json_object(request)
        return _answer(self._users.set_password(user_id, body, actor, version))


def _answer(account: Account, status: int = 200) -> Response:
    return answer(status, user_view(account), account.user.version)
