"""Callbacks under faults: acknowledged means stored and published; nothing is ever lost."""

from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from chalicelib.protected.rpa.deliveries import CLAIM_SECONDS
from tests.faults.operations import CALLBACK
from tests.faults.test_injection import FAULTS, Call, Fault, Killed, Trial
from tests.harness import World


def retry(world: World) -> None:
    """The scheduled function, in a process of its own, until nothing is pending."""
    for _ in range(3):
        world.open_process().app.handler_map["deliver_callbacks"]({}, None)


def pending(world: World) -> int:
    items = world.database.tables["grantline-callbacks"].items.values()
    return sum("pending" in item for item in items)


def stored(world: World) -> int:
    return len(world.database.tables["grantline-callbacks"].items)


def fresh() -> Trial:
    trial = Trial(CALLBACK)
    trial.world.events.entries.clear()
    return trial


def assert_settled(world: World) -> None:
    """What was stored is published, under one id, and marked."""
    assert pending(world) == 0
    assert set(world.events.deliveries()) == {
        item["event_id"]["S"]
        for item in world.database.tables["grantline-callbacks"].items.values()
    }


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_whatever_fails_a_stored_callback_is_published_in_the_end(
    fault: Fault, *, persistent: bool
) -> None:
    for last in count():
        trial = fresh()
        reply = trial.send(fault, last, persistent=persistent)
        world = trial.world
        if reply.status == 200:
            assert pending(world) == 0
            assert world.events.entries
        else:
            assert reply.status == 503
        world.clock.sleep(CLAIM_SECONDS)
        retry(world)
        assert_settled(world)
        assert len(world.events.deliveries()) == stored(world)
        if trial.calls <= last:
            break


@pytest.mark.parametrize("done", [False, True])
def test_a_process_killed_between_any_two_calls_loses_nothing(*, done: bool) -> None:
    deaths = 0
    for last in count():
        trial = fresh()

        def die(_: World, __: str, call: Call) -> dict[str, Any]:
            if done:
                call()
            raise Killed

        with suppress(Killed):
            trial.send(die, last)
            break
        deaths += 1
        world = trial.world
        assert stored(world) in (0, 1)
        # The sender heard nothing and sends it again, while the dead process holds the claim.
        first = trial.send()
        assert first.status in (200, 503)
        world.clock.sleep(CLAIM_SECONDS)
        again = trial.send()
        assert again.status == 200
        assert_settled(world)
        assert sum(world.events.deliveries().values()) <= 2
    assert deaths == 4


def test_the_scheduled_function_killed_anywhere_is_done_by_the_next() -> None:
    for last in range(4):
        trial = fresh()
        world = trial.world
        world.events.refusals = ["LimitExceededException"]
        assert trial.send().status == 503
        calls = count()

        def die(
            _: str,
            __: Mapping[str, Any],
            call: Call,
            calls: Any = calls,
            last: int = last,
        ) -> dict[str, Any]:
            if next(calls) == last:
                raise Killed
            return call()

        with world.database.intercepted(die), suppress(Killed):
            retry(world)
        world.clock.sleep(CLAIM_SECONDS)
        retry(world)
        assert_settled(world)


def test_while_one_process_publishes_a_repeat_and_the_schedule_keep_out() -> None:
    trial = fresh()
    world = trial.world
    answers: list[int] = []

    def pause(operation: str, _: Mapping[str, Any], call: Call) -> dict[str, Any]:
        if operation == "PutEvents" and not answers:
            answers.append(503)
            # The whole wait of a repeat fits into this one call of another process.
            answers.append(trial._send(world.open_process()).status)
            retry(world)
        return call()

    with world.database.intercepted(pause):
        answers.append(trial._send(world.open_process()).status)
    assert answers == [503, 503, 200]
    assert sum(world.events.deliveries().values()) == 1
    assert_settled(world)
