"""Bizagi's bearer token: the key pair in the Authorization header of one request, no grant type.

A client that names `grant_type=client_credentials` gets the same token.
"""

from chalicelib.oauth.errors import InvalidRequest
from chalicelib.oauth.grants import client_credentials
from chalicelib.oauth.grants.request import TokenRequest
from chalicelib.oauth.model import GrantType

GRANT_TYPE = ""
PARAMETERS = frozenset({"scope"})

_GRANT_TYPES = frozenset({GrantType.BEARER_TOKEN, GrantType.ALL})


def exchange(request: TokenRequest) -> dict[str, object]:
    """A token for a key pair sent as Basic. Raises OAuthError, StoreUnavailable."""
    missing = InvalidRequest("The parameter grant_type is missing.")
    if not request.http.headers.get("authorization"):
        raise missing
    return client_credentials.exchange_for(request, _GRANT_TYPES, missing)
