"""Ids: ULIDs, which sort by time, under a prefix that says what they name (checklist 51)."""

import hashlib
import re

from ulid import ULID
from ulid.base32 import encode

from chalicelib.oauth.tokens import CLIENT_PREFIX, USER_PREFIX

_CLIENT_ID = re.compile(rf"{CLIENT_PREFIX}[0-9a-z]{{26}}")


def new_ulid() -> str:
    """A fresh ULID, lower case, 26 characters."""
    return str(ULID()).lower()


def new_client_id() -> str:
    """`app_` and a ULID; can never be taken for a user id."""
    return CLIENT_PREFIX + new_ulid()


def is_client_id(value: str) -> bool:
    """Whether a string has the form of a client id; whatever has not is never looked up."""
    return _CLIENT_ID.fullmatch(value) is not None


def new_user_id() -> str:
    """`usr_` and a ULID."""
    return USER_PREFIX + new_ulid()


def assertion_grant_id(client_id: str, jti: str) -> str:
    """The grant id that a signed JWT stands for: the same JWT, the same record, used once."""
    digest = hashlib.sha256(f"{client_id}\0{jti}".encode()).digest()
    return encode(digest[:16]).lower()
