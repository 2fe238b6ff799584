"""Time as a dependency: what the wall says, what the machine says, and waiting."""

import time
from typing import Protocol


class Clock(Protocol):
    """The three readings that decisions rest on; tests pass one that they turn themselves."""

    def now(self) -> int:
        """The wall clock, whole seconds since the epoch (UTC)."""
        ...

    def wall(self) -> float:
        """The wall clock, seconds since the epoch with its fraction."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back, may stand still while frozen."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> int:
        return int(time.time())

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
