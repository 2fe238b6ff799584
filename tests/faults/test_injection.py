"""A fault at every AWS call of every operation: success, or 503, and never half of anything."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from chalicelib.storage.connection import DEADLINE_SECONDS, MAXIMUM_ATTEMPTS
from tests.faults.dynamodb import Snapshot, failure
from tests.faults.operations import (
    ADMINISTRATION,
    CALLBACK,
    EXTENDING,
    JWT,
    PROTOCOL,
    REGISTER,
    REGISTRATION,
    Operation,
    Send,
)
from tests.faults.provisioning import LEAVE, PROVISIONING
from tests.harness import Reply, World
from tests.scim import SCIM

Call = Callable[[], dict[str, Any]]
Fault = Callable[[World, str, Call], dict[str, Any]]
"""Is given an operation's name and a way to do it; does it or not, and raises."""

EVERY = (*PROTOCOL, *ADMINISTRATION, *PROVISIONING)


def throttled(_: World, operation: str, __: Call) -> dict[str, Any]:
    raise failure(operation, "ProvisionedThroughputExceededException", "slow down")


def failed(_: World, operation: str, __: Call) -> dict[str, Any]:
    raise failure(operation, "InternalServerError", "sorry", 500)


def in_conflict(_: World, operation: str, __: Call) -> dict[str, Any]:
    if operation != "TransactWriteItems":
        raise failure(operation, "TransactionConflictException", "another transaction")
    reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
    raise failure(
        operation, "TransactionCanceledException", "cancelled", CancellationReasons=reasons
    )


def unreachable(_: World, __: str, ___: Call) -> dict[str, Any]:
    raise EndpointConnectionError(endpoint_url="https://dynamodb")


def connecting_too_long(world: World, _: str, __: Call) -> dict[str, Any]:
    world.clock.sleep(1)
    raise ConnectTimeoutError(endpoint_url="https://dynamodb")


def answer_lost(world: World, _: str, call: Call) -> dict[str, Any]:
    """It happens, and two seconds later nobody has heard of it."""
    with suppress(Exception):
        call()
    world.clock.sleep(2)
    raise ReadTimeoutError(endpoint_url="https://dynamodb")


def half_answered(_: World, operation: str, call: Call) -> dict[str, Any]:
    """A batch of which nothing was processed; other operations are throttled."""
    if operation != "BatchGetItem":
        return throttled(_, operation, call)
    answer = call()
    empty: dict[str, list[Any]] = {table: [] for table in answer["Responses"]}
    return {"Responses": empty, "UnprocessedKeys": half_answered_keys(answer)}


def half_answered_keys(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What DynamoDB asks to be asked for again."""
    return {
        table: {"Keys": [{"key": item["key"]} for item in items], "ConsistentRead": True}
        for table, items in answer["Responses"].items()
        if items
    }


FAULTS = (
    throttled,
    failed,
    in_conflict,
    unreachable,
    connecting_too_long,
    answer_lost,
    half_answered,
)


class Killed(BaseException):
    """The process is gone."""


@cache
def prepared(operation: Operation) -> tuple[World, Send, Snapshot, float]:
    """A deployment in which the request can be sent, and how it was then."""
    world = World()
    send = operation.prepare(world)
    return world, send, world.database.snapshot(), world.clock.seconds


class Trial:
    """One operation in a fresh deployment; its call number `last`, and maybe later ones, suffer."""

    def __init__(self, operation: Operation) -> None:
        self.world, self._send, snapshot, now = prepared(operation)
        self.world.clock.seconds = now
        self.world.database.restore(snapshot)
        self.before = shape(self.world)
        self.calls = 0

    def send(self, fault: Fault | None = None, last: int = 0, *, persistent: bool = False) -> Reply:
        """Send the request to a process without hints or leases."""
        self.calls = 0

        def disturb(operation: str, _: Mapping[str, Any], call: Call) -> dict[str, Any]:
            number = self.calls
            self.calls += 1
            hit = number >= last if persistent else number == last
            if fault is not None and hit:
                return fault(self.world, operation, call)
            return call()

        with self.world.database.intercepted(disturb):
            return self._send(self.world.open_process())


def shape(world: World) -> Counter[tuple[str, str]]:
    """How many items of each kind there are in each table; names show which they are."""
    return Counter(
        (name, _kind(key)) for name, table in world.database.tables.items() for key in table.items
    )


def _kind(key: str) -> str:
    kind, _, rest = key.partition("#")
    return key if kind == "name" and "application " not in rest else kind


def whole(operation: Operation) -> tuple[Counter[tuple[str, str]], int]:
    """What the operation leaves, with nothing in its way, and how many calls it makes."""
    trial = Trial(operation)
    assert trial.send().status == operation.status
    after = shape(trial.world)
    after.subtract(trial.before)
    return after, trial.calls


def change(trial: Trial) -> Counter[tuple[str, str]]:
    after = shape(trial.world)
    after.subtract(trial.before)
    return after


NOTHING: Counter[tuple[str, str]] = Counter()
by_name = pytest.mark.parametrize("operation", EVERY, ids=lambda operation: operation.name)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@by_name
def test_one_fault_at_any_call_changes_nothing_for_the_caller(
    operation: Operation, fault: Fault
) -> None:
    expected, calls = whole(operation)
    for last in range(calls):
        trial = Trial(operation)
        reply = trial.send(fault, last)
        assert reply.status == operation.status, (last, reply)
        assert change(trial) == expected, last


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@by_name
@pytest.mark.checklist("46")
def test_storage_that_stays_away_is_a_503_and_nothing_half_done(
    operation: Operation, fault: Fault
) -> None:
    expected, calls = whole(operation)
    for last in range(calls):
        trial = Trial(operation)
        started = trial.world.clock.monotonic()
        reply = trial.send(fault, last, persistent=True)
        if operation in EXTENDING and last == calls - 1:
            # The token was proved valid; only its extension is lost.
            assert reply.status == operation.status
        else:
            assert_unavailable(reply)
        assert trial.world.clock.monotonic() - started <= DEADLINE_SECONDS
        # A callback's claim is given up when the bus does not take it.
        failing = 2 if operation is CALLBACK else 1
        assert trial.calls <= last + failing * MAXIMUM_ATTEMPTS
        # An outcome that nobody heard of is all of it or nothing.
        assert change(trial) in (NOTHING, expected), last


def assert_unavailable(reply: Reply) -> None:
    assert reply.status == 503, reply
    assert int(reply.headers["Retry-After"]) > 0
    if reply.headers["Content-Type"] == SCIM:
        assert json.loads(reply.body)["status"] == "503"
    else:
        assert reply.body["error"] == "temporarily_unavailable"
    assert "access_token" not in json.dumps(reply.body)


def kills(operation: Operation) -> Iterator[Trial]:
    """The operation in processes that die before or after each of its calls."""
    for done in (False, True):
        for last in count():
            trial = Trial(operation)

            def die(_: World, __: str, call: Call, *, done: bool = done) -> dict[str, Any]:
                if done:
                    call()
                raise Killed

            try:
                trial.send(die, last)
            except Killed:
                yield trial
            else:
                break


@by_name
def test_a_process_killed_between_any_two_calls_leaves_all_or_nothing(
    operation: Operation,
) -> None:
    expected, calls = whole(operation)
    deaths = 0
    for trial in kills(operation):
        deaths += 1
        assert change(trial) in (NOTHING, expected)
    assert deaths == 2 * calls


@pytest.mark.checklist("56")
def test_a_killed_registration_leaves_its_name_free_or_taken_by_a_whole_application() -> None:
    for trial in kills(REGISTER):
        stores = trial.world.stores
        names = [
            registration.application.name
            for registration in stores.applications.list_registrations("", None, 100).items
        ]
        again = trial.send()
        if REGISTRATION["name"] in names:
            assert again.status == 409
        else:
            assert again.status == 201
            assert change(trial) == whole(REGISTER)[0]


@pytest.mark.checklist("31")
def test_the_same_event_twice_is_never_a_second_grant() -> None:
    trial = Trial(JWT)
    assert trial.send().status == 200
    again = trial.send()
    assert (again.status, again.body["error"]) == (400, "invalid_grant")
    assert change(trial) == whole(JWT)[0]


@by_name
def test_no_decision_rests_on_an_eventually_consistent_read(operation: Operation) -> None:
    """With a replica that still knows nothing, every operation succeeds all the same."""
    trial = Trial(operation)
    database = trial.world.database
    now = database.snapshot()
    database.restore({})
    database.freeze_replica()
    replica = database.replica
    database.restore(now)
    database.replica = replica
    reply = trial.send()
    if operation is LEAVE:
        # Who is in the group is known to be unknown: the list is shorter than the group says.
        assert_unavailable(reply)
        assert change(trial) == NOTHING
    else:
        assert reply.status == operation.status
