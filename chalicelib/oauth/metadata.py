"""What a client needs to know of this server, and only what is served.

One document under two addresses: authorization server metadata (RFC 8414) and OpenID Provider
configuration (OpenID Connect Discovery §3).
"""

from chalicelib.oauth.authorization_request import RESPONSE_MODES
from chalicelib.oauth.certificate_assertion import ALGORITHMS
from chalicelib.oauth.client_authentication import Method
from chalicelib.oauth.pkce import METHOD
from chalicelib.oauth.scope import SCOPES
from chalicelib.oauth.token_endpoint import GRANTS

_AUTHENTICATION = [
    method.value for method in Method if method not in (Method.NONE, Method.IN_PROCESS)
]
_CLAIMS = [
    "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "name", "given_name",
    "family_name", "preferred_username", "updated_at", "email",
]  # fmt: skip


def describe(issuer: str) -> dict[str, object]:
    """The document for this issuer."""
    server = f"{issuer}/oauth2/server"
    document: dict[str, object] = {
        "issuer": issuer,
        "authorization_endpoint": f"{server}/authorize",
        "token_endpoint": f"{server}/token",
        "introspection_endpoint": f"{server}/introspect",
        "revocation_endpoint": f"{server}/revoke",
        "userinfo_endpoint": f"{server}/userinfo",
        "jwks_uri": f"{server}/jwks",
        "end_session_endpoint": f"{server}/logout",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": [name for name in GRANTS if name],
        "code_challenge_methods_supported": [METHOD],
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "claims_supported": _CLAIMS,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
    }
    for endpoint in ("token", "introspection", "revocation"):
        public = [] if endpoint == "introspection" else [Method.NONE.value]
        document[f"{endpoint}_endpoint_auth_methods_supported"] = _AUTHENTICATION + public
        document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(ALGORITHMS)
    return document
