"""A clock to turn."""

START = 1_800_000_000


class FakeClock:
    """A clock that stands still until it is turned or slept on; `slept` is the sum of sleeps."""

    def __init__(self, now: float = START) -> None:
        self._wall = float(now)
        self._monotonic = 1000.0
        self.slept = 0.0

    def now(self) -> int:
        return int(self._wall)

    def wall(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.advance(seconds)

    def advance(self, seconds: float, *, monotonic: float | None = None) -> None:
        """Turn the wall clock by `seconds`, the machine's own by as much or by `monotonic`."""
        self._wall += seconds
        self._monotonic += seconds if monotonic is None else monotonic
