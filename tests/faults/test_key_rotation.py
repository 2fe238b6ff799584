"""Every order of two processes that make, rotate and use one key ring, with faults.

The checklist's row "key rotation with warm and cold processes": no verification ever fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
import pytest

from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.signing_keys import (
    JWKS_MAX_AGE_SECONDS,
    PUBLISHED_SECONDS,
    REFRESH_SECONDS,
    RETIRING_SECONDS,
    SIGNING_SECONDS,
    KeyRing,
    KeyState,
    SigningKeys,
)
from chalicelib.storage.database import Database
from chalicelib.storage.signing_keys import KeyRings, read_ring, ring_key
from tests.faults.deployment import Send, StubConnection, make_tables
from tests.faults.dynamodb import InMemoryDynamoDB, Snapshot
from tests.faults.paths import Path, explore
from tests.faults.schedules import Schedule
from tests.faults.world import NOW, StillTime, TrueTime
from tests.keys import FakeProtector, KeyPairs
from tests.signing import ISSUER

PREFIX = "test-"
SKEW_SECONDS = 60

# When nothing is there yet, and when each step is due.
PUBLISH_AT = NOW + SIGNING_SECONDS - PUBLISHED_SECONDS
SWITCH_AT = PUBLISH_AT + PUBLISHED_SECONDS
REMOVE_AT = SWITCH_AT + RETIRING_SECONDS
MOMENTS = {"first use": NOW, "publish": PUBLISH_AT, "switch": SWITCH_AT, "remove": REMOVE_AT}


# The first few are for the states that a play starts from.
FIRST_NEW_KEY = 4


def open_process(clock: TrueTime, send: Send, key_pairs: KeyPairs) -> KeyRing:
    database = Database(StubConnection(clock, send), PREFIX)
    return KeyRing(KeyRings(database, 400), FakeProtector(), clock, ISSUER, key_pairs)


@cache
def state_before(moment: str) -> Snapshot:
    """The tables when every earlier step was taken on time."""
    database = InMemoryDynamoDB()
    make_tables(database, PREFIX)
    clock = StillTime()
    job = open_process(clock, database.send, KeyPairs())
    for at in MOMENTS.values():
        if at >= MOMENTS[moment]:
            break
        clock.time = at
        job.rotate(clock.now())
    return database.snapshot()


@dataclass
class Play:
    """What happened around one moment: the rings that were stored, what was signed."""

    database: InMemoryDynamoDB
    rings: list[SigningKeys] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def observe(self, operation: str, _: Mapping[str, Any]) -> None:
        """Hold every ring that is stored to what must be true of one."""
        item = self.database.tables[f"{PREFIX}signing_keys"].items.get(ring_key(ISSUER))
        ring = None if item is None else read_ring({name: dict(item[name]) for name in item})
        if ring is None or (self.rings and self.rings[-1] == ring):
            return
        before = self.rings[-1] if self.rings else None
        self.rings.append(ring)
        for algorithm in Algorithm:
            states = [key.state for key in ring.keys if key.algorithm is algorithm]
            if states.count(KeyState.ACTIVE) != 1:
                self.broken.append(f"{operation} left {states} of {algorithm}")
            if states.count(KeyState.NEXT) > 1:
                self.broken.append(f"{operation} published two keys at once")
        if before is not None:
            self.broken += _wrong_steps(before, ring)

    def use(self, process: KeyRing) -> None:
        kid, key = process.signing_key(Algorithm.ES256)
        self.tokens.append(jwt.PyJWS().encode(b"{}", key, "ES256", {"kid": kid}))

    def verify(self, process: KeyRing) -> None:
        for token in self.tokens:
            found = process.verification_key(jwt.get_unverified_header(token)["kid"])
            jwt.PyJWS().decode(token, found.key, algorithms=[found.algorithm.value])


def _wrong_steps(before: SigningKeys, after: SigningKeys) -> list[str]:
    wrong = []
    if after.version != before.version + 1:
        wrong.append("the ring changed and its version did not")
    for key in before.keys:
        now = after.find(key.kid)
        gone = now is None and key.state is not KeyState.RETIRING
        back = now is not None and list(KeyState).index(now.state) < list(KeyState).index(key.state)
        if gone or back:
            wrong.append(f"a key that was {key.state} went wrong")
    for key in after.keys:
        known = before.find(key.kid)
        if key.state is KeyState.ACTIVE and known is None:
            wrong.append("a key signs that was never published")
    return wrong


Operation = Callable[[Play, KeyRing, TrueTime], None]


def rotate(_: Play, process: KeyRing, clock: TrueTime) -> None:
    """The scheduled step."""
    process.rotate(clock.now())


def rotate_twice(_: Play, process: KeyRing, clock: TrueTime) -> None:
    """The scheduled step, run twice."""
    process.rotate(clock.now())
    process.rotate(clock.now())


def use(play: Play, process: KeyRing, _: TrueTime) -> None:
    """A login: something is signed."""
    play.use(process)


def play_at(
    moment: str,
    operations: tuple[Operation, Operation],
    *,
    skew: int = 0,
    stale: bool = False,
    faults: int = 1,
) -> Callable[[Path], None]:
    """What `explore` runs: the operations around this moment, then everybody verifies."""
    snapshot = state_before(moment)
    database = InMemoryDynamoDB()
    make_tables(database, PREFIX)

    def run(path: Path) -> None:
        database.restore(snapshot)
        key_pairs = KeyPairs(FIRST_NEW_KEY)
        play = Play(database)
        # Whoever looked just before the moment may go on with that for five minutes.
        now = MOMENTS[moment] - (REFRESH_SECONDS - 1)
        schedule = Schedule(path, database, now, faults=faults, observe=play.observe)
        clocks = [_clock(schedule, ahead) for ahead in (0, skew)]
        processes = [open_process(clock, schedule.send, key_pairs) for clock in clocks]
        witness = open_process(clocks[0], schedule.send, key_pairs)
        if moment != "first use":
            for process in [witness, *processes] if stale else [witness]:
                process.ensure()
        client = witness.public_jwks() if moment != "first use" else None
        schedule.now = MOMENTS[moment]
        for name, operation, process, clock in zip(
            "ab", operations, processes, clocks, strict=True
        ):
            schedule.add(name, _actor(operation, play, process, clock))
        schedule.run()
        for process in processes:
            play.use(process)
        cold = open_process(clocks[0], schedule.send, key_pairs)
        for process in (*processes, witness, cold):
            play.verify(process)
        _verify_as_client(play, client or cold.public_jwks())
        schedule.now += JWKS_MAX_AGE_SECONDS
        for process in (*processes, witness, cold):
            play.verify(process)
        assert not play.broken, play.broken

    return run


def _clock(schedule: Schedule, ahead: int) -> TrueTime:
    return TrueTime(lambda: schedule.now, schedule.sleep, ahead)


def _actor(
    operation: Operation, play: Play, process: KeyRing, clock: TrueTime
) -> Callable[[], None]:
    return lambda: operation(play, process, clock)


def _verify_as_client(play: Play, jwks: Mapping[str, Any]) -> None:
    """As a client that fetched the published keys just before."""
    keys = jwt.PyJWKSet.from_dict(dict(jwks))
    for token in play.tokens:
        kid = jwt.get_unverified_header(token)["kid"]
        jwt.PyJWS().decode(token, keys[kid], algorithms=["ES256"])


PAIRS = [(rotate, rotate), (rotate, rotate_twice), (rotate, use), (use, use)]


@pytest.mark.parametrize("moment", list(MOMENTS))
@pytest.mark.parametrize(
    "operations", PAIRS, ids=lambda pair: " and ".join(o.__name__ for o in pair)
)
@pytest.mark.parametrize("stale", [False, True], ids=["cold", "stale"])
def test_no_order_and_no_fault_breaks_the_ring_or_a_verification(
    moment: str, operations: tuple[Operation, Operation], *, stale: bool
) -> None:
    explore(play_at(moment, operations, stale=stale))


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_clocks_a_minute_apart_do_not_either(moment: str) -> None:
    explore(play_at(moment, (rotate, rotate), skew=SKEW_SECONDS))
    explore(play_at(moment, (rotate, use), skew=-SKEW_SECONDS, stale=True))


def test_the_model_finds_a_ring_that_is_written_without_a_condition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put = KeyRings._put

    def unconditional(self: KeyRings, keys: SigningKeys, write: Any) -> SigningKeys:
        return put(self, keys, type(write)(write.record, write.item, None))

    monkeypatch.setattr(KeyRings, "_put", unconditional)
    with pytest.raises(AssertionError):
        explore(play_at("first use", (use, use), faults=0))


def test_the_model_finds_a_key_that_signs_unpublished(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = "chalicelib.oauth.signing_keys"
    monkeypatch.setattr(f"{ring}.PUBLISHED_SECONDS", 0)
    monkeypatch.setattr(f"{ring}.SIGNING_SECONDS", SIGNING_SECONDS - PUBLISHED_SECONDS)
    with pytest.raises(AssertionError, match="KeyError"):
        explore(play_at("publish", (rotate_twice, use), faults=0))
