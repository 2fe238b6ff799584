"""Who may call the registration endpoints: one matrix of every route and every kind of caller."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.endpoints.admin import ROUTES
from chalicelib.oauth.model import Status
from chalicelib.oauth.stores import StoreUnavailable
from tests.endpoints.administration import Administration, Reply

NOBODY = "0" * 26
PUBLIC = "/admin/openapi.json"


def routes() -> Iterator[tuple[str, str]]:
    for path, methods in ROUTES.items():
        for method in methods:
            if path != PUBLIC:
                yield method, path


def concrete(path: str) -> str:
    ids = {"{client_id}": f"app_{NOBODY}", "{user_id}": f"usr_{NOBODY}", "{secret_id}": NOBODY}
    for name, value in ids.items():
        path = path.replace(name, value)
    return path


def anonymous(_: Administration) -> str:
    return ""


def malformed(_: Administration) -> str:
    return "gla_nothing"


def wrong_scope(administration: Administration) -> str:
    return administration.token_of(administration.add_client("Other", ["api"], "admon"))


def no_administrator(administration: Administration) -> str:
    """An administrator when the application was registered, not any more."""
    client_id = administration.add_client("Other", ["admin"], "former")
    return administration.token_of(client_id)


def ended(administration: Administration) -> str:
    client_id = administration.add_client("Other", ["admin"], "admon")
    token = administration.token_of(client_id, lifetime_seconds=1)
    administration.clock.advance(1)
    return token


def revoked(administration: Administration) -> str:
    client_id = administration.add_client("Other", ["admin"], "admon")
    return administration.token_of(client_id, revoked_at=administration.clock.now())


def disabled_application(administration: Administration) -> str:
    client_id = administration.add_client("Other", ["admin"], "admon")
    token = administration.token_of(client_id)
    memory = administration.stores.memory
    registration = memory.registrations[client_id]
    application = replace(registration.application, status=Status.DISABLED)
    memory.registrations[client_id] = replace(registration, application=application)
    return token


CALLERS: list[tuple[Callable[[Administration], str], int]] = [
    (anonymous, 401),
    (malformed, 401),
    (ended, 401),
    (revoked, 401),
    (disabled_application, 401),
    (wrong_scope, 403),
    (no_administrator, 403),
]


@pytest.fixture(scope="module")
def administration() -> Administration:
    return Administration()


@pytest.mark.checklist("52")
@pytest.mark.parametrize(("caller", "status"), CALLERS)
def test_nobody_but_an_administrator_passes_any_route(
    caller: Callable[[Administration], str], status: int
) -> None:
    administration = Administration()
    former = administration.add_user("former", roles=["administrator"])
    token = caller(administration)
    memory = administration.stores.memory
    account = memory.accounts[former]
    memory.accounts[former] = replace(account, user=replace(account.user, roles=frozenset()))
    before = dict(memory.events)
    for method, path in routes():
        reply = call(administration, method, concrete(path), token)
        assert reply.status == status, (method, path)
        assert "WWW-Authenticate" in reply.headers
    assert memory.events == before


@pytest.mark.checklist("52")
@pytest.mark.parametrize(("method", "path"), list(routes()))
def test_an_administrator_passes(administration: Administration, method: str, path: str) -> None:
    reply = call(administration, method, concrete(path), administration.token)
    assert reply.status not in (401, 403)
    assert reply.status < 500


@pytest.mark.checklist("49")
def test_a_demotion_bites_at_the_next_request() -> None:
    administration = Administration()
    other = administration.add_user("other", roles=["administrator"])
    token = administration.token_of(administration.add_client("Other", ["admin"], "other"))
    path = f"/admin/users/{other}"
    assert administration.call("GET", path, token=token).status == 200
    assert administration.call("PATCH", path, {"roles": []}).status == 200
    assert administration.call("GET", path, token=token).status == 403


@pytest.mark.checklist("49")
def test_the_application_itself_must_be_allowed_the_scope() -> None:
    administration = Administration()
    client_id = administration.add_client("Other", ["admin"], "admon")
    token = administration.token_of(client_id)
    path = f"/admin/applications/{client_id}"
    administration.call("PATCH", path, {"allowed_scopes": ["api"]})
    assert administration.call("GET", path, token=token).status == 401


@pytest.mark.checklist("42", "52")
def test_a_bearer_secret_never_administers() -> None:
    """It acts as no user; should such an application ever hold `admin`, it opens nothing."""
    administration = Administration()
    body: dict[str, Any] = administration.register(
        grant_type="bearer_token", user_name=..., user_domain=...
    )
    memory = administration.stores.memory
    registration = memory.registrations[body["client_id"]]
    application = replace(registration.application, allowed_scopes=frozenset({"admin"}))
    memory.registrations[body["client_id"]] = replace(registration, application=application)
    reply = administration.call("GET", "/admin/users", token=body["client_secret"])
    assert reply.status == 403


def test_storage_that_fails_lets_nobody_pass(administration: Administration) -> None:
    administration.stores.memory.unavailable = True
    try:
        with pytest.raises(StoreUnavailable):
            administration.call("GET", "/admin/applications")
    finally:
        administration.stores.memory.unavailable = False


def call(administration: Administration, method: str, path: str, token: str) -> Reply:
    """A request with a body where one may be; an empty token sends no credential."""
    body: dict[str, object] | None = {} if method in ("POST", "PATCH", "PUT") else None
    headers = {} if token else {"Authorization": ""}
    return administration.call(method, path, body, token=token, headers=headers)
