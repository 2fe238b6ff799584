"""Sessions in every order of their AWS calls, with faults: real operations, in-memory DynamoDB.

All schedules of two operations with one fault, and of three without one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations, combinations_with_replacement
from typing import Any

import pytest

from chalicelib.directory.sessions import Sessions
from chalicelib.directory.users import Users
from chalicelib.oauth.model import User
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.settings import Settings
from chalicelib.storage.connection import request_budget
from chalicelib.storage.stores import open_stores
from tests.faults.deployment import StubConnection, make_tables
from tests.faults.dynamodb import InMemoryDynamoDB
from tests.faults.paths import Path, explore
from tests.faults.schedules import Schedule
from tests.faults.world import NOW, SYSTEM, TrueTime

# Past the step, so that a use is written.
LATER = NOW + 100
SETTINGS = Settings(table_prefix="test-", lease_seconds=0.0)


class Process:
    """One process: its own connection and stores, in the schedule's time."""

    def __init__(self, schedule: Schedule) -> None:
        self.clock = TrueTime(lambda: schedule.now, schedule.sleep)
        connection = StubConnection(self.clock, schedule.send)
        self.stores = open_stores(SETTINGS, self.clock, connection)
        self.sessions = Sessions(self.stores.sessions, self.clock)
        self.users = Users(self.stores.users, self.clock)


@dataclass
class Play:
    """One schedule: the state that it begins with, and what its operations came to."""

    user: User
    first: str
    second: str
    done: dict[str, Any] = field(default_factory=dict)

    def use(self, process: Process) -> object:
        return process.sessions.find(self.first) is not None

    def log_in(self, process: Process) -> object:
        return process.sessions.log_in(self.user, "192.0.2.2", "")[1]

    def log_out(self, process: Process) -> object:
        process.sessions.end(self.first)
        return True

    def end_all(self, process: Process) -> object:
        process.sessions.end_all(self.user.user_id, SYSTEM)
        return True

    def disable(self, process: Process) -> object:
        process.users.disable(self.user.user_id, SYSTEM)
        process.users.enable(self.user.user_id, SYSTEM)
        return True

    def actor(self, schedule: Schedule, name: str, kind: str) -> Callable[[], None]:
        """The operation as a request to a process of its own."""
        process = Process(schedule)

        def work() -> None:
            with request_budget(process.clock):
                try:
                    self.done[name] = getattr(self, kind)(process)
                except StoreUnavailable:
                    # Nothing was acknowledged.
                    self.done.pop(name, None)

        return work


KINDS = ("use", "log_in", "log_out", "end_all", "disable")
# Disabling twice has its schedules where users are tested; with a fault they are many.
PAIRS = [pair for pair in combinations_with_replacement(KINDS, 2) if pair != ("disable",) * 2]


def start() -> tuple[InMemoryDynamoDB, Any, Play]:
    """A user with two sessions, a moment ago."""
    database = InMemoryDynamoDB()
    make_tables(database, SETTINGS.table_prefix)
    process = Process(Schedule(Path(), database, NOW))
    values = {"user_name": "jdoe", "user_domain": "domain"}
    user = process.users.create(values, SYSTEM).user
    cookies = [process.sessions.log_in(user, "192.0.2.1", "")[1] for _ in range(2)]
    return database, database.snapshot(), Play(user, *cookies)


def judge(play: Play, kinds: tuple[str, ...], schedule: Schedule) -> None:
    """What must hold of every history, asked of a process that has seen none of it."""
    find = Process(schedule).sessions.find
    acknowledged = {kind for name, kind in named(kinds).items() if name in play.done}
    if acknowledged & {"log_out", "end_all", "disable"}:
        assert find(play.first) is None, "an ended session lives"
    if acknowledged & {"end_all", "disable"}:
        assert find(play.second) is None, "an ended session lives"
    if not set(kinds) & {"end_all", "disable"}:
        assert find(play.second) is not None, "a session was lost"
        if "log_out" not in kinds:
            assert find(play.first) is not None, "a session was lost"
    for name, kind in named(kinds).items():
        if kind == "use" and not set(kinds) & {"log_out", "end_all", "disable"}:
            assert play.done.get(name, True), "a valid session was refused"
        if kind == "log_in" and name in play.done:
            found = find(play.done[name]) is not None
            assert not (found and "disable" in acknowledged), "a login outlives its epoch"
            assert found or set(kinds) & {"end_all", "disable"}, "a login was lost"


def named(kinds: tuple[str, ...]) -> dict[str, str]:
    return {f"{number} {kind}": kind for number, kind in enumerate(kinds)}


def play_all(kinds: tuple[str, ...], faults: int) -> int:
    """Every schedule of these operations; how many there were."""
    database, snapshot, begun = start()

    def run(path: Path) -> None:
        database.restore(snapshot)
        play = Play(begun.user, begun.first, begun.second)
        schedule = Schedule(path, database, LATER, faults=faults)
        for name, kind in named(kinds).items():
            schedule.add(name, play.actor(schedule, name, kind))
        schedule.run()
        judge(play, kinds, schedule)

    return explore(run)


@pytest.mark.checklist("15", "45", "50")
@pytest.mark.parametrize("kinds", PAIRS)
def test_two_operations_with_a_fault_keep_every_promise(kinds: tuple[str, ...]) -> None:
    assert play_all(kinds, faults=1) > 20


@pytest.mark.checklist("15", "45", "50")
@pytest.mark.parametrize("kinds", list(combinations(KINDS, 3)))
def test_three_operations_keep_every_promise(kinds: tuple[str, ...]) -> None:
    assert play_all(kinds, faults=0) > 20


@pytest.mark.checklist("39", "41")
def test_what_ttl_deleted_is_not_made_again_by_a_late_write() -> None:
    database, snapshot, begun = start()

    def days_pass(schedule: Schedule) -> None:
        schedule.now += 10 * 86_400
        database.delete_expired(int(schedule.now))

    def run(path: Path) -> None:
        database.restore(snapshot)
        play = Play(begun.user, begun.first, begun.second)
        events = {"days pass": days_pass}
        schedule = Schedule(path, database, LATER, faults=1, events=events)
        for name, kind in named(("use", "log_out")).items():
            schedule.add(name, play.actor(schedule, name, kind))
        schedule.run()
        if schedule.now > LATER + 86_400:
            assert Process(schedule).sessions.find(begun.second) is None
            sessions = Process(schedule).stores.sessions.load(begun.user.user_id).sessions
            assert sessions.version == 0, "a row came back"

    assert explore(run) > 100
