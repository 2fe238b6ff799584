"""Fakes of the key ring's ports, ready-made key pairs, and processes that share one ring."""

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar

import jwt

from chalicelib.audit import AuditEvent
from chalicelib.oauth import key_material
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.key_material import Algorithm, KeyPair
from chalicelib.oauth.signing_keys import KeyRing, KeyState, SigningKey, SigningKeys
from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes.clock import START, FakeClock
from tests.signing import ISSUER


class FakeKeyRings:
    """Fulfils `SigningKeyStore`; `unavailable` makes every operation fail as storage does."""

    def __init__(self) -> None:
        self.rings: dict[str, SigningKeys] = {}
        self.events: list[AuditEvent] = []
        self.unavailable = False
        self.reads = 0
        self.key_pairs = KeyPairs()
        self._lock = threading.Lock()

    def load(self, issuer: str) -> SigningKeys | None:
        with self._lock:
            self.reads += 1
            self._refuse_when_off()
            return self.rings.get(issuer)

    def create(self, keys: SigningKeys) -> SigningKeys:
        with self._lock:
            self._refuse_when_off()
            return self.rings.setdefault(keys.issuer, keys)

    def replace(
        self, before: SigningKeys, after: SigningKeys, event: AuditEvent | None = None
    ) -> SigningKeys:
        with self._lock:
            self._refuse_when_off()
            current = self.rings.get(after.issuer)
            if current is None:
                raise StoreUnavailable("the ring is gone")
            if current.version == before.version:
                self.rings[after.issuer] = current = after
                self.events += [] if event is None else [event]
            return current

    def _refuse_when_off(self) -> None:
        if self.unavailable:
            raise StoreUnavailable("switched off")


class FakeProtector:
    """Fulfils `KeyProtector`: what it makes is unreadable to the eye and bound to its context."""

    def __init__(self) -> None:
        self.unavailable = False
        self.decrypted = 0

    def encrypt(self, private_key: bytes, context: Mapping[str, str]) -> bytes:
        self._refuse_when_off()
        sealed = {"context": dict(context), "key": b64encode(private_key[::-1]).decode()}
        return b64encode(json.dumps(sealed).encode())

    def decrypt(self, encrypted: bytes, context: Mapping[str, str]) -> bytes:
        self._refuse_when_off()
        sealed = json.loads(b64decode(encrypted))
        if sealed["context"] != dict(context):
            raise StoreUnavailable("Decrypt: another context")
        self.decrypted += 1
        return b64decode(sealed["key"])[::-1]

    def _refuse_when_off(self) -> None:
        if self.unavailable:
            raise StoreUnavailable("switched off")


class KeyPairs:
    """Hands out ready-made key pairs, each once; RSA keys take long to make, so all share them."""

    _made: ClassVar[dict[Algorithm, list[KeyPair]]] = {algorithm: [] for algorithm in Algorithm}
    _making = threading.Lock()

    def __init__(self, first: int = 0) -> None:
        self._numbers = {algorithm: count(first) for algorithm in Algorithm}

    def __call__(self, algorithm: Algorithm) -> KeyPair:
        number = next(self._numbers[algorithm])
        with self._making:
            made = self._made[algorithm]
            while len(made) <= number:
                made.append(key_material.generate(algorithm))
            return made[number]


def open_ring(
    store: FakeKeyRings, protector: FakeProtector, clock: Clock, issuer: str = ISSUER
) -> KeyRing:
    """The ring as another cold process opens it."""
    return KeyRing(store, protector, clock, issuer, store.key_pairs)


def stored_key(
    algorithm: Algorithm, state: KeyState, now: int = START, *, number: int = 0
) -> SigningKey:
    """A key as it stands in a ring, in any state; another number, another key."""
    pair = KeyPairs(number)(algorithm)
    return SigningKey(
        kid=pair.kid,
        algorithm=algorithm,
        state=state,
        created_at=now,
        public_jwk=pair.public_jwk,
        encrypted_private_key=b"\0encrypted",
        activated_at=None if state is KeyState.NEXT else now,
        retired_at=now if state is KeyState.RETIRING else None,
    )


def stored_ring(issuer: str = ISSUER, *, number: int = 0) -> SigningKeys:
    """A ring of one active key an algorithm; another number, other keys."""
    keys = tuple(stored_key(one, KeyState.ACTIVE, number=number) for one in Algorithm)
    return SigningKeys(issuer, keys)


@dataclass(frozen=True)
class KeyWorld:
    """A clock, a table and KMS, and as many processes over them as a test opens."""

    clock: FakeClock
    store: FakeKeyRings
    protector: FakeProtector

    def open(self) -> KeyRing:
        """The ring of another cold process."""
        return open_ring(self.store, self.protector, self.clock)

    def states(self, algorithm: Algorithm = Algorithm.RS256) -> list[KeyState]:
        """Of the keys that are stored, in their order."""
        ring = self.store.rings[ISSUER]
        return [key.state for key in ring.keys if key.algorithm is algorithm]

    def turn(self, seconds: float) -> int:
        """Turn the clock; the time it is then."""
        self.clock.advance(seconds)
        return self.clock.now()


def sign_with(ring: KeyRing, algorithm: Algorithm = Algorithm.RS256) -> str:
    """A token that this process signs."""
    kid, key = ring.signing_key(algorithm)
    return jwt.PyJWS().encode(b"{}", key, algorithm.value, {"kid": kid})


def verify_with(ring: KeyRing, token: str) -> None:
    """As a process does whose key ring this is."""
    found = ring.verification_key(jwt.get_unverified_header(token)["kid"])
    jwt.PyJWS().decode(token, found.key, algorithms=[found.algorithm.value])


def verify_as_client(jwks: Mapping[str, Any], token: str) -> None:
    """As a client does that keeps the published keys."""
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [key for key in jwks["keys"] if key["kid"] == kid]
    jwt.PyJWS().decode(token, jwt.PyJWK(key).key, algorithms=[key["alg"]])
