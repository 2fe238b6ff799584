"""How much is issued, refused and used: counted in each process, written at most once a minute.

A write for each token would double what a token costs. So a process adds up what it sees, and
the first request after `every_seconds` writes the sums: one transaction, whatever the traffic.
What a process has not yet written when it ends is lost, and a repeated write may count twice:
these are figures for people, and nothing is decided by them.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from chalicelib.oauth.clock import Clock
from chalicelib.oauth.stores import StoreUnavailable

# One transaction holds a hundred writes; a flush should stay cheap.
MAXIMUM_USES_A_FLUSH = 24
# What is waiting stays small in a process that cannot write.
MAXIMUM_WAITING_USES = 2_000

Used = tuple[str, str | None]
"""A client id, and one of its secrets or None for the application itself."""


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The sums of one day (`2026-01-31`, UTC).

    `issued`: answers of the token endpoint by grant type; `refused`: its refusals by error code;
    `denied`: refusals of protected paths by error code.
    """

    day: str
    issued: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    denied: Mapping[str, int] = field(default_factory=dict)


class UsageStore(Protocol):
    """Keeps the figures. Every method may raise StoreUnavailable."""

    def add(self, figures: Sequence[DayFigures], uses: Mapping[Used, int]) -> None:
        """Add to the sums of days, and set moments of last use (epoch seconds); one round trip."""
        ...

    def read_days(self, days: Sequence[str]) -> Sequence[DayFigures]:
        """The figures of these days, in their order; a day without any is there with none."""
        ...

    def read_last_uses(self, used: Iterable[Used]) -> Mapping[Used, int]:
        """When each was used last, epoch seconds; what was not is not in the result."""
        ...


class UsageMeter:
    """Adds up what one process sees."""

    def __init__(self, store: UsageStore, clock: Clock, every_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._every_seconds = every_seconds
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._uses: dict[Used, int] = {}
        self._written_at: float | None = None

    def count(self, kind: str, name: str) -> None:
        """One more of today's `kind`, a field of DayFigures; `name` is from a fixed set."""
        with self._lock:
            self._counts[_day(self._clock.now()), kind, name] += 1

    def use(self, client_id: str, secret_id: str | None = None) -> None:
        """The application, and this secret of it, was used now."""
        now = self._clock.now()
        with self._lock:
            for used in {(client_id, None), (client_id, secret_id)}:
                if used in self._uses or len(self._uses) < MAXIMUM_WAITING_USES:
                    self._uses[used] = now

    @property
    def is_due(self) -> bool:
        """Whether something waits and the last write is long enough ago."""
        if not self._counts and not self._uses:
            return False
        written_at = self._written_at
        return written_at is None or self._clock.monotonic() - written_at >= self._every_seconds

    def flush(self) -> None:
        """Write what is waiting. Raises StoreUnavailable; it waits on then."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            uses = dict(sorted(self._uses.items(), key=_moment)[:MAXIMUM_USES_A_FLUSH])
            for used in uses:
                del self._uses[used]
            self._written_at = self._clock.monotonic()
        try:
            self._store.add(_figures(counts), uses)
        except StoreUnavailable:
            with self._lock:
                self._counts.update(counts)
                self._uses = {**uses, **self._uses}
            raise


class Usage:
    """Reads the figures, for administrators."""

    def __init__(self, store: UsageStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def last_days(self, number: int) -> Sequence[DayFigures]:
        """The figures of today and the days before, the oldest first. Raises StoreUnavailable."""
        today = self._clock.now()
        days = [_day(today - 86_400 * ago) for ago in range(number - 1, -1, -1)]
        return self._store.read_days(days)

    def last_uses(self, used: Iterable[Used]) -> Mapping[Used, int]:
        """As `UsageStore.read_last_uses`."""
        return self._store.read_last_uses(used)


def _day(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")


def _moment(entry: tuple[Used, int]) -> int:
    return entry[1]


def _figures(counts: Mapping[tuple[str, str, str], int]) -> list[DayFigures]:
    days: dict[str, dict[str, dict[str, int]]] = {}
    for (day, kind, name), number in counts.items():
        days.setdefault(day, {}).setdefault(kind, {})[name] = number
    return [DayFigures(day, **kinds) for day, kinds in days.items()]
