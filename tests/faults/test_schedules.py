"""The model checker itself: it takes every order, and it finds what is wrong."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.faults.dynamodb import InMemoryDynamoDB
from tests.faults.paths import Path, explore
from tests.faults.schedules import Schedule

TABLE = {
    "TableName": "counters",
    "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
}
KEY = {"key": {"S": "k"}}


@pytest.fixture
def database() -> InMemoryDynamoDB:
    database = InMemoryDynamoDB()
    database.send("CreateTable", TABLE)
    return database


def count(database: InMemoryDynamoDB) -> int:
    return int(database.tables["counters"].items["k"]["count"]["N"])


def start(database: InMemoryDynamoDB) -> None:
    database.restore({"counters": {"k": {**KEY, "count": {"N": "0"}}}})


def increment(schedule: Schedule, *, conditional: bool) -> None:
    """Read, then write one more; on a failed condition or a time-out read again."""
    while True:
        item = schedule.send("GetItem", {"TableName": "counters", "Key": KEY})["Item"]
        before = item["count"]["N"]
        request = {
            "TableName": "counters",
            "Key": KEY,
            "UpdateExpression": "SET #c = :new",
            "ExpressionAttributeNames": {"#c": "count"},
            "ExpressionAttributeValues": {":new": {"N": str(int(before) + 1)}},
        }
        if conditional:
            request["ConditionExpression"] = "#c = :old"
            request["ExpressionAttributeValues"] = {
                ":new": {"N": str(int(before) + 1)},
                ":old": {"N": before},
            }
        try:
            schedule.send("UpdateItem", request)
        except (ClientError, ReadTimeoutError):
            continue
        return


def race(
    database: InMemoryDynamoDB, *, conditional: bool, faults: int = 0
) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        start(database)
        schedule = Schedule(path, database, now=0, faults=faults)
        for name in ("a", "b"):
            schedule.add(name, lambda: increment(schedule, conditional=conditional))
        schedule.run()
        assert count(database) == 2

    return run


def test_a_lost_update_is_found(database: InMemoryDynamoDB) -> None:
    with pytest.raises(AssertionError, match="a: UpdateItem counters"):
        explore(race(database, conditional=False))


def test_conditional_writes_pass_every_order(database: InMemoryDynamoDB) -> None:
    assert explore(race(database, conditional=True)) == 4


def test_an_unknown_outcome_taken_for_a_failure_is_found(database: InMemoryDynamoDB) -> None:
    with pytest.raises(AssertionError, match="answer is lost"):
        explore(race(database, conditional=True, faults=1))


def test_a_sleeper_wakes_at_its_time(database: InMemoryDynamoDB) -> None:
    seen: set[tuple[float, float]] = set()

    def run(path: Path) -> None:
        schedule = Schedule(path, database, now=10.0)
        at: dict[str, float] = {}

        def sleeper() -> None:
            schedule.sleep(1.0)
            at["sleeper"] = schedule.now

        def other() -> None:
            at["other"] = schedule.now

        schedule.add("sleeper", sleeper)
        schedule.add("other", other)
        schedule.run()
        seen.add((at["sleeper"], at["other"]))

    explore(run)
    assert seen == {(11.0, 10.0), (11.0, 11.0)}


def divide_by_zero() -> None:
    raise ZeroDivisionError


def test_an_error_of_an_actor_ends_the_schedule(database: InMemoryDynamoDB) -> None:
    def run(path: Path) -> None:
        schedule = Schedule(path, database, now=0)
        schedule.add("broken", divide_by_zero)
        schedule.add("waiting", lambda: schedule.sleep(1))
        schedule.run()

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        explore(run)
