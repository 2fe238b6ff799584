"""Fixtures for every test: a clock, fakes of storage, and storage over in-process AWS."""

import os
from collections.abc import Iterator

import pytest

from chalicelib.storage.stores import Stores
from tests.fakes.clock import FakeClock
from tests.fakes.stores import FakeStores
from tests.tables import Aws

# Before any client is made: nothing may reach a real account.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_SESSION_TOKEN="testing",
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_REGION="eu-central-1",
    AWS_EC2_METADATA_DISABLED="true",
)
for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
    os.environ.pop(name, None)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def fakes() -> FakeStores:
    """In-memory stores; `fakes.memory.unavailable = True` switches them off."""
    return FakeStores()


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """In-process AWS for the whole run."""
    started = Aws()
    started.start()
    yield started
    started.stop()


@pytest.fixture
def tables(aws: Aws, clock: FakeClock) -> Stores:
    """Stores over tables of their own, with leases as deployed."""
    return aws.stores(clock)
