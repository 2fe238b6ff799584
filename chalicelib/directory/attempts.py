"""Counters of login attempts, and what they ask of storage."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Counter:
    """The attempts on one user, or from one address, in one window of time.

    `name` is `user#` or `address#` and a SHA-256; `window_ends_at` is epoch seconds.
    """

    name: str
    window_ends_at: int


class AttemptStore(Protocol):
    """Counts login attempts. Every method may raise StoreUnavailable."""

    def count(self, counter: Counter) -> int:
        """Add one atomically; how many there are with this one.

        An attempt may count twice when an answer was lost, and is never left out.
        """
        ...

    def give_back(self, counter: Counter, nonce: str) -> None:
        """Take one away, once for each nonce, never below none."""
        ...
