"""Counters of login attempts, and what they ask of storage."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Counter:
    """The attempts on one user, or from one address, in one window of time.

    `name` is a kind, `#` and a SHA-256 in hex; `window_ends_at` is epoch seconds. Beyond `most`
    nothing is added. `part`, a SHA-256 in hex, names a share that is counted within the whole.
    """

    name: str
    window_ends_at: int
    most: int
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many attempts there are with this one, and how many of them are of its part."""

    attempts: int
    of_part: int = 0


class AttemptStore(Protocol):
    """Counts login attempts. Every method may raise StoreUnavailable."""

    def count(self, counter: Counter) -> Count:
        """Add one to the whole and to the part, both in one atomic step; one round trip.

        Where there are `most` already nothing is written, and the answer is as if it were: so
        no record grows without end. An attempt may count twice when an answer was lost, and is
        never left out.
        """
        ...

    def claim(self, counter: Counter, nonce: str) -> bool:
        """Count where nothing was counted; whether it is this nonce's claim. One round trip.

        A claim whose answer was lost is known by its nonce, so that it never refuses itself.
        """
        ...

    def give_back(self, counter: Counter, nonce: str) -> None:
        """Take one away from both, once for each nonce, never below none."""
        ...
