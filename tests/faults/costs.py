"""What one request costs at AWS, counted where the database answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.faults.operations import Send
from tests.faults.schedules import WRITES
from tests.harness import Process, World


@dataclass
class Cost:
    """What reached the database."""

    calls: list[str] = field(default_factory=list)
    reads: float = 0
    writes: float = 0


def measure(world: World, process: Process, send: Send, status: int) -> Cost:
    """Send the request and add up what DynamoDB says that it consumed."""
    cost = Cost()

    def count(
        operation: str, arguments: Mapping[str, Any], answer: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        assert arguments.get("ReturnConsumedCapacity") == "TOTAL", "every call asks for its cost"
        answered = answer()
        consumed = answered["ConsumedCapacity"]
        tables = consumed if isinstance(consumed, list) else [consumed]
        units = sum(table["CapacityUnits"] for table in tables)
        cost.calls.append(operation)
        if operation in WRITES:
            cost.writes += units
        else:
            cost.reads += units
        return answered

    with world.database.intercepted(count):
        reply = send(process)
    assert reply.status == status, reply
    return cost
