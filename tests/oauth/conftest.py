"""A key ring over fakes, and the ID tokens that it signs."""

import pytest

from chalicelib.oauth.id_token import IdTokens
from chalicelib.oauth.signing_keys import KeyRing
from tests.fakes.clock import FakeClock
from tests.keys import FakeKeyRings, FakeProtector, open_ring
from tests.signing import ISSUER


@pytest.fixture
def store() -> FakeKeyRings:
    return FakeKeyRings()


@pytest.fixture
def protector() -> FakeProtector:
    return FakeProtector()


@pytest.fixture
def ring(store: FakeKeyRings, protector: FakeProtector, clock: FakeClock) -> KeyRing:
    return open_ring(store, protector, clock)


@pytest.fixture
def id_tokens(ring: KeyRing) -> IdTokens:
    return IdTokens(ring, ISSUER)
