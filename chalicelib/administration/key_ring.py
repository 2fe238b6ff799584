"""The signing keys as administrators look after them: listed, and rotated before their time."""

from chalicelib.audit import Actor, AuditEvent
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.signing_keys import KeyRing, SigningKey

# What the audit trail calls the ring, which has no id of its own.
TARGET = "signing_keys"


class SigningKeyRing:
    """Both methods may raise StoreUnavailable."""

    def __init__(self, ring: KeyRing, clock: Clock) -> None:
        self._ring = ring
        self._clock = clock

    def list_keys(self) -> tuple[SigningKey, ...]:
        """Every key as it is stored now."""
        return self._ring.load().keys

    def rotate(self, actor: Actor) -> bool:
        """Publish the next keys, or take the step that is due; whether anything was done.

        Published keys sign a day later; until then there is nothing more to do. Audited.
        """
        now = self._clock.now()
        changes = self._ring.rotate(
            now,
            start=True,
            record=lambda changed: AuditEvent(
                new_ulid(),
                now,
                "signing_keys.rotated",
                TARGET,
                actor,
                {change.kid: change.state or "removed" for change in changed},
            ),
        )
        return bool(changes)
