"""The key ring: which key signs, which verify, and how one follows another (OIDC Core §10.1.1).

    next ───── a day ─────▶ active ──── 90 days ────▶ retiring ─── 8 days ───▶ removed
    published               signs                     still published

A process looks at the ring at most five minutes after it changed, and a client may keep the
published keys for five more. Since a key waits far longer than that before it signs, and stays
far longer than a token signed with it lives, whoever looks finds the key that it needs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from chalicelib.audit import AuditEvent
from chalicelib.oauth import key_material
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.key_material import Algorithm, KeyPair
from chalicelib.oauth.stores import StoreUnavailable

if TYPE_CHECKING:
    from chalicelib.oauth.key_material import PrivateKey, PublicKey

REFRESH_SECONDS = 300
UNKNOWN_KID_SECONDS = 10
# How long a client may keep the published keys: the max-age of their answer.
JWKS_MAX_AGE_SECONDS = 300
MAXIMUM_KID_LENGTH = 64

# Some clients keep keys for half a day, whatever they are told.
PUBLISHED_SECONDS = 86_400
SIGNING_SECONDS = 90 * 86_400
# A week after a login its ID token may still come back as the hint of a logout.
RETIRING_SECONDS = 8 * 86_400


class KeyState(StrEnum):
    """Where a key is in its life; one that is removed is no longer in the ring."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRING = "retiring"


_PUBLISHED_ORDER = (KeyState.ACTIVE, KeyState.NEXT, KeyState.RETIRING)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key of a ring; times are epoch seconds. `kid` is the thumbprint of `public_jwk`."""

    kid: str
    algorithm: Algorithm
    state: KeyState
    created_at: int
    public_jwk: Mapping[str, str]
    encrypted_private_key: bytes = field(repr=False)
    activated_at: int | None = None
    retired_at: int | None = None


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The ring of one issuer: one record, so that every step is one conditional write.

    There is one active key an algorithm and at most one that is next.
    """

    issuer: str
    keys: tuple[SigningKey, ...]
    version: int = 1

    def find(self, kid: str) -> SigningKey | None:
        """The key of this `kid`, whatever its state."""
        return next((key for key in self.keys if key.kid == kid), None)

    def active(self, algorithm: Algorithm) -> SigningKey | None:
        """The key that signs; None: the algorithm is new and its first key only published."""
        return _in_state(self.keys, algorithm, KeyState.ACTIVE)


class SigningKeyStore(Protocol):
    """Keeps rings, one record each. Every method is one round trip."""

    def load(self, issuer: str) -> SigningKeys | None:
        """The ring of an issuer, strongly consistent. Raises StoreUnavailable."""
        ...

    def create(self, keys: SigningKeys) -> SigningKeys:
        """Put if absent; the ring that is stored then, be it `keys` or an earlier one.

        Raises StoreUnavailable.
        """
        ...

    def replace(
        self, before: SigningKeys, after: SigningKeys, event: AuditEvent | None = None
    ) -> SigningKeys:
        """Write `after`, in one transaction with `event`, if the ring is still `before`'s version.

        Returns the ring that is stored then, be it `after` or what another process made of it.
        Raises StoreUnavailable, also when the ring is gone.
        """
        ...


class KeyProtector(Protocol):
    """Encrypts private keys with a key that never leaves its service."""

    def encrypt(self, private_key: bytes, context: Mapping[str, str]) -> bytes:
        """The key (at most 4 KB), readable only with the same context. Raises StoreUnavailable."""
        ...

    def decrypt(self, encrypted: bytes, context: Mapping[str, str]) -> bytes:
        """The inverse of `encrypt`. Raises StoreUnavailable, also when it is refused."""
        ...


class UnknownSigningKey(Exception):
    """No key of the ring has this `kid`; the message is for the log."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A published key and the one algorithm that it may verify."""

    kid: str
    algorithm: Algorithm
    key: "PublicKey"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What a rotation did to one key; `state` None: removed."""

    kid: str
    algorithm: Algorithm
    state: KeyState | None


Record = Callable[[tuple[KeyChange, ...]], AuditEvent]
"""Makes the audit event of what a rotation does."""


class _Reading(NamedTuple):
    """A ring, and both clocks before it was asked for."""

    keys: SigningKeys
    wall: float
    monotonic: float


class KeyRing:
    """The ring as one process sees it; private keys are in clear in its memory alone.

    Every method may raise StoreUnavailable; nothing is ever signed with less instead.
    """

    def __init__(
        self,
        store: SigningKeyStore,
        protector: KeyProtector,
        clock: Clock,
        issuer: str,
        generate: Callable[[Algorithm], KeyPair] = key_material.generate,
    ) -> None:
        self._store = store
        self._protector = protector
        self._clock = clock
        self._issuer = issuer
        self._generate = generate
        self._reading: _Reading | None = None
        self._private: dict[str, PrivateKey] = {}

    def ensure(self) -> SigningKeys:
        """The ring, at most five minutes old; made where there is none."""
        reading = self._reading
        if reading is None or self._age(reading) >= REFRESH_SECONDS:
            return self.load()
        return reading.keys

    def load(self) -> SigningKeys:
        """The ring as it is stored now; made where there is none."""
        wall, monotonic = self._clock.wall(), self._clock.monotonic()
        keys = self._store.load(self._issuer) or self._create()
        self._keep(_Reading(keys, wall, monotonic))
        return keys

    def signing_key(self, algorithm: Algorithm) -> "tuple[str, PrivateKey]":
        """The `kid` and the private key that sign now."""
        key = self.ensure().active(algorithm)
        if key is None:
            raise StoreUnavailable(f"the first {algorithm.value} key does not sign yet")
        private = self._private.get(key.kid)
        if private is None:
            clear = self._protector.decrypt(key.encrypted_private_key, self._context(key.kid))
            private = key_material.load_private_key(clear)
            self._private[key.kid] = private
        return key.kid, private

    def verification_key(self, kid: str) -> VerificationKey:
        """The published key of this `kid`.

        One that is not known may be new: then the ring is read again, at most once per ten
        seconds, so that made-up values cost next to nothing. Raises UnknownSigningKey.
        """
        if len(kid) > MAXIMUM_KID_LENGTH:
            raise UnknownSigningKey("kid is too long")
        key = self.ensure().find(kid)
        if key is None and self._may_read_again():
            key = self.load().find(kid)
        if key is None:
            raise UnknownSigningKey("no key of the ring has this kid")
        return VerificationKey(kid, key.algorithm, key_material.load_public_key(key.public_jwk))

    def public_jwks(self) -> dict[str, object]:
        """The JWK Set of all keys (RFC 7517 §5), those that sign first."""
        keys = sorted(self.ensure().keys, key=lambda key: _PUBLISHED_ORDER.index(key.state))
        return {"keys": [dict(key.public_jwk) for key in keys]}

    def rotate(
        self, now: int, *, start: bool = False, record: Record | None = None
    ) -> tuple[KeyChange, ...]:
        """Take the step that is due, for every algorithm; nothing when none is.

        `start` publishes a next key before its time, where there is none; it then waits like
        any other. Running twice, late, or in two processes at once does no harm: each step
        waits from the moment at which the step before it was written. `record` makes the audit
        event of a change that somebody asked for.
        """
        before = self.load()
        after = _advance(before, now, self._new_key, start=start)
        if after is before:
            return ()
        wall, monotonic = self._clock.wall(), self._clock.monotonic()
        event = None if record is None else record(changes(before, after))
        stored = self._store.replace(before, after, event)
        self._keep(_Reading(stored, wall, monotonic))
        return changes(before, stored)

    def _create(self) -> SigningKeys:
        """A ring that signs at once: nobody can have kept an older one."""
        now = self._clock.now()
        keys = tuple(
            replace(self._new_key(algorithm, now), state=KeyState.ACTIVE, activated_at=now)
            for algorithm in Algorithm
        )
        return self._store.create(SigningKeys(self._issuer, keys))

    def _new_key(self, algorithm: Algorithm, now: int) -> SigningKey:
        pair = self._generate(algorithm)
        return SigningKey(
            kid=pair.kid,
            algorithm=algorithm,
            state=KeyState.NEXT,
            created_at=now,
            public_jwk=pair.public_jwk,
            encrypted_private_key=self._protector.encrypt(
                pair.private_key, self._context(pair.kid)
            ),
        )

    def _context(self, kid: str) -> dict[str, str]:
        """What a private key is encrypted for; it can be decrypted for nothing else."""
        return {"issuer": self._issuer, "kid": kid}

    def _keep(self, reading: _Reading) -> None:
        held = {key.kid for key in reading.keys.keys}
        self._private = {kid: key for kid, key in self._private.items() if kid in held}
        self._reading = reading

    def _may_read_again(self) -> bool:
        return self._reading is None or self._age(self._reading) >= UNKNOWN_KID_SECONDS

    def _age(self, reading: _Reading) -> float:
        """By the larger of both clocks: a process may have been frozen, a clock set back."""
        return max(self._clock.wall() - reading.wall, self._clock.monotonic() - reading.monotonic)


def changes(before: SigningKeys, after: SigningKeys) -> tuple[KeyChange, ...]:
    """What became of which key from one ring to the other."""
    states = {key.kid: key.state for key in before.keys}
    held = {key.kid for key in after.keys}
    changed = [
        KeyChange(key.kid, key.algorithm, key.state)
        for key in after.keys
        if states.get(key.kid) is not key.state
    ]
    removed = [
        KeyChange(key.kid, key.algorithm, None) for key in before.keys if key.kid not in held
    ]
    return (*changed, *removed)


def _advance(
    ring: SigningKeys,
    now: int,
    new_key: Callable[[Algorithm, int], SigningKey],
    *,
    start: bool,
) -> SigningKeys:
    """The ring after the step that is due; the very same ring when none is."""
    keys = [key for key in ring.keys if not _is_over(key, now)]
    for algorithm in Algorithm:
        upcoming = _in_state(keys, algorithm, KeyState.NEXT)
        active = _in_state(keys, algorithm, KeyState.ACTIVE)
        if upcoming is not None:
            if now >= upcoming.created_at + PUBLISHED_SECONDS:
                keys = [_moved_on(key, now) if key in (upcoming, active) else key for key in keys]
        elif start or _is_due(active, now):
            keys.append(new_key(algorithm, now))
    after = tuple(keys)
    return ring if after == ring.keys else replace(ring, keys=after, version=ring.version + 1)


def _is_over(key: SigningKey, now: int) -> bool:
    return key.retired_at is not None and now >= key.retired_at + RETIRING_SECONDS


def _is_due(active: SigningKey | None, now: int) -> bool:
    """Whether the key that follows must be published, to be known when it is to sign."""
    if active is None or active.activated_at is None:
        return True
    return now >= active.activated_at + SIGNING_SECONDS - PUBLISHED_SECONDS


def _moved_on(key: SigningKey, now: int) -> SigningKey:
    if key.state is KeyState.NEXT:
        return replace(key, state=KeyState.ACTIVE, activated_at=now)
    return replace(key, state=KeyState.RETIRING, retired_at=now)


def _in_state(
    keys: Sequence[SigningKey], algorithm: Algorithm, state: KeyState
) -> SigningKey | None:
    found = (key for key in keys if key.algorithm is algorithm and key.state is state)
    return next(found, None)
