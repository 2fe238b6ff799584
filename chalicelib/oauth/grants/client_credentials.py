"""The client credentials grant (RFC 6749 §4.4), by a secret or by a signed JWT (RFC 7523 §2.2).

A bearer-token application exchanges its key pair here as well, and then acts as itself.
"""

from chalicelib.oauth import scope
from chalicelib.oauth.client_authentication import (
    AuthenticatedClient,
    PresentedClient,
    authenticate,
    identify,
)
from chalicelib.oauth.errors import InvalidClient, OAuthError, UnauthorizedClient
from chalicelib.oauth.grants.request import TokenRequest
from chalicelib.oauth.issuing import Authorization, acting_user_of, issue
from chalicelib.oauth.leasing import decide_on
from chalicelib.oauth.model import GrantKind, GrantType
from chalicelib.oauth.stores import GrantExists, Reading, Snapshot
from chalicelib.oauth.validation import rights

GRANT_TYPE = "client_credentials"
PARAMETERS = frozenset({"scope"})

_KINDS = {
    GrantType.CLIENT_CREDENTIALS: GrantKind.CLIENT_CREDENTIALS,
    GrantType.ALL: GrantKind.CLIENT_CREDENTIALS,
    GrantType.BEARER_TOKEN: GrantKind.BEARER_TOKEN,
    GrantType.CLIENT_CERTIFICATE: GrantKind.CLIENT_CERTIFICATE,
}


def exchange(request: TokenRequest) -> dict[str, object]:
    """A token for the authenticated client. Raises OAuthError, StoreUnavailable."""
    unauthorized = UnauthorizedClient("The application is not registered for this grant.")
    return exchange_for(request, frozenset(_KINDS), unauthorized)


def exchange_for(
    request: TokenRequest, grant_types: frozenset[GrantType], otherwise: OAuthError
) -> dict[str, object]:
    """As `exchange`, for applications of one of these grant types; `otherwise` is for the rest."""
    client = identify(request.http, request.parameters)
    reading = Reading(clients=frozenset({client.client_id}), acting_user_of=client.client_id)

    def decide(snapshot: Snapshot) -> Authorization:
        authenticated = _authenticate(request, client, snapshot)
        if authenticated.application.grant_type not in grant_types:
            raise otherwise
        return authorize(authenticated, request.parameters.get("scope"), snapshot)

    authorization = decide_on(request.store, reading, decide)
    try:
        return issue(authorization, request.store, request.clock.now())
    except GrantExists:
        raise InvalidClient(detail="the JWT was used before") from None


def _authenticate(
    request: TokenRequest, client: PresentedClient, snapshot: Snapshot
) -> AuthenticatedClient:
    application = snapshot.applications.get(client.client_id)
    return authenticate(client, application, request.issuer, request.clock.now())


def authorize(
    authenticated: AuthenticatedClient, requested_scope: str | None, snapshot: Snapshot
) -> Authorization:
    """What a client registered for one of `_KINDS` may get for itself.

    Raises UnauthorizedClient, InvalidScope.
    """
    application = authenticated.application
    user = acting_user_of(application, snapshot)
    allowed = rights(application.allowed_scopes, application, user)
    return Authorization(
        application=application,
        user=user,
        scopes=scope.narrow(requested_scope, allowed),
        kind=_KINDS[application.grant_type],
        assertion=authenticated.assertion,
    )
