"""The list of what ends: one small item for each credential that has an end, in their order.

So that the next ends of any number of applications are one Query. The items are written in the
transactions of their applications.
"""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.oauth.model import Application
from chalicelib.paging import InvalidCursor, Page
from chalicelib.registry.ends import End, ends_of
from chalicelib.storage.attributes import Item
from chalicelib.storage.cursors import decode_cursor, encode_cursor
from chalicelib.storage.database import Database, Delete, Put, Query, Write
from chalicelib.storage.keys import end_key
from chalicelib.storage.name_lists import BY_NAME
from chalicelib.storage.tables import InApplications, ListedRecord

END_LIST = "end"

# Seconds as texts of one length, so that their order is that of time.
_DIGITS = 12
_PREFIX = "end#"


class EndRecord(ListedRecord, InApplications):
    """`end#<client_id>#<secret_id>`, `…#certificate`: when a credential of `owner` ends."""

    owner = UnicodeAttribute()
    secret_id = UnicodeAttribute(null=True)


def move_ends(old: Application | None, new: Application | None) -> dict[str, Write]:
    """The writes that a change asks for; None: before it is made, after it is gone."""
    before = frozenset() if old is None else ends_of(old)
    after = frozenset() if new is None else ends_of(new)
    kept = {end_key(end.client_id, end.secret_id) for end in after}
    gone = {end_key(end.client_id, end.secret_id) for end in before} - kept
    writes: dict[str, Write] = {f"gone {key}": Delete(EndRecord, key) for key in gone}
    for end in after - before:
        key = end_key(end.client_id, end.secret_id)
        writes[f"end {key}"] = Put(EndRecord, EndRecord.write(key, _values(end)))
    return writes


def list_ends(
    database: Database, since: int, until: int, cursor: str | None, limit: int
) -> Page[End]:
    """Ends from `since` to `until`, the nearest first; eventually consistent.

    Raises InvalidCursor, StoreUnavailable.
    """
    low, high = _sort_name(since), _sort_name(until)
    condition = (EndRecord.listed == END_LIST) & EndRecord.sort_name.between(low, high)
    start = None if cursor is None else _start(cursor)
    items, after = database.query(
        Query(EndRecord, BY_NAME.index, condition, limit, start, BY_NAME.forward)
    )
    following = None
    if after is not None:
        following = encode_cursor(END_LIST, after["sort_name"]["S"], after["key"]["S"])
    return Page([_read(item) for item in items], following)


def _values(end: End) -> dict[str, object]:
    return {
        "listed": END_LIST,
        "sort_name": _sort_name(end.ends_at),
        "owner": end.client_id,
        "secret_id": end.secret_id,
    }


def _read(item: Item) -> End:
    values = EndRecord.read(item)
    return End(values["owner"], values.get("secret_id"), int(values["sort_name"]))


def _sort_name(seconds: int) -> str:
    return f"{max(0, seconds):0{_DIGITS}d}"


def _start(cursor: str) -> Item:
    place, key = decode_cursor(END_LIST, cursor, 2)
    if not (place.isascii() and place.isdigit() and len(place) == _DIGITS):
        raise InvalidCursor("the cursor names no time")
    if not key.startswith(_PREFIX):
        raise InvalidCursor("the cursor names no end")
    return {"listed": {"S": END_LIST}, "sort_name": {"S": place}, "key": {"S": key}}
