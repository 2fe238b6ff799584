"""The JWT bearer grant: the signed JWT as the authorization itself (RFC 7523 §2.1)."""

from chalicelib.oauth.certificate_assertion import (
    AssertionRefused,
    claimed_client_id,
    client_audiences,
    verify,
)
from chalicelib.oauth.client_authentication import AuthenticatedClient, Method
from chalicelib.oauth.errors import InvalidGrant
from chalicelib.oauth.grants import client_credentials
from chalicelib.oauth.grants.request import TokenRequest
from chalicelib.oauth.issuing import Authorization, issue
from chalicelib.oauth.leasing import decide_on
from chalicelib.oauth.parameters import require
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import GrantExists, Reading, Snapshot

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PARAMETERS = frozenset({"assertion", "scope"})


def exchange(request: TokenRequest) -> dict[str, object]:
    """A token for a signed JWT, once. Raises OAuthError, StoreUnavailable."""
    assertion = require(request.parameters, "assertion")
    client_id = _client_id(request, assertion)
    note(client_id=client_id)
    reading = Reading(clients=frozenset({client_id}), acting_user_of=client_id)
    authorization = decide_on(
        request.store, reading, lambda snapshot: _authorize(request, client_id, snapshot)
    )
    try:
        return issue(authorization, request.store, request.clock.now())
    except GrantExists:
        raise _refusal("the JWT was used before") from None


def _client_id(request: TokenRequest, assertion: str) -> str:
    """The client that the JWT claims; any other credential beside it is one too many."""
    others = ("client_secret", "client_assertion", "client_assertion_type")
    if request.http.headers.get("authorization") or any(
        name in request.parameters for name in others
    ):
        raise _refusal("another credential beside the assertion")
    try:
        client_id = claimed_client_id(assertion)
    except AssertionRefused as error:
        raise _refusal(str(error)) from error
    if request.parameters.get("client_id", client_id) != client_id:
        raise _refusal("client_id names another client")
    return client_id


def _authorize(request: TokenRequest, client_id: str, snapshot: Snapshot) -> Authorization:
    """The checks, in order."""
    application = snapshot.applications.get(client_id)
    try:
        audiences = client_audiences(request.issuer)
        now = request.clock.now()
        verified = verify(request.parameters["assertion"], application, audiences, now)
    except AssertionRefused as error:
        raise _refusal(str(error)) from error
    if application is None or not application.enabled:
        raise _refusal("application disabled")
    authenticated = AuthenticatedClient(application, Method.PRIVATE_KEY_JWT, verified)
    return client_credentials.authorize(authenticated, request.parameters.get("scope"), snapshot)


def _refusal(detail: str) -> InvalidGrant:
    return InvalidGrant("The assertion is not valid.", detail=detail)
