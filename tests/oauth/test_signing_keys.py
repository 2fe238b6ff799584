"""The key ring: made once, rotated step by step, and never a verification that fails."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chalicelib.oauth import id_token, key_material
from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.signing_keys import (
    JWKS_MAX_AGE_SECONDS,
    PUBLISHED_SECONDS,
    REFRESH_SECONDS,
    RETIRING_SECONDS,
    SIGNING_SECONDS,
    UNKNOWN_KID_SECONDS,
    KeyRing,
    KeyState,
    UnknownSigningKey,
)
from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes import START, FakeClock
from tests.keys import FakeKeyRings, FakeProtector, open_ring
from tests.signing import ISSUER

HOUR = 3600


@dataclass(frozen=True)
class World:
    clock: FakeClock
    store: FakeKeyRings
    protector: FakeProtector

    def open(self) -> KeyRing:
        return open_ring(self.store, self.protector, self.clock)

    def states(self, algorithm: Algorithm = Algorithm.RS256) -> list[KeyState]:
        ring = self.store.rings[ISSUER]
        return [key.state for key in ring.keys if key.algorithm is algorithm]

    def turn(self, seconds: float) -> int:
        self.clock.advance(seconds)
        return self.clock.now()


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock, FakeKeyRings(), FakeProtector())


def sign(ring: KeyRing, algorithm: Algorithm = Algorithm.RS256) -> str:
    kid, key = ring.signing_key(algorithm)
    return jwt.PyJWS().encode(b"{}", key, algorithm.value, {"kid": kid})


def verify(ring: KeyRing, token: str) -> None:
    found = ring.verification_key(jwt.get_unverified_header(token)["kid"])
    jwt.PyJWS().decode(token, found.key, algorithms=[found.algorithm.value])


def verify_as_client(jwks: Mapping[str, Any], token: str) -> None:
    """As a client does that keeps the published keys."""
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [key for key in jwks["keys"] if key["kid"] == kid]
    jwt.PyJWS().decode(token, jwt.PyJWK(key).key, algorithms=[key["alg"]])


def test_the_first_use_makes_a_ring_that_signs_at_once(world: World) -> None:
    ring = world.open()
    for algorithm in Algorithm:
        verify(world.open(), sign(ring, algorithm))
        assert world.states(algorithm) == [KeyState.ACTIVE]


def test_opening_a_ring_sends_nothing(world: World) -> None:
    world.store.unavailable = world.protector.unavailable = True
    world.open()
    assert world.store.reads == 0


def test_two_cold_processes_make_one_ring(world: World) -> None:
    """Both find none and make one; the first to write wins, and both sign with its keys."""
    barrier = threading.Barrier(2)

    class Slow(FakeKeyRings):
        def load(self, issuer: str) -> Any:
            found = super().load(issuer)
            barrier.wait(timeout=10)
            return found

    store = Slow()
    rings = [open_ring(store, world.protector, world.clock) for _ in range(2)]
    threads = [threading.Thread(target=ring.ensure) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rings[0].ensure() == rings[1].ensure() == store.rings[ISSUER]
    assert len(store.rings[ISSUER].keys) == len(Algorithm)
    for algorithm in Algorithm:
        assert rings[0].signing_key(algorithm)[0] == rings[1].signing_key(algorithm)[0]


def test_another_issuer_has_another_ring(world: World) -> None:
    other = open_ring(world.store, world.protector, world.clock, "https://other.example")
    token = sign(world.open())
    other.ensure()
    with pytest.raises(UnknownSigningKey):
        verify(other, token)


def test_the_published_set_is_as_the_standard_has_it(world: World) -> None:
    jwks = world.open().public_jwks()
    assert list(jwks) == ["keys"]
    by_algorithm = {key["alg"]: key for key in json.loads(json.dumps(jwks))["keys"]}
    rsa_key, ec_key = by_algorithm["RS256"], by_algorithm["ES256"]
    assert set(rsa_key) == {"kty", "use", "alg", "kid", "n", "e"}
    assert set(ec_key) == {"kty", "use", "alg", "kid", "crv", "x", "y"}
    assert (rsa_key["kty"], ec_key["kty"], ec_key["crv"]) == ("RSA", "EC", "P-256")
    assert {rsa_key["use"], ec_key["use"]} == {"sig"}
    # The coordinates of P-256 are 32 bytes each, zeros in front included (RFC 7518 §6.2.1).
    assert len(ec_key["x"]) == len(ec_key["y"]) == 43


def test_a_kid_is_the_thumbprint_of_its_key() -> None:
    """RFC 7638 §3.1 has the example."""
    example = {
        "e": "AQAB",
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS"
        "oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQ"
        "R0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWh"
        "AI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    }
    assert key_material.thumbprint(example) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_keys_are_strong_and_of_the_kind_of_their_algorithm() -> None:
    for algorithm in Algorithm:
        pair = key_material.generate(algorithm)
        private = key_material.load_private_key(pair.private_key)
        public = key_material.load_public_key(pair.public_jwk)
        assert private.public_key() == public
        if algorithm is Algorithm.RS256:
            assert isinstance(private, rsa.RSAPrivateKey)
            assert private.key_size == 2048
        else:
            assert isinstance(private, ec.EllipticCurvePrivateKey)
            assert private.curve.name == "secp256r1"


def test_a_private_key_is_in_no_representation(world: World) -> None:
    ring = world.open().ensure()
    pair = key_material.generate(Algorithm.ES256)
    assert "private_key" not in repr(pair)
    assert "encrypted_private_key" not in repr(ring)


def test_a_warm_process_reads_once_and_decrypts_once(world: World) -> None:
    ring = world.open()
    for _ in range(3):
        verify(ring, sign(ring))
        world.turn(REFRESH_SECONDS / 4)
    assert (world.store.reads, world.protector.decrypted) == (1, 1)
    world.turn(REFRESH_SECONDS / 4)
    sign(ring)
    assert (world.store.reads, world.protector.decrypted) == (2, 1)


@pytest.mark.parametrize(("wall", "monotonic"), [(REFRESH_SECONDS, 0), (-60, REFRESH_SECONDS)])
def test_a_frozen_process_and_a_clock_set_back_read_again(
    world: World, wall: float, monotonic: float
) -> None:
    ring = world.open()
    ring.ensure()
    world.clock.advance(wall, monotonic=monotonic)
    ring.ensure()
    assert world.store.reads == 2


def test_made_up_kids_cost_one_read_in_ten_seconds(world: World) -> None:
    ring = world.open()
    ring.ensure()
    for _ in range(2):
        world.turn(UNKNOWN_KID_SECONDS)
        before = world.store.reads
        for number in range(50):
            with pytest.raises(UnknownSigningKey):
                ring.verification_key(f"made-up-{number}")
        assert world.store.reads == before + 1


def test_a_kid_of_any_length_is_refused_unread(world: World) -> None:
    with pytest.raises(UnknownSigningKey, match="long"):
        world.open().verification_key("k" * 1000)
    assert world.store.reads == 0


def test_the_times_leave_room_for_every_cache() -> None:
    caches = REFRESH_SECONDS + JWKS_MAX_AGE_SECONDS
    assert 2 * caches <= PUBLISHED_SECONDS < SIGNING_SECONDS / 2
    assert 2 * (caches + id_token.LIFETIME_SECONDS) <= RETIRING_SECONDS


# One whole rotation, hour by hour, from before it starts until the old key is gone.
BEGIN = SIGNING_SECONDS - PUBLISHED_SECONDS
ROTATION_HOURS = (2 * PUBLISHED_SECONDS + RETIRING_SECONDS) // HOUR


def test_a_rotation_publishes_waits_signs_retires_and_removes(world: World) -> None:
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
    world: World, algorithm: Algorithm
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
            tokens = [sign(process, algorithm) for process in processes]
            kids |= {jwt.get_unverified_header(token)["kid"] for token in tokens}
            for token in tokens:
                for process in processes:
                    verify(process, token)
                verify_as_client(client, token)
            if now - START - step < REFRESH_SECONDS - 1:
                client = stale.public_jwks()
    assert len(kids) == 2
    assert world.states(algorithm) == [KeyState.ACTIVE]


def test_a_process_that_has_not_read_for_the_whole_interval_is_understood(world: World) -> None:
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
    verify(stale, sign(job))
    assert world.store.reads == reads
    verify(world.open(), sign(stale))
    world.turn(1)
    assert stale.signing_key(Algorithm.RS256)[0] == new


def test_a_token_of_the_last_moment_is_verified_until_it_ends(world: World) -> None:
    stale, job = world.open(), world.open()
    job.ensure()
    job.rotate(world.turn(BEGIN))
    world.turn(PUBLISHED_SECONDS - 1)
    stale.ensure()
    job.rotate(world.turn(1))
    world.turn(REFRESH_SECONDS - 2)
    last = sign(stale)
    world.turn(id_token.LIFETIME_SECONDS)
    job.rotate(world.clock.now())
    verify(world.open(), last)


def steps(world: World, ring: KeyRing, algorithm: Algorithm = Algorithm.RS256) -> list[KeyState]:
    ring.rotate(world.clock.now())
    return world.states(algorithm)


def test_a_step_that_is_done_is_not_done_again(world: World) -> None:
    ring = world.open()
    ring.ensure()
    world.turn(BEGIN)
    assert steps(world, ring) == [KeyState.ACTIVE, KeyState.NEXT]
    ring_then = world.store.rings[ISSUER]
    for another in (ring, world.open()):
        assert another.rotate(world.clock.now()) == ()
    assert world.store.rings[ISSUER] == ring_then


def test_nothing_is_due_before_its_time(world: World) -> None:
    ring = world.open()
    ring.ensure()
    assert ring.rotate(world.turn(BEGIN - 1)) == ()
    assert ring.rotate(START - 1000) == ()
    world.turn(1)
    ring.rotate(world.clock.now())
    assert ring.rotate(world.turn(PUBLISHED_SECONDS - 1)) == ()


def test_a_rotation_that_runs_late_still_waits_between_its_steps(world: World) -> None:
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
        verify(ring, sign(world.open()))


def test_the_first_rotation_makes_the_ring_when_nobody_logged_in_yet(world: World) -> None:
    assert world.open().rotate(START) == ()
    assert world.states() == [KeyState.ACTIVE]


def race(*actions: Callable[[], Any]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_rotations_at_once_take_one_step(world: World) -> None:
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
        verify(rings[0], sign(rings[1]))


def test_a_rotation_can_be_started_by_command(world: World) -> None:
    ring = world.open()
    old, _ = ring.signing_key(Algorithm.RS256)
    for _ in range(2):
        ring.rotate(world.clock.now(), start=True)
        assert world.states() == [KeyState.ACTIVE, KeyState.NEXT]
        assert ring.signing_key(Algorithm.RS256)[0] == old
    ring.rotate(world.turn(PUBLISHED_SECONDS))
    assert world.states() == [KeyState.RETIRING, KeyState.ACTIVE]
    assert ring.signing_key(Algorithm.RS256)[0] != old


def test_with_storage_down_nothing_is_signed_verified_or_rotated(world: World) -> None:
    cold, warm = world.open(), world.open()
    token = sign(warm)
    world.store.unavailable = True
    verify(warm, sign(warm))
    world.turn(REFRESH_SECONDS)
    for ring in (cold, warm):
        for operation in (
            lambda ring=ring: sign(ring),
            lambda ring=ring: verify(ring, token),
            lambda ring=ring: ring.public_jwks(),
            lambda ring=ring: ring.rotate(START),
        ):
            with pytest.raises(StoreUnavailable):
                operation()
    world.store.unavailable = False
    verify(cold, sign(warm))


def test_with_kms_down_no_ring_is_made(world: World) -> None:
    world.protector.unavailable = True
    for operation in (
        lambda: world.open().signing_key(Algorithm.RS256),
        lambda: world.open().public_jwks(),
    ):
        with pytest.raises(StoreUnavailable):
            operation()
    assert world.store.rings == {}


def test_with_kms_down_a_warm_process_signs_on_and_a_cold_one_refuses(world: World) -> None:
    warm, cold = world.open(), world.open()
    sign(warm)
    world.protector.unavailable = True
    token = sign(warm)
    verify(cold, token)
    assert cold.public_jwks() == warm.public_jwks()
    with pytest.raises(StoreUnavailable):
        sign(cold)


def test_with_kms_down_nothing_is_published(world: World) -> None:
    ring = world.open()
    ring.ensure()
    world.turn(BEGIN)
    world.protector.unavailable = True
    with pytest.raises(StoreUnavailable):
        ring.rotate(world.clock.now())
    assert world.states() == [KeyState.ACTIVE]
    world.protector.unavailable = False
    assert steps(world, ring) == [KeyState.ACTIVE, KeyState.NEXT]


def test_a_private_key_moved_to_another_place_is_not_used(world: World) -> None:
    """An attacker who can write to the table cannot make one key's secret serve as another's."""
    world.open().ensure()
    stolen = world.store.rings.pop(ISSUER)
    issuer = "https://other.example"
    world.store.rings[issuer] = stolen
    with pytest.raises(StoreUnavailable):
        open_ring(world.store, world.protector, world.clock, issuer).signing_key(Algorithm.RS256)


def test_an_algorithm_that_is_new_is_published_before_it_signs(world: World) -> None:
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
    verify(world.open(), sign(ring, Algorithm.ES256))


def test_decrypted_keys_that_left_the_ring_leave_the_memory(world: World) -> None:
    ring = world.open()
    for _ in range(2):
        sign(ring)
        for seconds in (BEGIN, PUBLISHED_SECONDS, RETIRING_SECONDS):
            ring.rotate(world.turn(seconds))
    sign(ring)
    assert len(ring._private) == 1


def test_importing_the_ring_loads_neither_jwt_nor_cryptography() -> None:
    code = """
import sys
import chalicelib.oauth.id_token, chalicelib.oauth.signing_keys
print([name for name in ("jwt", "cryptography", "boto3") if name in sys.modules])
"""
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
