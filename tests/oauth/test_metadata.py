"""The metadata say what is served, and nothing else."""

from chalicelib.oauth.metadata import describe
from tests.signing import ISSUER


def test_public_clients_may_exchange_and_revoke_and_not_introspect() -> None:
    document = describe(ISSUER)
    methods = {
        name: document[f"{name}_endpoint_auth_methods_supported"]
        for name in ("token", "revocation", "introspection")
    }
    confidential = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
    assert methods == {
        "token": [*confidential, "none"],
        "revocation": [*confidential, "none"],
        "introspection": confidential,
    }


def test_every_endpoint_lies_below_the_issuer() -> None:
    document = describe(ISSUER)
    endpoints = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(endpoints) == 7
    assert all(str(endpoint).startswith(f"{ISSUER}/oauth2/server/") for endpoint in endpoints)


def test_what_is_not_supported_is_said() -> None:
    document = describe(ISSUER)
    assert document["request_parameter_supported"] is False
    assert document["request_uri_parameter_supported"] is False
    assert document["claims_parameter_supported"] is False
    assert document["code_challenge_methods_supported"] == ["S256"]
