"""The function that publishes pending callbacks: run by a schedule every five minutes.

Its event is `{}`.
"""

import time
from collections.abc import Callable

from aws_lambda_powertools import Logger

from chalicelib.endpoints.adapter import Budget
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.protected.rpa.deliveries import PENDING_A_PAGE, Deliveries, Report
from chalicelib.protected.rpa.stores import CallbackKey, CallbackStore

CallbackDelivery = Callable[[object, object], dict[str, object]]

# The function's own time-out is 29 s, and one callback may take the whole deadline of a request.
RUN_SECONDS = 20.0


class DeliveryFailed(Exception):
    """Callbacks are still pending: Lambda counts an error, and the schedule tries again."""


def callback_delivery(
    deliveries: Deliveries, store: CallbackStore, clock: Clock, logger: Logger, budget: Budget
) -> CallbackDelivery:
    """The function. What it raises, Lambda counts as an error."""

    def deliver_callbacks(event: object, _context: object) -> dict[str, object]:
        """Publish what is pending, the oldest first; answers with how many."""
        if event != {}:
            raise ValueError("the event is {}")
        started = time.perf_counter()
        report = _run(deliveries, store, clock, budget)
        counts: dict[str, object] = {
            "published": report.published,
            "failed": report.failed,
            "left": report.left,
        }
        latency = round((time.perf_counter() - started) * 1000, 1)
        logger.info("callbacks", extra={**counts, "latency_ms": latency})
        if report.failed:
            raise DeliveryFailed(f"{report.failed} callbacks could not be published")
        return counts

    return deliver_callbacks


def _run(deliveries: Deliveries, store: CallbackStore, clock: Clock, budget: Budget) -> Report:
    """Go through all that is pending: one that cannot be published holds up none of the others."""
    ends = clock.monotonic() + RUN_SECONDS
    published = failed = 0
    cursor: str | None = None
    while True:
        with budget():
            page = store.list_pending(cursor, PENDING_A_PAGE)
        for key in page.items:
            if clock.monotonic() >= ends:
                return Report(published, failed, left=True)
            outcome = _retry(deliveries, key, budget)
            published += outcome is True
            failed += outcome is None
        cursor = page.next
        if cursor is None:
            return Report(published, failed, left=False)


def _retry(deliveries: Deliveries, key: CallbackKey, budget: Budget) -> bool | None:
    """Whether this process published it; None: it could not."""
    try:
        with budget():
            return deliveries.retry(key)
    except StoreUnavailable:
        return None
