"""Requests to the token endpoint, and the clients that make them."""

from typing import Any

from chalicelib.oauth.client_authentication import ASSERTION_TYPE
from chalicelib.oauth.model import GrantType
from tests.harness import START, Client, Reply, World
from tests.signing import certificate_key, claims, private_key, sign

TOKEN = "/oauth2/server/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def machine(
    world: World, grant_type: GrantType = GrantType.CLIENT_CREDENTIALS, **fields: Any
) -> Client:
    return world.add_client(grant_type, user_id=world.add_user(f"u{START}").user_id, **fields)


def certified(world: World, algorithm: str = "ES256", **fields: Any) -> Client:
    return machine(
        world,
        GrantType.CLIENT_CERTIFICATE,
        allowed_scopes=frozenset({"odata_query"}),
        certificate=certificate_key(private_key(algorithm), START),
        **fields,
    )


def signed(world: World, client: Client, **changes: Any) -> str:
    return sign(claims(client.client_id, world.clock.now(), **changes), private_key("ES256"))


def by_assertion(world: World, assertion: str, **more: str) -> Reply:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **more,
    }
    return world.process.post_form(TOKEN, form)


def by_jwt_bearer(world: World, assertion: str, **more: str) -> Reply:
    return world.process.post_form(
        TOKEN, {"grant_type": JWT_BEARER, "assertion": assertion, **more}
    )


def assert_refused(reply: Reply, status: int, error: str) -> None:
    assert (reply.status, reply.body["error"]) == (status, error)
    assert reply.body["error_description"].isascii()
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Type"] == "application/json"
