"""AWS calls and capacity units of each operation, held to the design's budget.

Steady state: the process has served such a request before, so it knows whom clients act as.
"""

import pytest

from chalicelib.oauth.model import GrantType
from tests.faults.costs import measure
from tests.faults.operations import ADMINISTRATION, PROTOCOL, Operation, Scene, Send
from tests.faults.schedules import WRITES
from tests.harness import Process, World

BY_NAME = {operation.name: operation for operation in PROTOCOL}


# (round trips, read units, write units), leases empty.
BUDGET = {
    "token: client credentials": (2, 2, 1),
    "token: bearer exchange": (2, 2, 1),
    "token: jwt bearer": (2, 2, 1),
    "token: client assertion": (2, 2, 1),
    "validate": (1, 3, 0),
    "validate sliding": (2, 3, 1),
    "validate secret": (2, 3, 1),
    "introspect": (1, 5, 0),
    "introspect as a resource server": (2, 5, 1),
    "revoke": (2, 3, 1),
}
# The same while leases of application, user and grant hold.
LEASED = {
    "token: client credentials": (1, 0, 1),
    "token: bearer exchange": (1, 0, 1),
    "validate": (0, 0, 0),
    "introspect": (0, 0, 0),
}

# The administrator's token, the application, its user before and after, the change itself.
MAXIMUM_CALLS_OF_A_CHANGE = 8


def warm_up(world: World, process: Process, send: Send) -> None:
    """Serve the request once and forget that it happened."""
    before = world.database.snapshot()
    send(process)
    world.database.restore(before)


@pytest.mark.parametrize("name", BUDGET)
def test_a_request_stays_within_its_round_trips(name: str) -> None:
    operation, world = BY_NAME[name], World()
    send = operation.prepare(world)
    process = world.open_process()
    warm_up(world, process, send)
    cost = measure(world, process, send, operation.status)
    trips, reads, writes = BUDGET[name]
    assert len(cost.calls) <= trips, cost
    assert cost.reads <= reads, cost
    assert cost.writes <= writes, cost


@pytest.mark.parametrize("name", LEASED)
def test_a_lease_spares_the_read(name: str) -> None:
    operation, world = BY_NAME[name], World(lease_seconds=1.0)
    send = operation.prepare(world)
    process = world.open_process()
    snapshot, time = world.database.snapshot(), world.clock.seconds
    send(process)
    world.database.restore(snapshot)
    world.clock.seconds = time
    cost = measure(world, process, send, operation.status)
    trips, reads, writes = LEASED[name]
    assert (len(cost.calls), cost.reads, cost.writes) == (trips, reads, writes), cost


def test_a_lease_spares_the_read_of_a_revocation() -> None:
    world = World(lease_seconds=1.0)
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS)
    token = world.process.get_token(client).token
    cost = measure(world, world.process, lambda process: process.revoke(token, client), 200)
    assert (cost.calls, cost.reads, cost.writes) == (["UpdateItem"], 0, 1)


def test_a_sliding_token_is_written_once_a_step() -> None:
    world = World()
    send = BY_NAME["validate sliding"].prepare(world)
    process = world.process
    assert measure(world, process, send, 200).calls == ["BatchGetItem", "UpdateItem"]
    world.clock.sleep(59)
    assert measure(world, process, send, 200).calls == ["BatchGetItem"]
    world.clock.sleep(1)
    assert measure(world, process, send, 200).calls == ["BatchGetItem", "UpdateItem"]


def test_a_first_request_learns_whom_the_client_acts_as() -> None:
    world = World()
    send = BY_NAME["token: client credentials"].prepare(world)
    cost = measure(world, world.open_process(), send, 200)
    assert cost.calls == ["BatchGetItem", "BatchGetItem", "PutItem"]


@pytest.mark.parametrize("operation", ADMINISTRATION, ids=lambda operation: operation.name)
def test_a_change_is_one_transaction(operation: Operation) -> None:
    world = World()
    send = operation.prepare(world)
    cost = measure(world, world.process, send, operation.status)
    assert [call for call in cost.calls if call in WRITES] == ["TransactWriteItems"]
    assert len(cost.calls) <= MAXIMUM_CALLS_OF_A_CHANGE, cost


def test_the_log_line_tells_what_a_request_cost(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    send = BY_NAME["revoke"].prepare(world)
    process = world.open_process()
    cost = measure(world, process, send, 200)
    line = vars(caplog.records[-1])
    counted = (line["aws_calls"], line["read_units"], line["write_units"])
    assert counted == (len(cost.calls), cost.reads, cost.writes)
