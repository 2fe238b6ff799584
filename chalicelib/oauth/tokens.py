"""Token strings: recognisable, self-locating, 256 random bits, checked by a checksum.

    gla_<client>.<subject>.<grant>.<secret><checksum>

`client`, `subject` and `grant` say what to read and nothing more: the stored hash covers the
whole string, so a string that claims anything else matches no record (RFC 6819 §5.1.4.1.3).
"""

import hashlib
import re
import secrets
import zlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum

SECRET_BYTES = 32
MAXIMUM_TOKEN_LENGTH = 256

CLIENT_PREFIX = "app_"
USER_PREFIX = "usr_"
_SELF = "self"
_ID = "[0-9a-z]{26}"
_PATTERN = re.compile(
    rf"(gl[acrs])_({_ID})\.({_ID}|{_SELF})\.({_ID})\.([A-Za-z0-9_-]{{43}})([0-9a-f]{{8}})"
)


class TokenKind(StrEnum):
    """The prefixes, one a kind; secret scanners look for them."""

    ACCESS = "gla"
    REFRESH = "glr"
    CODE = "glc"
    SECRET = "gls"


class MalformedToken(ValueError):
    """The string is not a token of ours: nothing has to be read to refuse it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A parsed token: what it claims and the hash under which it must be stored."""

    kind: TokenKind
    client_id: str
    subject: str | None
    grant_id: str
    hash: str


def new_secret() -> bytes:
    """256 bits of the operating system's randomness."""
    return secrets.token_bytes(SECRET_BYTES)


def mint(kind: TokenKind, client_id: str, subject: str | None, grant_id: str, secret: bytes) -> str:
    """The token string of a kind for these ids and 32 secret bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("a token holds 32 secret bytes")
    user = _SELF if subject is None else subject.removeprefix(USER_PREFIX)
    encoded = urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")
    body = f"{kind.value}_{client_id.removeprefix(CLIENT_PREFIX)}.{user}.{grant_id}.{encoded}"
    return body + _checksum(body)


def parse(value: str) -> Token:
    """Take a token apart without trusting it. Raises MalformedToken."""
    if len(value) > MAXIMUM_TOKEN_LENGTH:
        raise MalformedToken("too long")
    match = _PATTERN.fullmatch(value)
    if match is None:
        raise MalformedToken("not of the form of a token")
    kind, client, subject, grant_id, _, checksum = match.groups()
    if _checksum(value[: -len(checksum)]) != checksum:
        raise MalformedToken("the checksum does not match")
    return Token(
        kind=TokenKind(kind),
        client_id=CLIENT_PREFIX + client,
        subject=None if subject == _SELF else USER_PREFIX + subject,
        grant_id=grant_id,
        hash=digest(value),
    )


def digest(value: str) -> str:
    """SHA-256 of a whole token string, hex: kind, ids and secret together."""
    return hashlib.sha256(value.encode("utf-8")).hexdigest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode('ascii')):08x}"
