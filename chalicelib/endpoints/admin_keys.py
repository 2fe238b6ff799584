"""`/admin/keys`: the keys that sign ID tokens, listed and rotated before their time."""

from chalicelib.administration.key_views import KeyListView, key_view
from chalicelib.audit import AuditEvent
from chalicelib.endpoints.admin_requests import Gate, answer
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.signing_keys import KeyRing

# What the audit trail calls the ring, which has no id of its own.
TARGET = "signing_keys"


class KeyEndpoints:
    """One method an endpoint; each admits the caller before it reads anything else."""

    def __init__(self, gate: Gate, ring: KeyRing, clock: Clock) -> None:
        self._gate = gate
        self._ring = ring
        self._clock = clock

    def list_all(self, request: Request) -> Response:
        """Every key as it is stored now."""
        self._gate.admit(request)
        return self._answer()

    def rotate(self, request: Request) -> Response:
        """Publish the next keys, or take the step that is due; they sign a day later.

        Asked again while keys are waiting, it does nothing.
        """
        actor = self._gate.admit(request)
        now = self._clock.now()
        self._ring.rotate(
            now,
            start=True,
            record=lambda changes: AuditEvent(
                new_ulid(),
                now,
                "signing_keys.rotated",
                TARGET,
                actor,
                {change.kid: change.state or "removed" for change in changes},
            ),
        )
        return self._answer()

    def _answer(self) -> Response:
        items = [key_view(key) for key in self._ring.load().keys]
        return answer(200, KeyListView(items=items, next=None, count=len(items)))
