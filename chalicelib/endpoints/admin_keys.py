"""`/admin/keys`: the keys that sign ID tokens, listed and rotated before their time."""

from chalicelib.administration.key_ring import SigningKeyRing
from chalicelib.administration.key_views import KeyListView, key_view
from chalicelib.endpoints.admin_requests import Gate, answer
from chalicelib.oauth.messages import Request, Response


class KeyEndpoints:
    """One method an endpoint; each admits the caller before it reads anything else."""

    def __init__(self, gate: Gate, ring: SigningKeyRing) -> None:
        self._gate = gate
        self._ring = ring

    def list_all(self, request: Request) -> Response:
        """Every key as it is stored now."""
        self._gate.admit(request)
        return self._answer()

    def rotate(self, request: Request) -> Response:
        """Publish the next keys, or take the step that is due; they sign a day later.

        Asked again while keys are waiting, it does nothing.
        """
        actor = self._gate.admit(request)
        self._ring.rotate(actor)
        return self._answer()

    def _answer(self) -> Response:
        items = [key_view(key) for key in self._ring.list_keys()]
        return answer(200, KeyListView(items=items, next=None, count=len(items)))
