"""Leases: what may be served from this process's memory for a moment (design, "Lease").

Only applications, users read as acting (machine) users, and machine grants are kept. A lease
is counted from before the read was sent, by the larger of wall and monotonic time: a frozen
process must not wake up with an old one. It never stands for absence.
"""

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from chalicelib.oauth.clock import Clock
from chalicelib.oauth.model import Application, Grant, GrantKind, User
from chalicelib.oauth.stores import GrantKey

MAXIMUM_LEASES = 1000

MACHINE_KINDS = frozenset(
    {
        GrantKind.CLIENT_CREDENTIALS,
        GrantKind.CLIENT_CERTIFICATE,
        GrantKind.BEARER_TOKEN,
        GrantKind.BEARER_SECRET,
    }
)

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Moment(NamedTuple):
    """Both clocks at once."""

    wall: float
    monotonic: float


@dataclass(frozen=True, slots=True)
class _Lease(Generic[_Value]):
    value: _Value
    since: Moment
    # Made by a fresh read, which is allowed once per lease time.
    fresh: bool


class LeaseMap(Generic[_Key, _Value]):
    """Leases of one kind, of bounded number: the oldest makes room."""

    def __init__(self, seconds: float, maximum: int = MAXIMUM_LEASES) -> None:
        self._seconds = seconds
        self._maximum = maximum
        self._leases: dict[_Key, _Lease[_Value]] = {}

    def find(self, key: _Key, now: Moment, *, fresh: bool = False) -> _Value | None:
        """The value, or None where it has to be read.

        `fresh` passes over a lease, unless a fresh read made it: then a second one would come
        within the lease time.
        """
        lease = self._leases.get(key)
        if lease is None or (fresh and not lease.fresh):
            return None
        age = max(now.wall - lease.since.wall, now.monotonic - lease.since.monotonic)
        return lease.value if age < self._seconds else None

    def keep(self, key: _Key, value: _Value, since: Moment, *, fresh: bool = False) -> None:
        """Lease a value that was read; `since` is a moment before that read was sent."""
        if self._seconds <= 0:
            return
        self._leases.pop(key, None)
        if len(self._leases) >= self._maximum:
            self._leases.pop(next(iter(self._leases)), None)
        self._leases[key] = _Lease(value, since, fresh)

    def drop(self, key: _Key) -> None:
        """Forget a value that this process has changed."""
        self._leases.pop(key, None)


class Leases:
    """The leases of one process, shared by its stores."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds
        self.applications = LeaseMap[str, Application](seconds)
        self.users = LeaseMap[str, User](seconds)
        self.grants = LeaseMap[GrantKey, Grant](seconds)

    def moment(self) -> Moment:
        """The present; take it before the read whose result is kept."""
        return Moment(self._clock.wall(), self._clock.monotonic())

    def settle(self) -> None:
        """Wait, after an acknowledged write, until every lease from before it has ended."""
        if self.seconds > 0:
            self._clock.sleep(self.seconds)
