"""`GET /oauth2/server/whoami`: who the caller is, for any valid credential."""

from chalicelib.oauth import scope
from chalicelib.oauth.messages import Request, Response
from chalicelib.protected import doors
from chalicelib.protected.guard import Guard


class WhoAmI:
    """Answers with the access that the presented credential gives now."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def __call__(self, request: Request) -> Response:
        """`expires_at` is epoch seconds, null for what never ends. Raises OAuthError."""
        access = self._guard.admit(request, doors.WHO_AM_I)
        user = access.user
        return Response(
            200,
            {
                "client_id": access.application.client_id,
                "application": access.application.name,
                "grant": access.kind.value,
                "user_name": None if user is None else user.user_name,
                "user_domain": None if user is None else user.user_domain,
                "scope": scope.render(access.scopes),
                "issued_at": access.issued_at,
                "expires_at": access.ends_at,
                "life_cycle_type": (
                    None if access.grant is None else access.grant.life_cycle.kind.value
                ),
            },
        )
