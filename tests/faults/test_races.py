"""Many processes at once, through the whole handler: one wins, and nobody wins twice."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

import pytest

from chalicelib.oauth.model import GrantType
from tests.faults.operations import REGISTRATION, SLIDING, Scene, jwt_bearer
from tests.harness import Process, Reply, World

MANY = 32
# Equal after NFKC and case folding.
SPELLINGS = ("Straße", "STRASSE", "\N{FULLWIDTH LATIN CAPITAL LETTER S}trasse", "strasse")


@pytest.fixture
def world() -> Iterator[World]:
    """A deployment whose database answers one request at a time, in the order they come."""
    world = World()
    lock = Lock()

    def one_at_a_time(
        _: str, __: Mapping[str, Any], answer: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        with lock:
            return answer()

    with world.database.intercepted(one_at_a_time):
        yield world


def all_at_once(world: World, send: Callable[[Process, int], Reply]) -> list[Reply]:
    """The answers of 32 processes that were sent a request at the same moment."""
    barrier = Barrier(MANY)
    processes = [world.open_process() for _ in range(MANY)]

    def run(number: int) -> Reply:
        barrier.wait()
        return send(processes[number], number)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(run, range(MANY)))


@pytest.mark.checklist("31")
def test_of_32_uses_of_one_jti_one_gets_a_token(world: World) -> None:
    request = jwt_bearer(world)
    replies = all_at_once(world, lambda process, _: request(process))
    assert Counter(reply.status for reply in replies) == {200: 1, 400: MANY - 1}
    assert {reply.body["error"] for reply in replies if reply.status == 400} == {"invalid_grant"}
    assert len(world.tokens()) == 1


@pytest.mark.checklist("56")
def test_of_32_registrations_of_one_folded_name_one_succeeds(world: World) -> None:
    headers = Scene(world).administrator()

    def register(process: Process, number: int) -> Reply:
        name = SPELLINGS[number % len(SPELLINGS)]
        body = json.dumps(REGISTRATION | {"name": name})
        return process.call("POST", "/admin/applications", headers=headers, body=body)

    replies = all_at_once(world, register)
    assert Counter(reply.status for reply in replies) == {201: 1, 409: MANY - 1}


@pytest.mark.checklist("56")
def test_of_32_users_of_one_folded_name_one_is_created(world: World) -> None:
    headers = Scene(world).administrator()

    def create(process: Process, number: int) -> Reply:
        name = SPELLINGS[number % len(SPELLINGS)]
        body = json.dumps({"user_name": name, "user_domain": "domain"})
        return process.call("POST", "/admin/users", headers=headers, body=body)

    replies = all_at_once(world, create)
    assert Counter(reply.status for reply in replies) == {201: 1, 409: MANY - 1}


def test_of_32_rotations_at_most_one_succeeds_and_every_secret_shown_works(world: World) -> None:
    scene = Scene(world)
    headers = scene.administrator()
    client = scene.client(GrantType.BEARER_TOKEN)
    path = f"/admin/applications/{client.client_id}/secrets"
    body = json.dumps({"overlap_seconds": 60})
    replies = all_at_once(
        world, lambda process, _: process.call("POST", path, headers=headers, body=body)
    )
    assert Counter(reply.status for reply in replies) == {201: 1, 409: MANY - 1}
    shown = next(reply.body["client_secret"] for reply in replies if reply.status == 201)
    for secret in (client.secret, shown):
        assert world.open_process().whoami(secret).status == 200


@pytest.mark.checklist("45")
def test_32_uses_of_a_sliding_token_extend_it_and_lock_nobody_out(world: World) -> None:
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS, life_cycle=SLIDING)
    token = world.process.get_token(client).token
    world.clock.sleep(600)
    replies = all_at_once(world, lambda process, _: process.whoami(token))
    assert {reply.status for reply in replies} == {200}
    (grant,) = world.tokens().values()
    assert grant["version"] == {"N": "2"}
