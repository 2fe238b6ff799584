"""Every route and whoever should not get in, generated from the app's own routes (checklist 52)."""

import re
from dataclasses import dataclass

import pytest

from chalicelib.oauth.model import GrantType, Status
from chalicelib.protected.doors import Door, door_of
from tests.harness import Client, World

PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/oauth2/server/jwks"),
    ("GET", "/admin/openapi.json"),
}
CLIENT_AUTHENTICATED = {
    ("POST", "/oauth2/server/token"),
    ("POST", "/oauth2/server/introspect"),
    ("POST", "/oauth2/server/revoke"),
}
ANY_CREDENTIAL = {("GET", "/oauth2/server/whoami")}
# What pages of other origins may call; a preflight asks for nothing.
CROSS_ORIGIN = {
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/oauth2/server/jwks",
    "/oauth2/server/revoke",
    "/oauth2/server/token",
    "/oauth2/server/userinfo",
}
# Pages know people by their session, not by a token.
PAGES = {
    "/",
    "/account",
    "/account/consents",
    "/account/password",
    "/account/sessions",
    "/login",
    "/consent",
    "/oauth2/server/authorize",
    "/oauth2/server/logout",
    "/static/{name}",
}

# A scope of the administrator's application that opens no door, by whether `api` opens it.
LACKING = {True: "admin", False: "api"}

ALL_ROUTES = [
    (method, path) for path, methods in World().process.app.routes.items() for method in methods
]
# The console's too: tests/console/test_access.py is their matrix.
ROUTES = [
    (method, path)
    for method, path in ALL_ROUTES
    if method != "OPTIONS" and path not in PAGES and f"{path}/".partition("/console/")[0]
]
GUARDED = [route for route in ROUTES if route not in PUBLIC | CLIENT_AUTHENTICATED]
SCOPED = [route for route in GUARDED if route not in ANY_CREDENTIAL]


@dataclass(frozen=True)
class Deployment:
    world: World
    admin: Client
    ordinary: Client

    def call(self, route: tuple[str, str], token: str | None) -> tuple[int, str]:
        """The status and challenge for this token; asserts that nothing was written."""
        method, path = route
        path = path.replace("{client_id}", self.ordinary.client_id)
        path = path.replace("{secret_id}", self.ordinary.application.secrets[0].secret_id)
        path = path.replace("{query_name}", "active")
        path = path.replace("{session_id}", "0" * 26)
        path = path.replace("{user_id}", self.admin.application.user_id or "")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        before = self.world.database.snapshot()
        body = None if path.endswith("/userinfo") else "{}"
        reply = self.world.process.call(method, path, headers=headers, body=body)
        assert self.world.database.snapshot() == before
        return reply.status, str(reply.headers.get("WWW-Authenticate", ""))


@pytest.fixture
def deployment() -> Deployment:
    world = World()
    scopes = frozenset({"api", "admin"})
    administrator = world.add_user("admon", "administrator")
    admin = world.add_client(user_id=administrator.user_id, allowed_scopes=scopes)
    return Deployment(world, admin, world.add_client(GrantType.BEARER_TOKEN))


def door(route: tuple[str, str]) -> Door:
    found = door_of(route[1])
    assert found is not None, f"{route} lies behind no door"
    return found


def test_every_route_is_public_or_behind_a_door() -> None:
    assert set(ROUTES) >= PUBLIC | CLIENT_AUTHENTICATED | ANY_CREDENTIAL
    assert {path for method, path in ALL_ROUTES if method == "OPTIONS"} == CROSS_ORIGIN
    assert all(door(route).scopes for route in SCOPED)
    assert len(SCOPED) > 15


@pytest.mark.checklist("52")
@pytest.mark.parametrize("route", GUARDED)
def test_nobody_gets_in_without_a_valid_credential(
    deployment: Deployment, route: tuple[str, str]
) -> None:
    world = deployment.world
    assert deployment.call(route, None) == (401, 'Bearer realm="grantline"')
    expired = world.process.get_token(deployment.admin).token
    world.clock.sleep(3600)
    revoked = world.process.get_token(deployment.admin).token
    world.process.revoke(revoked, deployment.admin)
    disabled = world.process.get_token(deployment.ordinary).token
    world.change(deployment.ordinary, status=Status.DISABLED, token_epoch=1)
    for token in (expired, revoked, disabled, deployment.admin.secret, "nonsense"):
        status, challenge = deployment.call(route, token)
        assert status == 401
        assert 'error="invalid_token"' in challenge


@pytest.mark.checklist("52", "49")
@pytest.mark.parametrize("route", SCOPED)
def test_nobody_gets_in_without_the_scope(deployment: Deployment, route: tuple[str, str]) -> None:
    world = deployment.world
    opens_with_api = "api" in door(route).scopes
    narrowed = world.process.get_token(deployment.admin, scope=LACKING[opens_with_api]).token
    scopes = frozenset({"login"} if opens_with_api else {"api", "odata_query"})
    other = world.add_client(GrantType.BEARER_TOKEN, allowed_scopes=scopes)
    tokens = [narrowed, world.process.get_token(other).token, other.secret]
    if not opens_with_api:
        # A right of the role goes with it.
        tokens.append(world.process.get_token(deployment.admin).token)
    user = world.stores.users.load(deployment.admin.application.user_id or "")
    assert user is not None
    world.change_user(user.user, roles=frozenset())
    for token in tokens:
        status, challenge = deployment.call(route, token)
        assert status == 403
        assert 'error="insufficient_scope"' in challenge
        assert f'scope="{door(route).scopes[0]}"' in challenge


@pytest.mark.checklist("52")
@pytest.mark.parametrize("route", sorted(CLIENT_AUTHENTICATED))
def test_client_endpoints_take_no_token_instead(
    deployment: Deployment, route: tuple[str, str]
) -> None:
    token = deployment.world.process.get_token(deployment.admin).token
    headers = {"Authorization": f"Bearer {token}"}
    form = {"grant_type": "client_credentials", "token": token}
    reply = deployment.world.process.post_form(route[1], form, headers)
    assert (reply.status, reply.body["error"]) == (401, "invalid_client")


@pytest.mark.checklist("61", "11")
@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_every_answer_has_the_security_headers(deployment: Deployment, path: str) -> None:
    reply = deployment.world.process.call("PUT" if path in CROSS_ORIGIN else "OPTIONS", path)
    assert reply.status == 405
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    assert reply.headers["Cache-Control"] == "no-store"
    assert re.match(r"application/(scim\+)?json(;|$)", str(reply.headers["Content-Type"]))
    assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.checklist("12")
@pytest.mark.parametrize("path", sorted(CROSS_ORIGIN))
def test_pages_of_other_origins_may_call_without_cookies(deployment: Deployment, path: str) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    reply = deployment.world.process.call("OPTIONS", path, headers=headers)
    assert reply.status == 204
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in reply.headers
    refused = deployment.world.process.call("POST", path, headers=headers)
    if refused.status != 405:
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
