"""What the audit trail says of a code or refresh token that was presented again."""

import pytest

from chalicelib.oauth.model import User
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.oauth.tokens import parse
from tests.harness import Client, Reply, World
from tests.people import code_for, exchange, refresh, web_client

REPLAYED = "grant.replayed"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def user(world: World) -> User:
    return world.add_user()


@pytest.fixture
def client(world: World) -> Client:
    return web_client(world)


def assert_refused(reply: Reply) -> None:
    assert (reply.status, reply.body["error"]) == (400, "invalid_grant")


@pytest.mark.checklist("19", "43")
@pytest.mark.parametrize("what", ["code", "refresh_token"])
def test_a_replay_is_in_the_audit_trail_once(
    world: World, user: User, client: Client, what: str
) -> None:
    code = code_for(world, client, user)
    tokens = exchange(world, client, code).body
    refresh(world, client, tokens["refresh_token"])
    world.clock.sleep(61)
    assert world.stores.audit.list_events(client.client_id, None, 1).items[0].action != REPLAYED
    for _ in range(3):
        if what == "code":
            assert_refused(exchange(world, client, code))
        else:
            assert_refused(refresh(world, client, tokens["refresh_token"]))
    events = world.stores.audit.list_events(client.client_id, None, 10).items
    (event,) = [one for one in events if one.action == REPLAYED]
    grant_id = parse(code).grant_id
    assert event.changes == {"replayed": what, "grant_id": grant_id, "user_id": user.user_id}
    assert (event.actor.client_id, event.actor.source_ip) == (client.client_id, "192.0.2.1")


def test_a_replay_of_what_was_revoked_before_is_no_event(
    world: World, user: User, client: Client
) -> None:
    code = code_for(world, client, user)
    tokens = exchange(world, client, code).body
    assert world.process.revoke(tokens["access_token"], client).status == 200
    assert_refused(exchange(world, client, code))
    events = world.stores.audit.list_events(client.client_id, None, 10).items
    assert REPLAYED not in [event.action for event in events]


def test_a_replay_ends_its_login_where_the_audit_trail_is_out_of_reach(
    world: World, user: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_for(world, client, user)
    token = exchange(world, client, code).token

    def fail(*_: object) -> None:
        raise StoreUnavailable("the table audit_events")

    monkeypatch.setattr(type(world.stores.grants), "report", fail)
    assert_refused(exchange(world, client, code))
    assert world.process.whoami(token).status == 401
