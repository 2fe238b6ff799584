"""Which redirect URIs may be registered for a web application (RFC 6749 §3.1.2, RFC 9700 §4.1)."""

import re
from urllib.parse import urlsplit

MAXIMUM_REDIRECT_URIS = 20
MAXIMUM_REDIRECT_URI_LENGTH = 500

# The characters of RFC 3986, less those refused below for reasons of their own.
_URI = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}|\[[0-9A-Fa-f:.]{{2,45}}\]")
_DOT_SEGMENT = re.compile(r"(?:\.|%2e){1,2}(?:;.*)?", re.IGNORECASE)


def validate_https_uri(value: str) -> str:
    """An absolute https URI whose meaning no two programs can disagree about.

    Raises ValueError with the reason.
    """
    if len(value) > MAXIMUM_REDIRECT_URI_LENGTH:
        raise ValueError(f"must have at most {MAXIMUM_REDIRECT_URI_LENGTH} characters")
    if not value.isascii():
        raise ValueError("must be ASCII")
    if not value.startswith("https://"):
        raise ValueError("must begin with https://")
    if not _URI.fullmatch(value):
        raise ValueError("must hold only the characters of a URI")
    for character, name in (("#", "fragment"), ("*", "wildcard")):
        if character in value:
            raise ValueError(f"must have no {name}")
    authority = value.removeprefix("https://").partition("/")[0].partition("?")[0]
    if "@" in authority:
        raise ValueError("must have no user info")
    _validate_authority(value, authority)
    if any(_DOT_SEGMENT.fullmatch(segment) for segment in urlsplit(value).path.split("/")):
        raise ValueError("must have no dot segments")
    return value


def _validate_authority(value: str, authority: str) -> None:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("must have a valid host and port") from None
    host = authority.removesuffix(f":{port}") if port is not None else authority
    if port == 0 or not _HOST.fullmatch(host):
        raise ValueError("must have a valid host and port")


def validate_redirect_uris(values: list[str]) -> tuple[str, ...]:
    """One to twenty different URIs. Raises ValueError with the reason of each, at its place."""
    if not values:
        raise ValueError("is required")
    if len(values) > MAXIMUM_REDIRECT_URIS:
        raise ValueError(f"must be at most {MAXIMUM_REDIRECT_URIS}")
    if len(set(values)) != len(values):
        raise ValueError("must not name one URI twice")
    reasons = [
        f"URI {place} {reason}"
        for place, reason in enumerate(map(_reason, values), start=1)
        if reason
    ]
    if reasons:
        raise ValueError("; ".join(reasons))
    return tuple(values)


def _reason(value: str) -> str:
    """Why it may not be registered; empty where it may."""
    try:
        validate_https_uri(value)
    except ValueError as error:
        return str(error)
    return ""
