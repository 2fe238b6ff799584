"""The contract suite runs on the fakes and on the tables."""

import pytest

from chalicelib.storage.stores import Stores
from tests.fakes import FakeClock, FakeStores


@pytest.fixture(params=["fakes", "tables"])
def stores(request: pytest.FixtureRequest, clock: FakeClock) -> FakeStores | Stores:
    if request.param == "fakes":
        return FakeStores()
    opened: Stores = request.getfixturevalue("aws").stores(clock, lease_seconds=0.0)
    return opened
