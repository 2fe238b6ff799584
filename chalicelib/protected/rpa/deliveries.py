"""Each callback is stored before it is published, and acknowledged only when both are done.

The event is published at least once, always under the same id: a process that dies between the
bus and the record leaves a callback pending that is already out, and the next try repeats it.
"""

from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex

from chalicelib.administration.refusals import Conflict
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import TemporarilyUnavailable
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.protected.rpa.model import Callback
from chalicelib.protected.rpa.stores import CallbackKey, CallbackStore, EventBus

# Longer than any function of ours runs, so that a claim ends only when its holder is gone, and
# by the difference that two machines' clocks may have.
CLAIM_SECONDS = 90
# How long a repeat waits for whoever publishes the first, within the request's deadline.
WAIT_SECONDS = 3.0
PAUSE_SECONDS = 0.25
PENDING_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Report:
    """What one run of the scheduled function did; `left`: it ran out of time."""

    published: int
    failed: int
    left: bool


class Deliveries:
    """Receives callbacks, and publishes again what could not be published."""

    def __init__(self, store: CallbackStore, bus: EventBus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    def new_claim(self) -> tuple[str, int]:
        """A nonce, and the end of what it claims."""
        return token_hex(16), self._clock.now() + CLAIM_SECONDS

    def receive(self, callback: Callback) -> Callback:
        """Store and publish a callback that holds a claim of its own; what is stored of it.

        A repeat changes nothing: it waits until the first one is published. Raises Conflict for
        other content under the same deployment id, TemporarilyUnavailable, StoreUnavailable.
        """
        stored = self._store.create(callback)
        note(deployment_id=callback.deployment_id, event_id=stored.event_id)
        if stored.content_hash != callback.content_hash:
            raise Conflict(
                "Another callback of this deployment was received before.",
                detail="other content under one deployment id",
            )
        if stored.claim != callback.claim:
            note(repeated=True)
            stored = self._wait(stored)
        if stored.published_at is None:
            self._publish(stored)
        return stored

    def retry(self, key: CallbackKey) -> bool:
        """Publish a pending callback; False: another process has it. Raises StoreUnavailable."""
        claim, until = self.new_claim()
        stored = self._store.claim(key, claim, self._clock.now(), until)
        if stored is None or stored.published_at is not None or stored.claim != claim:
            return False
        self._publish(stored)
        return True

    def _wait(self, stored: Callback) -> Callback:
        """The callback once it is published, or claimed for this process to publish it."""
        key = (stored.client_id, stored.deployment_id)
        ends = self._clock.monotonic() + WAIT_SECONDS
        while stored.published_at is None:
            now = self._clock.now()
            if stored.claimed_until is None or stored.claimed_until <= now:
                claim, until = self.new_claim()
                claimed = self._store.claim(key, claim, now, until)
                if claimed is not None and claimed.claim == claim:
                    return claimed
            if self._clock.monotonic() >= ends:
                raise TemporarilyUnavailable(detail="another process is publishing it")
            self._clock.sleep(PAUSE_SECONDS)
            loaded = self._store.load(key)
            if loaded is None:
                raise TemporarilyUnavailable(detail="the callback is gone")
            stored = loaded
        return stored

    def _publish(self, callback: Callback) -> None:
        try:
            self._bus.publish(callback)
        except StoreUnavailable:
            # A claim that cannot be given up ends by itself; the failure to tell is the first.
            with suppress(StoreUnavailable):
                self._store.release(callback)
            raise
        self._store.mark_published(callback, self._clock.now())
