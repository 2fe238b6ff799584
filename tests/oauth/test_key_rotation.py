"""A rotation step by step: late, twice, at once, and never a verification that fails."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import jwt
import pytest

from chalicelib.oauth import id_token
from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.signing_keys import (
    JWKS_MAX_AGE_SECONDS,
    PUBLISHED_SECONDS,
    REFRESH_SECONDS,
    RETIRING_SECONDS,
    SIGNING_SECONDS,
    KeyRing,
    KeyState,
)
from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes.clock import START, FakeClock
from tests.keys import (
    FakeKeyRings,
    FakeProtector,
    KeyWorld,
    sign_with,
    verify_as_client,
    verify_with,
)
from tests.signing import ISSUER

HOUR = 3600


@pytest.fixture
def world(clock: FakeClock) -> KeyWorld:
    return KeyWorld(clock, FakeKeyRings(), FakeProtector())


def test_the_times_leave_room_for_every_cache() -> None:
    caches = REFRESH_SECONDS + JWKS_MAX_AGE_SECONDS
    assert 2 * caches <= PUBLISHED_SECONDS < SIGNING_SECONDS / 2
    assert 2 * (caches + id_token.LIFETIME_SECONDS) <= RETIRING_SECONDS


# One whole rotation, hour by hour, from before it starts until the old key is gone.
BEGIN = SIGNING_SECONDS - PUBLISHED_SECONDS
ROTATION_HOURS = (2 * PUBLISHED_SECONDS + RETIRING_SECONDS) // HOUR


def test_a_rotation_publishes_waits_signs_retires_and_removes(world: KeyWorld) -> None:
    ring = world.open()
    first, _ = ring.signing_key(Algorithm.RS256)
    seen = []
    world.turn(BEGIN - HOUR)
    for _ in range(ROTATION_HOURS):
        changed = ring.rotate(world.turn(HOUR))
        elapsed = world.clock.now() - START
        seen += [(elapsed, c.state, c.kid == first) for c in changed if c.algorithm == "RS256"]
    assert sorted(seen, key=str) == sorted(
        [
            (BEGIN, KeyState.NEXT, False),
            (SIGNING_SECONDS, KeyState.ACTIVE, False),
            (SIGNING_SECONDS, KeyState.RETIRING, True),
            (SIGNING_SECONDS + RETIRING_SECONDS, None, True),
        ],
        key=str,
    )
    assert world.states() == [KeyState.ACTIVE]


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_warm_and_cold_processes_verify_each_other_through_every_step(
    world: KeyWorld, algorithm: Algorithm
) -> None:
    """Around each step: whoever signs, every process and every client verifies it."""
    warm, stale, job = world.open(), world.open(), world.open()
    job.ensure()
    kids = set()
    for step in (BEGIN, SIGNING_SECONDS, SIGNING_SECONDS + RETIRING_SECONDS):
        # One second before, at the step, as stale as a process may be, and as stale as a
        # client may be that asked such a process.
        world.turn(START + step - 1 - world.clock.now())
        stale.load()
        client = stale.public_jwks()
        for seconds in (0, 1, REFRESH_SECONDS - 2, 1, JWKS_MAX_AGE_SECONDS - 2, HOUR):
            now = world.turn(seconds)
            job.rotate(now)
            processes = [job, warm, world.open(), stale]
            tokens = [sign_with(process, algorithm) for process in processes]
            kids |= {jwt.get_unverified_header(token)["kid"] for token in tokens}
            for token in tokens:
                for process in processes:
                    verify_with(process, token)
                verify_as_client(client, token)
            if now - START - step < REFRESH_SECONDS - 1:
                client = stale.public_jwks()
    assert len(kids) == 2
    assert world.states(algorithm) == [KeyState.ACTIVE]


def test_a_process_that_has_not_read_for_the_whole_interval_is_understood(world: KeyWorld) -> None:
    """It signs with the old key after the switch, and knows the new one before it reads."""
    stale, job = world.open(), world.open()
    job.ensure()
    job.rotate(world.turn(BEGIN))
    world.turn(PUBLISHED_SECONDS - 1)
    stale.ensure()
    old, _ = stale.signing_key(Algorithm.RS256)
    job.rotate(world.turn(1))
    world.turn(REFRESH_SECONDS - 2)
    new, _ = world.open().signing_key(Algorithm.RS256)
    reads = world.store.reads
    assert stale.signing_key(Algorithm.RS256)[0] == old != new
    verify_with(stale, sign_with(job))
    assert world.store.reads == reads
    verify_with(world.open(), sign_with(stale))
    world.turn(1)
    assert stale.signing_key(Algorithm.RS256)[0] == new


def test_a_token_of_the_last_moment_is_verified_until_it_ends(world: KeyWorld) -> None:
    stale, job = world.open(), world.open()
    job.ensure()
    job.rotate(world.turn(BEGIN))
    world.turn(PUBLISHED_SECONDS - 1)
    stale.ensure()
    job.rotate(world.turn(1))
    world.turn(REFRESH_SECONDS - 2)
    last = sign_with(stale)
    world.turn(id_token.LIFETIME_SECONDS)
    job.rotate(world.clock.now())
    verify_with(world.open(), last)


def steps(world: KeyWorld, ring: KeyRing, algorithm: Algorithm = Algorithm.RS256) -> list[KeyState]:
    ring.rotate(world.clock.now())
    return world.states(algorithm)


def test_a_step_that_is_done_is_not_done_again(world: KeyWorld) -> None:
    ring = world.open()
    ring.ensure()
    world.turn(BEGIN)
    assert steps(world, ring) == [KeyState.ACTIVE, KeyState.NEXT]
    ring_then = world.store.rings[ISSUER]
    for another in (ring, world.open()):
        assert another.rotate(world.clock.now()) == ()
    assert world.store.rings[ISSUER] == ring_then


def test_nothing_is_due_before_its_time(world: KeyWorld) -> None:
    ring = world.open()
    ring.ensure()
    assert ring.rotate(world.turn(BEGIN - 1)) == ()
    assert ring.rotate(START - 1000) == ()
    world.turn(1)
    ring.rotate(world.clock.now())
    assert ring.rotate(world.turn(PUBLISHED_SECONDS - 1)) == ()


def test_a_rotation_that_runs_late_still_waits_between_its_steps(world: KeyWorld) -> None:
    """Nothing ran for a year: the new key is published for its whole time before it signs."""
    ring = world.open()
    old, _ = ring.signing_key(Algorithm.RS256)
    world.turn(365 * 86_400)
    for _ in range(3):
        assert steps(world, ring) == [KeyState.ACTIVE, KeyState.NEXT]
        assert ring.signing_key(Algorithm.RS256)[0] == old
    world.turn(90 * 86_400)
    for _ in range(3):
        assert steps(world, ring) == [KeyState.RETIRING, KeyState.ACTIVE]
        verify_with(ring, sign_with(world.open()))


def test_the_first_rotation_makes_the_ring_when_nobody_logged_in_yet(world: KeyWorld) -> None:
    assert world.open().rotate(START) == ()
    assert world.states() == [KeyState.ACTIVE]


def race(*actions: Callable[[], Any]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_rotations_at_once_take_one_step(world: KeyWorld) -> None:
    rings = [world.open() for _ in range(8)]
    rings[0].ensure()
    expected = [
        (BEGIN, [KeyState.ACTIVE, KeyState.NEXT]),
        (PUBLISHED_SECONDS, [KeyState.RETIRING, KeyState.ACTIVE]),
        (RETIRING_SECONDS, [KeyState.ACTIVE]),
    ]
    for seconds, states in expected:
        now = world.turn(seconds)
        race(*(partial(ring.rotate, now) for ring in rings))
        for algorithm in Algorithm:
            assert world.states(algorithm) == states
        verify_with(rings[0], sign_with(rings[1]))


def test_a_rotation_can_be_started_by_command(world: KeyWorld) -> None:
    ring = world.open()
    old, _ = ring.signing_key(Algorithm.RS256)
    for _ in range(2):
        ring.rotate(world.clock.now(), start=True)
        assert world.states() == [KeyState.ACTIVE, KeyState.NEXT]
        assert ring.signing_key(Algorithm.RS256)[0] == old
    ring.rotate(world.turn(PUBLISHED_SECONDS))
    assert world.states() == [KeyState.RETIRING, KeyState.ACTIVE]
    assert ring.signing_key(Algorithm.RS256)[0] != old


def test_with_kms_down_nothing_is_published(world: KeyWorld) -> None:
    ring = world.open()
    ring.ensure()
    world.turn(BEGIN)
    world.protector.unavailable = True
    with pytest.raises(StoreUnavailable):
        ring.rotate(world.clock.now())
    assert world.states() == [KeyState.ACTIVE]
    world.protector.unavailable = False
    assert steps(world, ring) == [KeyState.ACTIVE, KeyState.NEXT]


def test_an_algorithm_that_is_new_is_published_before_it_signs(world: KeyWorld) -> None:
    ring = world.open()
    made = ring.ensure()
    only_rsa = tuple(key for key in made.keys if key.algorithm is Algorithm.RS256)
    world.store.rings[ISSUER] = type(made)(ISSUER, only_rsa)
    world.turn(REFRESH_SECONDS)
    with pytest.raises(StoreUnavailable, match="ES256"):
        ring.signing_key(Algorithm.ES256)
    assert steps(world, ring, Algorithm.ES256) == [KeyState.NEXT]
    world.turn(PUBLISHED_SECONDS)
    assert steps(world, ring, Algorithm.ES256) == [KeyState.ACTIVE]
    verify_with(world.open(), sign_with(ring, Algorithm.ES256))
