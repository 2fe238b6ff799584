"""The token endpoint (RFC 6749 §3.2): one table of grants."""

from collections.abc import Callable

from chalicelib.oauth.client_authentication import Method, PresentedClient
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import UnsupportedGrantType
from chalicelib.oauth.grants import (
    authorization_code,
    bearer_token,
    client_credentials,
    jwt_bearer,
    refresh_token,
)
from chalicelib.oauth.grants.request import IdTokens, TokenRequest
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.parameters import parse_form
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import GrantStore

CLIENT_PARAMETERS = frozenset(
    {"client_id", "client_secret", "client_assertion", "client_assertion_type"}
)

Exchange = Callable[[TokenRequest], dict[str, object]]
GRANTS: dict[str, tuple[frozenset[str], Exchange]] = {
    authorization_code.GRANT_TYPE: (authorization_code.PARAMETERS, authorization_code.exchange),
    refresh_token.GRANT_TYPE: (refresh_token.PARAMETERS, refresh_token.exchange),
    bearer_token.GRANT_TYPE: (bearer_token.PARAMETERS, bearer_token.exchange),
    client_credentials.GRANT_TYPE: (client_credentials.PARAMETERS, client_credentials.exchange),
    jwt_bearer.GRANT_TYPE: (jwt_bearer.PARAMETERS, jwt_bearer.exchange),
}


class TokenEndpoint:
    """Issues tokens by the grant that a request names."""

    def __init__(self, store: GrantStore, id_tokens: IdTokens, clock: Clock, issuer: str) -> None:
        self._store = store
        self._id_tokens = id_tokens
        self._clock = clock
        self._issuer = issuer

    def __call__(self, request: Request) -> Response:
        """The answer of RFC 6749 §5.1. Raises OAuthError, StoreUnavailable."""
        parameters = parse_form(request)
        grant_type = parameters.get("grant_type", "")
        if grant_type not in GRANTS:
            raise UnsupportedGrantType("The grant type is not supported.")
        note(grant_type=grant_type)
        names, exchange = GRANTS[grant_type]
        known = {
            name: value
            for name, value in parameters.items()
            if name in names or name in CLIENT_PARAMETERS
        }
        # RFC 6749 §5.1 asks for both; `no-store` stands on every answer.
        return Response(200, exchange(self._request(request, known)), {"Pragma": "no-cache"})

    def exchange_code(
        self, request: Request, client_id: str, parameters: dict[str, str]
    ) -> dict[str, object]:
        """The tokens of a code of the console, which is part of this process.

        It has no credential, so that over HTTP nobody can authenticate as it: a code of it is
        worth something here alone. Raises OAuthError, StoreUnavailable.
        """
        known = {name: parameters[name] for name in authorization_code.PARAMETERS}
        note(grant_type=authorization_code.GRANT_TYPE, client_id=client_id)
        client = PresentedClient(client_id, Method.IN_PROCESS)
        return authorization_code.exchange(self._request(request, known, client))

    def _request(
        self, http: Request, parameters: dict[str, str], in_process: PresentedClient | None = None
    ) -> TokenRequest:
        return TokenRequest(
            http=http,
            parameters=parameters,
            store=self._store,
            id_tokens=self._id_tokens,
            clock=self._clock,
            issuer=self._issuer,
            in_process=in_process,
        )
