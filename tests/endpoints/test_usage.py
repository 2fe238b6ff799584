"""What was issued, refused and used: counted in the process, written once a minute."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chalicelib.administration.views import rfc3339
from chalicelib.oauth.model import GrantType, Introspection
from tests.faults.costs import measure
from tests.faults.dynamodb import failure
from tests.harness import Client, Process, Reply, World

EVERY_SECONDS = 60


@pytest.fixture(name="world")
def world_fixture() -> World:
    return World(usage_seconds=EVERY_SECONDS)


@pytest.fixture(name="admin")
def admin_fixture(world: World) -> Client:
    administrator = world.add_user("admon", "administrator")
    scopes = frozenset({"admin"})
    return world.add_client(user_id=administrator.user_id, allowed_scopes=scopes)


def read(world: World, admin: Client, path: str, **query: str) -> Reply:
    """By a process of its own, so that looking changes no figure of those looked at."""
    process = world.open_process()
    token = process.get_token(admin).token
    headers = {"Authorization": f"Bearer {token}"}
    asked = {name: [value] for name, value in query.items()}
    return process.call("GET", path, headers=headers, query=asked)


def today(world: World, admin: Client) -> Mapping[str, Any]:
    reply = read(world, admin, "/admin/usage", days="1")
    assert reply.status == 200
    (day,) = reply.body["days"]
    found: Mapping[str, Any] = day
    return found


def writes(world: World, process: Process, client: Client) -> int:
    """How many AWS calls a request for a token makes."""
    return len(measure(world, process, lambda p: p.get_token(client), 200).calls)


def test_the_first_request_writes_and_then_one_a_minute(world: World) -> None:
    client = world.add_client()
    process = world.open_process()
    first = writes(world, process, client)
    usual = [writes(world, process, client) for _ in range(20)]
    assert set(usual) == {usual[0]}
    assert first >= usual[0] + 1
    world.clock.sleep(EVERY_SECONDS)
    assert writes(world, process, client) == usual[0] + 1
    assert writes(world, process, client) == usual[0]


def test_figures_are_summed_over_processes(world: World, admin: Client) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN, user_id=None)
    before = today(world, admin)
    for process in (world.process, world.open_process()):
        process.get_token(client)
        process.post_form("/oauth2/server/token", {"grant_type": "magic"})
        process.whoami("gla_nonsense")
        process.whoami("")
        token = process.get_token(client).token
        process.call("GET", "/admin/users", headers={"Authorization": f"Bearer {token}"})
        world.clock.sleep(EVERY_SECONDS)
        process.whoami(token)
    after = today(world, admin)
    # The look itself got a token in between.
    assert after["issued"]["client_credentials"] - before["issued"]["client_credentials"] == 5
    assert after["refused"] == {"unsupported_grant_type": 2}
    assert after["denied"] == {"insufficient_scope": 2}


def test_last_uses_are_those_of_applications_and_their_secrets(world: World, admin: Client) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN, user_id=None)
    path = f"/admin/applications/{client.client_id}/usage"
    secret_id = client.application.secrets[0].secret_id
    assert read(world, admin, path).body == {"last_used_at": None, "secrets": {secret_id: None}}
    world.process.whoami(client.secret)
    first = read(world, admin, path).body
    assert first["last_used_at"] == first["secrets"][secret_id]
    token = world.process.get_token(client).token
    world.clock.sleep(EVERY_SECONDS)
    world.process.whoami(token)
    second = read(world, admin, path).body
    assert second["last_used_at"] > first["last_used_at"]
    assert second["secrets"][secret_id] == first["secrets"][secret_id]


def test_a_resource_server_and_the_token_that_it_asks_about_are_used(
    world: World, admin: Client
) -> None:
    server = world.add_client(introspection=Introspection.ANY)
    client = world.add_client(GrantType.BEARER_TOKEN, user_id=None)
    process = world.open_process()
    assert process.introspect(client.secret, server).body["active"]
    for used in (server, client):
        found = read(world, admin, f"/admin/applications/{used.client_id}/usage").body
        assert found["last_used_at"]
        assert list(found["secrets"].values()) == [found["last_used_at"]]


def test_a_question_about_an_own_token_is_a_use_of_the_secret_alone(
    world: World, admin: Client
) -> None:
    client = world.add_client(user_id=world.add_user("robot").user_id)
    token = world.process.get_token(client).token
    world.clock.sleep(EVERY_SECONDS)
    assert world.process.introspect(token, client).body["active"]
    found = read(world, admin, f"/admin/applications/{client.client_id}/usage").body
    assert found["last_used_at"] == rfc3339(world.clock.now())


def test_a_public_application_is_not_used_by_being_named_at_revocation(
    world: World, admin: Client
) -> None:
    client = world.add_client(GrantType.AUTHORIZATION_CODE, public=True)
    form = {"client_id": client.client_id, "token": "gla_nonsense"}
    assert world.open_process().post_form("/oauth2/server/revoke", form).status == 200
    path = f"/admin/applications/{client.client_id}/usage"
    assert read(world, admin, path).body["last_used_at"] is None


def test_nobody_is_used_by_being_named(world: World, admin: Client) -> None:
    client = world.add_client()
    wrong = world.process.post_form(
        "/oauth2/server/token",
        {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": "x"},
    )
    assert wrong.status == 401
    token = world.process.get_token(world.add_client()).token
    forged = token[:-8] + "aaaaaaaa"
    assert world.process.whoami(forged).status == 401
    world.clock.sleep(EVERY_SECONDS)
    world.process.get_token(world.add_client())
    path = f"/admin/applications/{client.client_id}/usage"
    assert read(world, admin, path).body["last_used_at"] is None


def test_a_request_succeeds_while_figures_cannot_be_written_and_they_wait(
    world: World, admin: Client
) -> None:
    client = world.add_client()
    process = world.process
    process.get_token(client)
    before = today(world, admin)["issued"]["client_credentials"]
    world.clock.sleep(EVERY_SECONDS)
    with world.database.intercepted(refuse_transactions):
        assert process.get_token(client).status == 200
        assert process.get_token(client).status == 200
    world.clock.sleep(EVERY_SECONDS)
    process.get_token(client)
    # Three of this process, and the first look's own.
    assert today(world, admin)["issued"]["client_credentials"] - before == 4


def refuse_transactions(
    operation: str, _: Mapping[str, Any], answer: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    if operation == "TransactWriteItems":
        raise failure(operation, "ProvisionedThroughputExceededException", "slow down")
    return answer()


@pytest.mark.parametrize("days", ["0", "91", "x", "1.5", "-1"])
def test_a_number_of_days_has_bounds(world: World, admin: Client, days: str) -> None:
    reply = read(world, admin, "/admin/usage", days=days)
    assert (reply.status, list(reply.body["fields"])) == (400, ["days"])
    assert len(read(world, admin, "/admin/usage", days="90").body["days"]) == 90
