"""AWS calls and capacity units of a person's grant, held to the design's budget, leases empty."""

from collections.abc import Callable

import pytest

from tests.faults.costs import Cost, measure
from tests.faults.test_person_races import exchange_in, refresh_in
from tests.harness import Process, Reply, World
from tests.pages.browser import Browser, add_person, add_web_client
from tests.people import code_for, exchange, refresh, web_client

OPENID = "openid profile api offline_access"
CALLS = ["BatchGetItem", "PutItem"]


def warm(world: World) -> Process:
    """A process that has the key ring in memory."""
    process = world.open_process()
    process.call("GET", "/oauth2/server/jwks")
    client = web_client(world)
    code = code_for(world, client, world.add_user("warm"), scope=OPENID)
    assert exchange_in(process, client, code).status == 200
    return process


def assert_within_budget(cost: Cost) -> None:
    assert cost.calls == CALLS
    assert cost.reads <= 3, cost
    assert cost.writes <= 2, cost


@pytest.mark.parametrize("scope", ["api offline_access", OPENID])
def test_an_exchange_is_a_read_and_a_write(scope: str) -> None:
    world = World()
    client = web_client(world)
    code = code_for(world, client, world.add_user(), scope=scope)
    cost = measure(world, warm(world), lambda process: exchange_in(process, client, code), 200)
    assert_within_budget(cost)


def test_a_refresh_is_a_read_and_a_write_with_four_live_tokens() -> None:
    world = World()
    client = web_client(world)
    token = exchange(world, client, code_for(world, client, world.add_user())).body
    for _ in range(4):
        token = refresh(world, client, token["refresh_token"]).body
    value = token["refresh_token"]
    cost = measure(world, world.process, lambda process: refresh_in(process, client, value), 200)
    assert_within_budget(cost)


def test_a_repeated_refresh_is_a_read() -> None:
    world = World()
    client = web_client(world)
    token = exchange(world, client, code_for(world, client, world.add_user())).body
    value = token["refresh_token"]
    assert refresh(world, client, value).status == 200
    cost = measure(world, world.process, lambda process: refresh_in(process, client, value), 200)
    assert cost.calls == ["BatchGetItem"]


def test_a_first_id_token_of_a_process_reads_the_key_ring_once() -> None:
    world = World()
    client, user = web_client(world), world.add_user()
    exchange(world, client, code_for(world, client, user))
    code = code_for(world, client, user)
    cold = world.open_process()
    cost = measure(world, cold, lambda process: exchange_in(process, client, code), 200)
    assert cost.calls == ["BatchGetItem", "BatchGetItem", "PutItem"]


def counted(world: World, act: Callable[[], Reply], status: int) -> list[str]:
    """The calls of one step of a browser."""
    return measure(world, world.process, lambda _: act(), status).calls


def test_each_step_of_a_login_stays_within_its_round_trips() -> None:
    world = World()
    add_person(world)
    client, browser = add_web_client(world), Browser(world)
    read, counter = "BatchGetItem", "UpdateItem"
    assert counted(world, lambda: browser.authorize(client), 200) == [read] * 2
    location: list[Reply] = []
    took = counted(world, lambda: location.append(browser.log_in()) or location[0], 303)
    assert took == [read, *[counter] * 2, *[read] * 3, *[counter] * 2, read, "PutItem"]
    assert counted(world, lambda: browser.follow(location[0]), 200) == [read] * 2
    took = counted(world, lambda: browser.submit(decision="allow"), 303)
    assert took == [read, read, "TransactWriteItems", "PutItem"]
    # Session, person, application and consents; then the grant with the code.
    cost = measure(world, world.process, lambda _: browser.authorize(client), 303)
    assert cost == Cost(CALLS, reads=4, writes=1)
    assert counted(world, lambda: browser.get("/account"), 200) == [read] * 4
