"""Requests through the whole handler, each ready to be sent once: for faults and for counting."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from chalicelib.directory.consents import Consents
from chalicelib.oauth.client_authentication import ASSERTION_TYPE
from chalicelib.oauth.grants.jwt_bearer import GRANT_TYPE as JWT_BEARER
from chalicelib.oauth.model import (
    GrantType,
    Introspection,
    LifeCycle,
    LifeCycleType,
    RedirectStrategy,
)
from tests.harness import Client, Process, Reply, World
from tests.signing import certificate_key, claims, private_key, sign

TOKEN = "/oauth2/server/token"
SLIDING = LifeCycle(LifeCycleType.SLIDING, lifetime_seconds=3600)

Send = Callable[[Process], Reply]
"""Sends the request to a process."""


@dataclass(frozen=True)
class Operation:
    """`prepare` makes what the request needs and gives the request; `status` is its success."""

    name: str
    prepare: Callable[[World], Send]
    status: int = 200


class Scene:
    """A deployment with one user, and what requests start from."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._names = count()

    def client(self, grant_type: GrantType, **fields: Any) -> Client:
        """An application that acts as a user, where its grant type does."""
        if grant_type is not GrantType.BEARER_TOKEN and "user_id" not in fields:
            user = self.world.add_user(f"user{next(self._names)}")
            fields["user_id"] = user.user_id
        return self.world.add_client(grant_type, **fields)

    def certified(self) -> Client:
        """An application that proves itself by signed JWTs."""
        key = certificate_key(private_key("ES256"), self.world.clock.now())
        return self.client(GrantType.CLIENT_CERTIFICATE, certificate=key)

    def assertion(self, client: Client, jti: str = "jti-1") -> str:
        """A signed JWT for the token endpoint."""
        values = claims(client.client_id, self.world.clock.now(), jti=jti)
        return sign(values, private_key("ES256"))

    def administrator(self) -> dict[str, str]:
        """The headers of an administrator's request."""
        user = self.world.add_user("administrator", "administrator")
        client = self.client(
            GrantType.CLIENT_CREDENTIALS, user_id=user.user_id, allowed_scopes=frozenset({"admin"})
        )
        token = self.world.process.get_token(client).token
        return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _form(path: str, form: dict[str, str], headers: dict[str, str] | None = None) -> Send:
    return lambda process: process.post_form(path, form, headers)


def _client_credentials(world: World) -> Send:
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS)
    return _form(TOKEN, {"grant_type": "client_credentials"}, client.basic)


def _bearer_exchange(world: World) -> Send:
    client = Scene(world).client(GrantType.BEARER_TOKEN)
    return _form(TOKEN, {}, client.basic)


def jwt_bearer(world: World) -> Send:
    """A signed JWT as the grant."""
    scene = Scene(world)
    assertion = scene.assertion(scene.certified())
    return _form(TOKEN, {"grant_type": JWT_BEARER, "assertion": assertion})


def _client_assertion(world: World) -> Send:
    scene = Scene(world)
    form = {
        "grant_type": "client_credentials",
        "client_assertion": scene.assertion(scene.certified()),
        "client_assertion_type": ASSERTION_TYPE,
    }
    return _form(TOKEN, form)


def _validate(world: World) -> Send:
    token = world.process.get_token(Scene(world).client(GrantType.CLIENT_CREDENTIALS)).token
    return lambda process: process.whoami(token)


def _validate_sliding(world: World) -> Send:
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS, life_cycle=SLIDING)
    token = world.process.get_token(client).token
    world.clock.sleep(600)
    return lambda process: process.whoami(token)


def _validate_secret(world: World) -> Send:
    client = Scene(world).client(GrantType.BEARER_TOKEN, life_cycle=SLIDING)
    world.clock.sleep(600)
    return lambda process: process.whoami(client.secret)


def _introspect(world: World) -> Send:
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS)
    token = world.process.get_token(client).token
    return lambda process: process.introspect(token, client)


def _introspect_other(world: World) -> Send:
    """A resource server asks about another application's sliding token: a use."""
    scene = Scene(world)
    server = scene.client(GrantType.CLIENT_CREDENTIALS, introspection=Introspection.ANY)
    client = scene.client(GrantType.CLIENT_CREDENTIALS, life_cycle=SLIDING)
    token = world.process.get_token(client).token
    world.clock.sleep(600)
    return lambda process: process.introspect(token, server)


def _revoke(world: World) -> Send:
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS)
    token = world.process.get_token(client).token
    return lambda process: process.revoke(token, client)


CALLBACK_PATH = "/api/rpa/automation/callback"
CALLBACK_BODY = {
    "userId": "11",
    "deploymentId": "1dd5d1a3-ff0a-4e0e-bd6c-6f3a8cbbb97e",
    "status": "RUN_COMPLETED",
    "botOutput": {"oInvoice": {"type": "STRING", "string": "R-2026-1"}},
}


def _callback(world: World) -> Send:
    """A Control Room's callback, with the application's secret as bearer token."""
    client = Scene(world).client(GrantType.BEARER_TOKEN, allowed_scopes=frozenset({"rpa"}))
    headers = {"Authorization": f"Bearer {client.secret}", "Content-Type": "application/json"}
    body = json.dumps(CALLBACK_BODY)
    return lambda process: process.call("POST", CALLBACK_PATH, headers=headers, body=body)


def _json(
    method: str, path: Callable[[Client], str], body: dict[str, Any]
) -> Callable[[World], Send]:
    """An administrator's request about an application of grant type `all`."""

    def prepare(world: World) -> Send:
        scene = Scene(world)
        headers = scene.administrator()
        client = scene.client(
            GrantType.ALL, redirect_strategy=RedirectStrategy.MOBILE_LOCALHOST_PORT
        )
        world.process.whoami(client.secret)
        where = path(client)
        return lambda process: process.call(method, where, headers=headers, body=json.dumps(body))

    return prepare


def _application(client: Client) -> str:
    return f"/admin/applications/{client.client_id}"


def _secret(client: Client) -> str:
    return f"{_application(client)}/secrets/{client.application.secrets[0].secret_id}"


REGISTRATION = {
    "name": "Payroll",
    "grant_type": "bearer_token",
    "allowed_scopes": ["user_sync"],
    "token_lifetime_minutes": 60,
}
QUERY = {"name": "active", "entity_set": "Users", "filter": "status eq 'enabled'"}
REGISTER = Operation("register", _json("POST", lambda _: "/admin/applications", REGISTRATION), 201)
JWT = Operation("token: jwt bearer", jwt_bearer)
EXTENDING = (
    Operation("validate sliding", _validate_sliding),
    Operation("validate secret", _validate_secret),
    Operation("introspect as a resource server", _introspect_other),
)
CALLBACK = Operation("receive a callback", _callback)
TOKENS = (
    Operation("token: client credentials", _client_credentials),
    Operation("token: bearer exchange", _bearer_exchange),
    JWT,
    Operation("token: client assertion", _client_assertion),
)
PROTOCOL = (
    *TOKENS,
    Operation("validate", _validate),
    *EXTENDING,
    Operation("introspect", _introspect),
    Operation("revoke", _revoke),
    CALLBACK,
)


def _withdraw_consent(world: World) -> Send:
    scene = Scene(world)
    headers, user = scene.administrator(), world.add_user("person")
    client = scene.client(GrantType.AUTHORIZATION_CODE)
    consents = Consents(world.stores.consents, world.clock)
    consents.remember(user, client.client_id, frozenset({"api"}))
    where = f"/admin/users/{user.user_id}/consents/{client.client_id}"
    return lambda process: process.call("DELETE", where, headers=headers)


ADMINISTRATION = (
    REGISTER,
    Operation("rename", _json("PATCH", _application, {"name": "Renamed"})),
    Operation(
        "rotate",
        _json("POST", lambda client: f"{_application(client)}/secrets", {"overlap_seconds": 60}),
        201,
    ),
    Operation("cut", _json("DELETE", _secret, {})),
    Operation("disable", _json("POST", lambda client: f"{_application(client)}/disable", {})),
    Operation(
        "revoke tokens", _json("POST", lambda client: f"{_application(client)}/revoke-tokens", {})
    ),
    Operation("delete", _json("DELETE", _application, {}), 204),
    Operation(
        "create a user",
        _json("POST", lambda _: "/admin/users", {"user_name": "new", "user_domain": "domain"}),
        201,
    ),
    Operation("withdraw a consent", _withdraw_consent, 204),
    Operation("store a query", _json("POST", lambda _: "/admin/queries", QUERY), 201),
)
