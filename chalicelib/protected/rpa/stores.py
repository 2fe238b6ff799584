"""What the callbacks ask of storage and of the event bus."""

from typing import Protocol

from chalicelib.paging import Page
from chalicelib.protected.rpa.model import Callback, Delivery

CallbackKey = tuple[str, str]
"""(client_id, deployment_id)"""


class CallbackStore(Protocol):
    """Keeps callbacks; every step is one conditional write of one item.

    A step whose answer was lost is known by the claim that it wrote.
    """

    def create(self, callback: Callback) -> Callback:
        """Put if absent; what is stored then: this one if its claim is the given one.

        Raises StoreUnavailable.
        """
        ...

    def load(self, key: CallbackKey) -> Callback | None:
        """One strongly consistent read. Raises StoreUnavailable."""
        ...

    def claim(self, key: CallbackKey, claim: str, now: int, until: int) -> Callback | None:
        """Claim a pending callback that nobody has claimed beyond `now`; what is stored then.

        It is claimed if its claim is the given one. None: there is none. Raises StoreUnavailable.
        """
        ...

    def release(self, callback: Callback) -> None:
        """Give up the claim, if it is still this one's. Raises StoreUnavailable."""
        ...

    def mark_published(self, callback: Callback, now: int) -> None:
        """Note that the event is on the bus; from now on the record's days are counted.

        Idempotent, whoever holds the claim. Raises StoreUnavailable.
        """
        ...

    def list_callbacks(
        self, delivery: Delivery | None, cursor: str | None, limit: int
    ) -> Page[Callback]:
        """The newest first, eventually consistent. Raises InvalidCursor, StoreUnavailable."""
        ...

    def list_pending(self, cursor: str | None, limit: int) -> Page[CallbackKey]:
        """Those not published, the oldest first, eventually consistent. Raises as above."""
        ...


class EventBus(Protocol):
    """Where consumers take events from."""

    def publish(self, callback: Callback) -> None:
        """Put the callback's event on the bus; returns only when the bus has it.

        May put it there more than once, each time under the same event id.
        Raises StoreUnavailable when it is not known to be there.
        """
        ...
