"""The function that rotates the signing keys, as Lambda calls it."""

from typing import Any

import pytest

from app import create_app
from chalicelib.oauth.signing_keys import PUBLISHED_SECONDS, SIGNING_SECONDS
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.settings import Settings
from tests.harness import World


@pytest.fixture
def world() -> World:
    return World()


def rotate(world: World, event: object) -> Any:
    return world.process.app.handler_map["rotate_keys"](event, None)


def published(world: World) -> list[str]:
    jwks = world.process.call("GET", "/oauth2/server/jwks").body
    return [key["kid"] for key in jwks["keys"]]


def states(answer: Any, algorithm: str = "RS256") -> list[str]:
    return [key["state"] for key in answer["keys"] if key["alg"] == algorithm]


def test_the_schedule_rotates_the_keys_that_are_published(world: World) -> None:
    first = published(world)
    assert rotate(world, {})["changes"] == []
    world.clock.sleep(SIGNING_SECONDS - PUBLISHED_SECONDS)
    answer = rotate(world, {})
    assert states(answer) == ["active", "next"]
    assert [change["state"] for change in answer["changes"]] == ["next", "next"]
    second = published(world)
    assert second[: len(first)] == first
    assert len(second) == 2 * len(first)
    world.clock.sleep(PUBLISHED_SECONDS)
    answer = rotate(world, {})
    assert states(answer) == ["retiring", "active"]
    assert set(published(world)) == set(second)


def test_a_command_starts_it_and_shows_every_key(world: World) -> None:
    answer = rotate(world, {"start": True})
    assert states(answer) == ["active", "next"]
    assert set(answer["keys"][0]) == {
        "kid", "alg", "state", "created_at", "activated_at", "retired_at",
    }  # fmt: skip
    assert rotate(world, {"start": True}) == {"changes": [], "keys": answer["keys"]}


@pytest.mark.parametrize(
    "event", [None, [], "", {"start": "yes"}, {"start": False}, {"stop": True}]
)
def test_an_event_that_is_not_understood_does_nothing(world: World, event: object) -> None:
    rotate(world, {})
    with pytest.raises(ValueError, match="the event is"):
        rotate(world, event)
    assert states(rotate(world, {})) == ["active"]


def test_with_kms_down_it_fails_so_that_lambda_tries_again(world: World) -> None:
    rotate(world, {})
    world.protector.unavailable = True
    with pytest.raises(StoreUnavailable):
        rotate(world, {"start": True})
    assert states(rotate(world, {})) == ["active"]


def test_without_an_issuer_there_is_no_ring() -> None:
    app = create_app(Settings())
    with pytest.raises(RuntimeError, match="GRANTLINE_ISSUER"):
        app.handler_map["rotate_keys"]({}, None)
