"""Token strings: recognisable, self-locating, 256 random bits, checked by a checksum.

    gla_<client>.<subject>.<grant>.<secret><checksum>
    glr_<client>.<subject>.<grant>.<family>.<secret><checksum>

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
FAMILY_BYTES = 16
MAXIMUM_TOKEN_LENGTH = 256

CLIENT_PREFIX = "app_"
USER_PREFIX = "usr_"
_SELF = "self"
_ID = "[0-9a-z]{26}"
_PATTERN = re.compile(
    rf"(?:(gl[acs])|(glr))_({_ID})\.({_ID}|{_SELF})\.({_ID})\."
    r"(?(2)([A-Za-z0-9_-]{22})\.)[A-Za-z0-9_-]{43}([0-9a-f]{8})"
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
    """A parsed token: what it claims and the hash under which it must be stored.

    `family` is the part that all refresh tokens of one grant share, None for other kinds.
    """

    kind: TokenKind
    client_id: str
    subject: str | None
    grant_id: str
    hash: str
    family: str | None = None


def new_secret() -> bytes:
    """256 bits of the operating system's randomness."""
    return secrets.token_bytes(SECRET_BYTES)


def mint(
    kind: TokenKind,
    client_id: str,
    subject: str | None,
    grant_id: str,
    secret: bytes,
    *,
    family: str | None = None,
) -> str:
    """The token string of a kind for these ids and 32 secret bytes.

    A refresh token also carries its `family` (`encode_family`).
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError("a token holds 32 secret bytes")
    if (family is not None) != (kind is TokenKind.REFRESH):
        raise ValueError("a refresh token, and no other, has a family")
    user = _SELF if subject is None else subject.removeprefix(USER_PREFIX)
    parts = [client_id.removeprefix(CLIENT_PREFIX), user, grant_id, family, _encode(secret)]
    body = f"{kind.value}_{'.'.join(part for part in parts if part is not None)}"
    return body + _checksum(body)


def encode_family(secret: bytes) -> str:
    """The family part of a grant's refresh tokens, of 16 secret bytes."""
    if len(secret) != FAMILY_BYTES:
        raise ValueError("a family is 16 bytes")
    return _encode(secret)


def parse(value: str) -> Token:
    """Take a token apart without trusting it. Raises MalformedToken."""
    if len(value) > MAXIMUM_TOKEN_LENGTH:
        raise MalformedToken("too long")
    match = _PATTERN.fullmatch(value)
    if match is None:
        raise MalformedToken("not of the form of a token")
    kind, refresh, client, subject, grant_id, family, checksum = match.groups()
    if _checksum(value[: -len(checksum)]) != checksum:
        raise MalformedToken("the checksum does not match")
    return Token(
        kind=TokenKind(kind or refresh),
        client_id=CLIENT_PREFIX + client,
        subject=None if subject == _SELF else USER_PREFIX + subject,
        grant_id=grant_id,
        hash=digest(value),
        family=family,
    )


def digest(value: str) -> str:
    """SHA-256 of a whole token string, hex: kind, ids and secret together."""
    return hashlib.sha256(value.encode("utf-8")).hexdigest()


def _encode(secret: bytes) -> str:
    return urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode('ascii')):08x}"
