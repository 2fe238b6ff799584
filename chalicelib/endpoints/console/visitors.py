"""Who calls: the console's cookie holds an access token, which passes the guard like any other."""

from dataclasses import dataclass, field, replace

from chalicelib.audit import Actor
from chalicelib.directory.cookies import Cookie
from chalicelib.oauth.errors import InsufficientScope, InvalidToken, MissingToken
from chalicelib.oauth.messages import Request
from chalicelib.oauth.model import GrantKind
from chalicelib.oauth.scope import ADMIN, ADMINISTRATOR
from chalicelib.oauth.tokens import MalformedToken, parse
from chalicelib.oauth.validation import Access
from chalicelib.protected import doors
from chalicelib.protected.doors import Door
from chalicelib.protected.guard import Guard
from chalicelib.registry.built_in import CONSOLE_CLIENT_ID


@dataclass(frozen=True, slots=True)
class Visitor:
    """An administrator at the console; `session` is the secret that their forms are bound to."""

    actor: Actor
    session: str = field(repr=False)

    @property
    def label(self) -> str:
        r"""`domain\user`."""
        return self.actor.user_name or ""


class Visitors:
    """Knows people by the console's cookie."""

    def __init__(self, guard: Guard, cookie: Cookie) -> None:
        self._guard = guard
        self._cookie = cookie

    def session_of(self, request: Request) -> str | None:
        """The cookie's value, which nobody has looked at yet."""
        return self._cookie.read(request)

    def admit(self, request: Request) -> Visitor:
        """An administrator of this moment.

        Raises InvalidToken where nobody is logged in, InsufficientScope for others,
        StoreUnavailable.
        """
        access = self._access(request, doors.ADMINISTRATION)
        user = access.user
        # The scope is in nobody else's rights; said again here, where everything depends on it.
        if user is None or ADMINISTRATOR not in user.roles:
            raise InsufficientScope(ADMIN)
        actor = Actor(
            client_id=access.application.client_id,
            user_id=user.user_id,
            user_name=access.user_label,
            source_ip=request.source_ip,
        )
        return Visitor(actor, self._cookie.read(request) or "")

    def recognise(self, request: Request) -> Access:
        """Whoever holds a valid token of the console, with its rights or without."""
        return self._access(request, doors.WHO_AM_I)

    def _access(self, request: Request, door: Door) -> Access:
        """Through the guard with the cookie as the one credential; no header counts here."""
        value = self._cookie.read(request)
        if value is None:
            raise MissingToken(detail="no console cookie")
        try:
            token = parse(value)
        except MalformedToken as error:
            raise InvalidToken(detail=str(error)) from error
        if token.client_id != CONSOLE_CLIENT_ID:
            raise InvalidToken(detail="not a token of the console")
        bearer = {"authorization": (f"Bearer {value}",)}
        access = self._guard.admit(replace(request, headers=bearer, body=b""), door)
        if access.kind is not GrantKind.AUTHORIZATION_CODE:
            raise InvalidToken(detail="not a login")
        return access
