"""A consent withdrawn: everything that was issued under it fails at the next request."""

import pytest

from chalicelib.audit import Actor
from chalicelib.directory.consents import Consents
from chalicelib.oauth.model import GrantType, User
from tests.faults.costs import measure
from tests.harness import Client, World
from tests.people import code_for, exchange, refresh, web_client

ADMINISTRATOR = Actor("app_console", "usr_admon", "domain\\admon", "192.0.2.1")
SCOPES = frozenset({"api", "openid", "profile", "offline_access"})


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> Client:
    return web_client(world)


@pytest.fixture
def user(world: World, client: Client) -> User:
    user = world.add_user()
    Consents(world.stores.consents, world.clock).remember(user, client.client_id, SCOPES)
    return user


def withdraw(world: World, user: User, client: Client) -> None:
    consents = Consents(world.stores.consents, world.clock)
    assert consents.withdraw(user.user_id, client.client_id, ADMINISTRATOR)


def userinfo(world: World, token: str) -> int:
    bearer = {"Authorization": f"Bearer {token}"}
    return world.process.call("GET", "/oauth2/server/userinfo", headers=bearer).status


@pytest.mark.checklist("49", "50")
def test_codes_access_and_refresh_tokens_fail_at_the_next_request(
    world: World, client: Client, user: User
) -> None:
    code = code_for(world, client, user)
    tokens = exchange(world, client, code_for(world, client, user)).body
    rotated = refresh(world, client, tokens["refresh_token"]).body
    other = web_client(world)
    kept = exchange(world, other, code_for(world, other, user)).body
    assert userinfo(world, rotated["access_token"]) == 200
    withdraw(world, user, client)
    assert exchange(world, client, code).body["error"] == "invalid_grant"
    for held in (tokens, rotated):
        assert world.process.whoami(held["access_token"]).status == 401
        assert userinfo(world, held["access_token"]) == 401
        assert world.process.introspect(held["access_token"], client).body == {"active": False}
        # Within the grace of a lost answer, too.
        assert refresh(world, client, held["refresh_token"]).body["error"] == "invalid_grant"
    assert world.process.whoami(kept["access_token"]).status == 200
    assert refresh(world, other, kept["refresh_token"]).status == 200


@pytest.mark.checklist("49")
def test_what_is_issued_after_a_new_consent_is_good_and_the_old_stays_dead(
    world: World, client: Client, user: User
) -> None:
    old = exchange(world, client, code_for(world, client, user)).body
    withdraw(world, user, client)
    loaded = world.stores.users.load(user.user_id)
    assert loaded is not None
    new = exchange(world, client, code_for(world, client, loaded.user)).body
    assert world.process.whoami(new["access_token"]).status == 200
    assert refresh(world, client, new["refresh_token"]).status == 200
    assert world.process.whoami(old["access_token"]).status == 401


@pytest.mark.checklist("49")
def test_another_persons_tokens_of_the_application_go_on(
    world: World, client: Client, user: User
) -> None:
    other = world.add_user("other")
    tokens = exchange(world, client, code_for(world, client, other)).body
    withdraw(world, user, client)
    assert world.process.whoami(tokens["access_token"]).status == 200


def test_a_code_of_somebody_who_was_read_before_the_withdrawal_is_dead(
    world: World, client: Client, user: User
) -> None:
    withdraw(world, user, client)
    code = code_for(world, client, user)
    assert exchange(world, client, code).body["error"] == "invalid_grant"


def test_what_the_application_holds_by_its_own_right_goes_on(world: World) -> None:
    """Of grant type `all`, acting as the very user who withdraws."""
    user = world.add_user()
    client = web_client(world, user_id=user.user_id)
    client = world.change(client, grant_type=GrantType.ALL)
    Consents(world.stores.consents, world.clock).remember(user, client.client_id, SCOPES)
    machine = world.process.get_token(client, scope="api").token
    withdraw(world, user, client)
    assert world.process.whoami(machine).status == 200
    assert world.process.get_token(client, scope="api").status == 200


def test_judging_a_persons_token_still_costs_one_round_trip_and_three_units(
    world: World, client: Client, user: User
) -> None:
    withdraw(world, user, client)
    loaded = world.stores.users.load(user.user_id)
    assert loaded is not None
    token = exchange(world, client, code_for(world, client, loaded.user)).body["access_token"]
    cost = measure(world, world.open_process(), lambda process: process.whoami(token), 200)
    assert (cost.calls, cost.reads, cost.writes) == (["BatchGetItem"], 3, 0)
