"""Request objects (OpenID Connect Core §6): not supported, and refused in the way they ask for."""

from base64 import b64decode
from collections.abc import Mapping

from chalicelib.oauth import strict_json

# Nothing else of it is looked at, and nothing that is granted depends on these.
_ANSWERING = ("response_mode", "state")


def read_answering(request: str) -> Mapping[str, str]:
    """How a request object wants its answer: response mode and state, which nobody verified.

    A client that says them there alone waits for its refusal there. Empty where it cannot be read.
    """
    _, _, rest = request.partition(".")
    payload, _, _ = rest.partition(".")
    padding = "=" * (-len(payload) % 4)
    try:
        claims = strict_json.parse(b64decode(payload + padding, altchars=b"-_", validate=True))
    except ValueError:
        return {}
    if not isinstance(claims, dict):
        return {}
    told = {name: claims[name] for name in _ANSWERING if name in claims}
    return {name: value for name, value in told.items() if _is_text(value)}


def _is_text(value: object) -> bool:
    """As a parameter of its own would be: a string, not empty, without half a character."""
    if not isinstance(value, str):
        return False
    return value != "" and not any("\ud800" <= one <= "\udfff" for one in value)
