"""The key ring: made once, read seldom, and nothing is signed when it cannot be had."""

import json
import subprocess
import sys
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chalicelib.oauth import key_material
from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.signing_keys import (
    PUBLISHED_SECONDS,
    REFRESH_SECONDS,
    RETIRING_SECONDS,
    SIGNING_SECONDS,
    UNKNOWN_KID_SECONDS,
    KeyState,
    UnknownSigningKey,
)
from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes.clock import START, FakeClock
from tests.keys import FakeKeyRings, FakeProtector, KeyWorld, open_ring, sign_with, verify_with
from tests.signing import ISSUER

BEGIN = SIGNING_SECONDS - PUBLISHED_SECONDS


@pytest.fixture
def world(clock: FakeClock) -> KeyWorld:
    return KeyWorld(clock, FakeKeyRings(), FakeProtector())


def test_the_first_use_makes_a_ring_that_signs_at_once(world: KeyWorld) -> None:
    ring = world.open()
    for algorithm in Algorithm:
        verify_with(world.open(), sign_with(ring, algorithm))
        assert world.states(algorithm) == [KeyState.ACTIVE]


def test_opening_a_ring_sends_nothing(world: KeyWorld) -> None:
    world.store.unavailable = world.protector.unavailable = True
    world.open()
    assert world.store.reads == 0


def test_two_cold_processes_make_one_ring(world: KeyWorld) -> None:
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


def test_another_issuer_has_another_ring(world: KeyWorld) -> None:
    other = open_ring(world.store, world.protector, world.clock, "https://other.example")
    token = sign_with(world.open())
    other.ensure()
    with pytest.raises(UnknownSigningKey):
        verify_with(other, token)


def test_the_published_set_is_as_the_standard_has_it(world: KeyWorld) -> None:
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


def test_a_private_key_is_in_no_representation(world: KeyWorld) -> None:
    ring = world.open().ensure()
    pair = key_material.generate(Algorithm.ES256)
    assert "private_key" not in repr(pair)
    assert "encrypted_private_key" not in repr(ring)


def test_a_warm_process_reads_once_and_decrypts_once(world: KeyWorld) -> None:
    ring = world.open()
    for _ in range(3):
        verify_with(ring, sign_with(ring))
        world.turn(REFRESH_SECONDS / 4)
    assert (world.store.reads, world.protector.decrypted) == (1, 1)
    world.turn(REFRESH_SECONDS / 4)
    sign_with(ring)
    assert (world.store.reads, world.protector.decrypted) == (2, 1)


@pytest.mark.parametrize(("wall", "monotonic"), [(REFRESH_SECONDS, 0), (-60, REFRESH_SECONDS)])
def test_a_frozen_process_and_a_clock_set_back_read_again(
    world: KeyWorld, wall: float, monotonic: float
) -> None:
    ring = world.open()
    ring.ensure()
    world.clock.advance(wall, monotonic=monotonic)
    ring.ensure()
    assert world.store.reads == 2


def test_made_up_kids_cost_one_read_in_ten_seconds(world: KeyWorld) -> None:
    ring = world.open()
    ring.ensure()
    for _ in range(2):
        world.turn(UNKNOWN_KID_SECONDS)
        before = world.store.reads
        for number in range(50):
            with pytest.raises(UnknownSigningKey):
                ring.verification_key(f"made-up-{number}")
        assert world.store.reads == before + 1


def test_a_kid_of_any_length_is_refused_unread(world: KeyWorld) -> None:
    with pytest.raises(UnknownSigningKey, match="long"):
        world.open().verification_key("k" * 1000)
    assert world.store.reads == 0


def test_with_storage_down_nothing_is_signed_verified_or_rotated(world: KeyWorld) -> None:
    cold, warm = world.open(), world.open()
    token = sign_with(warm)
    world.store.unavailable = True
    verify_with(warm, sign_with(warm))
    world.turn(REFRESH_SECONDS)
    for ring in (cold, warm):
        for operation in (
            lambda ring=ring: sign_with(ring),
            lambda ring=ring: verify_with(ring, token),
            lambda ring=ring: ring.public_jwks(),
            lambda ring=ring: ring.rotate(START),
        ):
            with pytest.raises(StoreUnavailable):
                operation()
    world.store.unavailable = False
    verify_with(cold, sign_with(warm))


def test_with_kms_down_no_ring_is_made(world: KeyWorld) -> None:
    world.protector.unavailable = True
    for operation in (
        lambda: world.open().signing_key(Algorithm.RS256),
        lambda: world.open().public_jwks(),
    ):
        with pytest.raises(StoreUnavailable):
            operation()
    assert world.store.rings == {}


def test_with_kms_down_a_warm_process_signs_on_and_a_cold_one_refuses(world: KeyWorld) -> None:
    warm, cold = world.open(), world.open()
    sign_with(warm)
    world.protector.unavailable = True
    token = sign_with(warm)
    verify_with(cold, token)
    assert cold.public_jwks() == warm.public_jwks()
    with pytest.raises(StoreUnavailable):
        sign_with(cold)


def test_a_private_key_moved_to_another_place_is_not_used(world: KeyWorld) -> None:
    """An attacker who can write to the table cannot make one key's secret serve as another's."""
    world.open().ensure()
    stolen = world.store.rings.pop(ISSUER)
    issuer = "https://other.example"
    world.store.rings[issuer] = stolen
    with pytest.raises(StoreUnavailable):
        open_ring(world.store, world.protector, world.clock, issuer).signing_key(Algorithm.RS256)


def test_after_its_item_was_deleted_a_new_ring_serves_everybody(world: KeyWorld) -> None:
    """What an administrator does when a private key may have been read."""
    warm = world.open()
    stolen = sign_with(warm)
    del world.store.rings[ISSUER]
    world.turn(UNKNOWN_KID_SECONDS)
    verify_with(warm, sign_with(world.open()))
    for ring in (warm, world.open()):
        with pytest.raises(UnknownSigningKey):
            verify_with(ring, stolen)


def test_decrypted_keys_that_left_the_ring_leave_the_memory(world: KeyWorld) -> None:
    ring = world.open()
    for _ in range(2):
        sign_with(ring)
        for seconds in (BEGIN, PUBLISHED_SECONDS, RETIRING_SECONDS):
            ring.rotate(world.turn(seconds))
    sign_with(ring)
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
