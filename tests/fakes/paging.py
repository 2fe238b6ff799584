"""Pages of a list in memory, and their cursors."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeVar

from chalicelib.paging import InvalidCursor, Page

_Item = TypeVar("_Item")


def page(
    name: str, entries: list[tuple[list[str], _Item]], cursor: str | None, limit: int
) -> Page[_Item]:
    """A page of sorted entries; the cursor holds the position of the last one before it."""
    first = 0
    if cursor is not None:
        position = _position(name, cursor)
        places = [place for place, _ in entries]
        first = places.index(position) + 1 if position in places else len(entries)
    page = entries[first : first + limit]
    more = first + limit < len(entries)
    return Page([entry for _, entry in page], _cursor(name, page[-1][0]) if more else None)


def _cursor(name: str, position: list[str]) -> str:
    return urlsafe_b64encode(json.dumps([name, position]).encode()).decode()


def _position(name: str, cursor: str) -> list[str]:
    try:
        found, position = json.loads(urlsafe_b64decode(cursor))
    except ValueError as error:
        raise InvalidCursor("not a cursor") from error
    if found != name:
        raise InvalidCursor("a cursor of another list")
    return list(position)
