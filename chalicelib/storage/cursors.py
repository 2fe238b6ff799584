"""Cursors: where a list goes on, as an opaque, bounded and checked string."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

from chalicelib.paging import InvalidCursor
from chalicelib.storage.keys import can_be_key

# Two keys of DynamoDB's greatest length, escaped and encoded.
MAXIMUM_CURSOR_LENGTH = 8192


def encode_cursor(list_name: str, *parts: str) -> str:
    """A cursor of the list of this name."""
    plain = json.dumps([list_name, *parts], separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(plain.encode("utf-8")).rstrip(b"=").decode("ascii")


def decode_cursor(list_name: str, cursor: str, count: int) -> Sequence[str]:
    """The `count` parts of a cursor of this list. Raises InvalidCursor."""
    if len(cursor) > MAXIMUM_CURSOR_LENGTH:
        raise InvalidCursor("the cursor is too long")
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = json.loads(urlsafe_b64decode(padded))
    except (ValueError, RecursionError) as error:
        raise InvalidCursor("the cursor is not one of ours") from error
    if (
        not isinstance(parts, list)
        or len(parts) != count + 1
        or not all(isinstance(part, str) and part and can_be_key(part) for part in parts)
        or parts[0] != list_name
    ):
        raise InvalidCursor("the cursor is not one of this list")
    return parts[1:]
