"""The meter of one process: what waits, how much, and when it is written."""

import pytest

from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.usage import (
    MAXIMUM_USES_A_FLUSH,
    MAXIMUM_WAITING_USES,
    UsageMeter,
)
from tests.fakes.clock import FakeClock
from tests.fakes.usage import FakeUsage


def test_nothing_is_due_before_anything_happened() -> None:
    assert not UsageMeter(FakeUsage(), FakeClock(), 60).is_due


def test_days_are_kept_apart() -> None:
    clock, store = FakeClock(), FakeUsage()
    meter = UsageMeter(store, clock, 60)
    meter.count("issued", "client_credentials")
    clock.sleep(86_400)
    meter.count("issued", "client_credentials")
    meter.count("refused", "invalid_client")
    meter.flush()
    first, second = store.figures
    assert first.day < second.day
    assert (first.issued, second.refused) == ({"client_credentials": 1}, {"invalid_client": 1})


def test_a_flush_is_small_and_the_rest_waits_for_the_next() -> None:
    clock, store = FakeClock(), FakeUsage()
    meter = UsageMeter(store, clock, 60)
    for number in range(MAXIMUM_USES_A_FLUSH + 5):
        meter.use(f"app_{number}")
        clock.sleep(1)
    meter.flush()
    assert not meter.is_due
    clock.sleep(60)
    assert meter.is_due
    meter.flush()
    assert [len(uses) for uses in store.uses] == [MAXIMUM_USES_A_FLUSH, 5]
    # The longest waiting go first.
    assert ("app_0", None) in store.uses[0]


def test_what_waits_is_bounded_and_survives_a_failed_write() -> None:
    clock, store = FakeClock(), FakeUsage()
    meter = UsageMeter(store, clock, 60)
    meter.count("issued", "client_credentials")
    for number in range(MAXIMUM_WAITING_USES + 100):
        meter.use(f"app_{number}")
    store.away = True
    with pytest.raises(StoreUnavailable):
        meter.flush()
    store.away = False
    assert not meter.is_due
    meter.flush()
    assert store.figures[0].issued == {"client_credentials": 1}
    flushed = len(store.uses[0])
    while len(store.uses[-1]) == MAXIMUM_USES_A_FLUSH:
        meter.flush()
        flushed += len(store.uses[-1])
    assert flushed == MAXIMUM_WAITING_USES
