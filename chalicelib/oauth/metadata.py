"""Authorization server metadata (RFC 8414): only what is served."""

from chalicelib.oauth.certificate_assertion import ALGORITHMS
from chalicelib.oauth.client_authentication import Method
from chalicelib.oauth.scope import SCOPES
from chalicelib.oauth.token_endpoint import GRANTS

_AUTHENTICATION = [method.value for method in Method if method is not Method.NONE]


def describe(issuer: str) -> dict[str, object]:
    """The document of RFC 8414 §2 for this issuer."""
    server = f"{issuer}/oauth2/server"
    document: dict[str, object] = {
        "issuer": issuer,
        "token_endpoint": f"{server}/token",
        "scopes_supported": list(SCOPES),
        "response_types_supported": [],
        "grant_types_supported": [name for name in GRANTS if name],
    }
    for endpoint in ("token", "introspection", "revocation"):
        document[f"{endpoint}_endpoint_auth_methods_supported"] = _AUTHENTICATION
        document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(ALGORITHMS)
    document["introspection_endpoint"] = f"{server}/introspect"
    document["revocation_endpoint"] = f"{server}/revoke"
    return document
