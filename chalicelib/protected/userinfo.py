"""UserInfo (OpenID Connect Core §5.3), behind the scope `openid`."""

from chalicelib.directory.stores import UserStore
from chalicelib.oauth.errors import InvalidToken
from chalicelib.oauth.id_token import Profile, user_claims
from chalicelib.oauth.messages import Request, Response
from chalicelib.protected import doors
from chalicelib.protected.guard import Guard


class UserInfo:
    """Tells an application what its scopes let it know of the person who logged in."""

    def __init__(self, guard: Guard, users: UserStore) -> None:
        self._guard = guard
        self._users = users

    def __call__(self, request: Request) -> Response:
        """The claims of the granted scopes. Raises OAuthError, StoreUnavailable."""
        access = self._guard.admit(request, doors.USER_INFO)
        user = access.user
        account = None if user is None else self._users.load(user.user_id)
        if user is None or account is None:
            raise InvalidToken(detail="the person is gone")
        profile = Profile(
            email=account.email,
            given_name=account.given_name,
            family_name=account.family_name,
            updated_at=account.updated_at,
        )
        return Response(200, user_claims(user, profile, access.scopes))
