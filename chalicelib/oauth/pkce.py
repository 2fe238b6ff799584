"""Proof Key for Code Exchange, S256 alone (RFC 7636; `plain` is refused, RFC 9700 §2.1.1)."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

METHOD = "S256"

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_challenge(value: str) -> bool:
    """Whether this can be the base64url of a SHA-256 (RFC 7636 §4.2)."""
    return _CHALLENGE.fullmatch(value) is not None


def matches(challenge: str | None, verifier: str | None) -> bool:
    """Whether a verifier fits the challenge of its code.

    Both absent fit; one without the other does not, so that no challenge can be left out of an
    attacker's request (RFC 9700 §4.8.2).
    """
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    computed = urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    return hmac.compare_digest(computed, challenge)
