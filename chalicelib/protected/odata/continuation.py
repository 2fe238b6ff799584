"""`$skiptoken`: where a list goes on, signed and bound to who asks and what was asked.

The key is the deployment's, so that any process continues what another began. A forged token
would gain nothing: what a caller may see is decided anew for every page.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence

from chalicelib.protected.odata.bounds import QueryRefused
from chalicelib.protected.odata.reading import Position

_SIGNATURE_BYTES = 32

Key = Callable[[], bytes]
"""The deployment's key, read with the first question. Raises StoreUnavailable."""


class Continuations:
    """Makes and reads the tokens of one deployment."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def sign(self, position: Position, binding: Sequence[str]) -> str:
        """A token for `position`, of use with this binding alone."""
        payload = json.dumps([position.cursor, position.top], separators=(",", ":")).encode()
        return _encode(payload + self._signature(payload, binding))

    def verify(self, token: str, binding: Sequence[str]) -> Position:
        """The position in a token. Raises QueryRefused for what was not signed for this."""
        try:
            content = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
        except ValueError:
            content = b""
        payload, signature = content[:-_SIGNATURE_BYTES], content[-_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(payload, binding)):
            raise QueryRefused("InvalidQuery", "$skiptoken is not one of this list.")
        cursor, top = json.loads(payload)
        return Position(cursor, top)

    def _signature(self, payload: bytes, binding: Sequence[str]) -> bytes:
        bound = json.dumps(list(binding), separators=(",", ":")).encode()
        message = len(bound).to_bytes(4, "big") + bound + payload
        return hmac.new(self._key(), message, hashlib.sha256).digest()


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
