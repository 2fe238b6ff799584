"""The contract suite runs on the fakes, on the tables, and on the tables of the fault tests."""

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.storage.stores import Stores, open_stores
from tests.fakes.clock import FakeClock
from tests.fakes.stores import AnyStores, FakeStores
from tests.faults.deployment import StubConnection, make_tables
from tests.faults.dynamodb import InMemoryDynamoDB

if TYPE_CHECKING:
    from chalicelib.settings import Settings


@pytest.fixture(params=["fakes", "tables", "memory"])
def stores(request: pytest.FixtureRequest, clock: FakeClock) -> AnyStores:
    if request.param == "fakes":
        return FakeStores()
    aws = request.getfixturevalue("aws")
    if request.param == "tables":
        opened: Stores = aws.stores(clock, lease_seconds=0.0)
        return opened
    # The bucket is that of the tables; DynamoDB is the one beneath the fault tests.
    settings: Settings = aws.settings(lease_seconds=0.0)
    database = InMemoryDynamoDB()
    make_tables(database, settings.table_prefix)
    lock = Lock()

    def send(operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        with lock:
            return database.send(operation, arguments)

    return open_stores(settings, clock, StubConnection(clock, send))
