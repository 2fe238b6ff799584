"""Who calls: the console's cookie holds an access token, which passes the guard like any other.

It counts only in the browser session that it was made in: whoever logs out, or is logged out by
somebody else, is out of the console too, and a token elsewhere is worth nothing.
"""

from dataclasses import dataclass, field, replace

from chalicelib.audit import Actor
from chalicelib.directory.cookies import console_cookie, session_cookie
from chalicelib.directory.sessions import Sessions
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

    def __init__(self, guard: Guard, sessions: Sessions, issuer: str) -> None:
        self._guard = guard
        self._sessions = sessions
        self._cookie = console_cookie(issuer)
        self._session_cookie = session_cookie(issuer)

    def session_of(self, request: Request) -> str | None:
        """The cookie's value, which nobody has looked at yet."""
        return self._cookie.read(request)

    def admit(self, request: Request) -> Visitor:
        """An administrator of this moment.

        Raises InvalidToken where nobody is logged in, InsufficientScope for others,
        StoreUnavailable.
        """
        access = self._access(self._cookie.read(request), request, doors.CONSOLE)
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
        return self.recognise_token(self._cookie.read(request), request)

    def recognise_token(self, value: str | None, request: Request) -> Access:
        """As `recognise`, by a token that is in no cookie yet."""
        return self._access(value, request, doors.CONSOLE_ENTRANCE)

    def _access(self, value: str | None, request: Request, door: Door) -> Access:
        """Through the guard with this one credential; no header counts here."""
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
        login = None if access.grant is None else access.grant.login
        if access.kind is not GrantKind.AUTHORIZATION_CODE or login is None:
            raise InvalidToken(detail="not a login")
        signed_in = self._sessions.find(self._session_cookie.read(request))
        # Ids of sessions are unique over all users.
        if signed_in is None or signed_in.session.session_id != login.session_id:
            raise InvalidToken(detail="not in the session of its login")
        return access
