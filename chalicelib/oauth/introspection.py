"""Token introspection (RFC 7662)."""

from chalicelib.oauth import scope
from chalicelib.oauth.caller import TokenQuestion, read_question
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import InvalidToken
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.model import Introspection
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import GrantStore
from chalicelib.oauth.tokens import TokenKind
from chalicelib.oauth.validation import Access, TokenValidator, decide, reading_of

_INACTIVE: dict[str, object] = {"active": False}


class IntrospectionEndpoint:
    """Tells an application about its own tokens, and a resource server about anybody's."""

    def __init__(
        self, store: GrantStore, validator: TokenValidator, clock: Clock, issuer: str
    ) -> None:
        self._store = store
        self._validator = validator
        self._clock = clock
        self._issuer = issuer

    def __call__(self, request: Request) -> Response:
        """The answer of RFC 7662 §2.2; a token of others is merely inactive (checklist 47).

        A resource server's question (`introspection: any`) is a use and extends a sliding
        token; a client's about its own token is not. A token of the console is inactive: it counts
        within its browser session alone, which nobody can see from elsewhere.
        Raises InvalidClient, InvalidRequest, StoreUnavailable.
        """
        question = read_question(request, self._store, self._clock, self._issuer)
        try:
            access = self._access(question)
        except InvalidToken as error:
            note(outcome="inactive", reason=error.detail)
            return Response(200, _INACTIVE)
        return Response(200, describe(access, self._issuer))

    def _access(self, question: TokenQuestion) -> Access:
        token, caller = question.token, question.client.application
        if token is None:
            raise InvalidToken(detail="not a token")
        own = token.client_id == caller.client_id
        if not own and caller.introspection is not Introspection.ANY:
            raise InvalidToken(detail="another application's token")
        snapshot = question.snapshot
        try:
            access = decide(token, snapshot, self._clock.now())
        except InvalidToken:
            if not snapshot.leased:
                raise
            snapshot = self._store.read(reading_of(token), fresh=True)
            access = decide(token, snapshot, self._clock.now())
        if access.of_console:
            raise InvalidToken(detail="a token of the console")
        if own:
            return access
        access = self._validator.extend(token, snapshot, access)
        note(token_client_id=token.client_id)
        if token.kind is TokenKind.SECRET:
            note(token_secret_id=token.grant_id)
        return access


def describe(access: Access, issuer: str) -> dict[str, object]:
    """The answer for a token that is active (RFC 7662 §2.2)."""
    description: dict[str, object] = {
        "active": True,
        "scope": scope.render(access.scopes),
        "client_id": access.application.client_id,
        "token_type": "Bearer",
        "iat": access.issued_at,
        "iss": issuer,
        "sub": access.application.client_id if access.user is None else access.user.user_id,
    }
    if access.ends_at is not None:
        description["exp"] = access.ends_at
    if access.user is not None:
        description["username"] = access.user_label
        description["user_name"] = access.user.user_name
        description["user_domain"] = access.user.user_domain
    return description
