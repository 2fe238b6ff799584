"""Lists by name: pages over the markers of names, in the order of the folded names."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.paging import InvalidCursor
from chalicelib.storage.attributes import Item
from chalicelib.storage.cursors import decode_cursor, encode_cursor
from chalicelib.storage.database import Database, Query
from chalicelib.storage.keys import SORT_NAME_CHARACTERS, can_be_key, sort_name
from chalicelib.storage.tables import ListedRecord

# A search reads at most so many names for a page, however few of them match.
MAXIMUM_NAMES_A_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Way:
    """One way through a list: along which index, by which attribute, up or down."""

    index: str
    attribute: str
    forward: bool = True


BY_NAME = Way("by_name", "sort_name")
BY_AGE = Way("by_age", "owner")


@dataclass(frozen=True, slots=True)
class NameList:
    """One list, in the order of its folded names or, where it has that index, of its owners' age.

    All of it has one hash key, so it is one partition of the index: enough for a list that
    only administrators write and read.
    """

    database: Database
    record: type[ListedRecord]
    listed: str
    key_prefixes: tuple[str, ...] = ("name#", "long_name#")

    def find_owners(
        self,
        prefix: str,
        accept: Callable[[Item], bool],
        cursor: str | None,
        limit: int,
        way: Way = BY_NAME,
    ) -> tuple[list[str], str | None]:
        """The owners of the entries that `find` gives."""
        items, following = self.find(prefix, accept, cursor, limit, way)
        return [item["owner"]["S"] for item in items], following

    def find(
        self,
        prefix: str,
        accept: Callable[[Item], bool],
        cursor: str | None,
        limit: int,
        way: Way = BY_NAME,
    ) -> tuple[list[Item], str | None]:
        """Up to `limit` accepted entries whose names start with `prefix`, and a cursor.

        Only the way by name takes a prefix. Eventually consistent. Raises InvalidCursor,
        StoreUnavailable.
        """
        if not can_be_key(sort_name(prefix)):
            return [], None
        condition = self.record.listed == self.listed
        if prefix:
            condition &= self.record.sort_name.startswith(sort_name(prefix))
        start = None if cursor is None else self._start(cursor, prefix, way)
        found: list[Item] = []
        seen = 0
        while True:
            size = self._page_size(limit, seen)
            query = Query(self.record, way.index, condition, size, start, way.forward)
            items, start = self.database.query(query)
            for position, item in enumerate(items):
                if not accept(item):
                    continue
                found.append(item)
                if len(found) == limit:
                    is_last = start is None and position == len(items) - 1
                    return found, None if is_last else self._cursor(item, way)
            seen += len(items)
            if start is None:
                return found, None
            if seen >= MAXIMUM_NAMES_A_PAGE:
                return found, self._cursor(start, way)

    def skip(self, count: int, cursor: str | None, way: Way = BY_NAME) -> str | None:
        """The cursor that follows `count` entries; None where the list ends before.

        The entries are counted where they are: some sixteen cost a read unit.
        Raises InvalidCursor, StoreUnavailable.
        """
        condition = self.record.listed == self.listed
        start = None if cursor is None else self._start(cursor, "", way)
        while True:
            query = Query(self.record, way.index, condition, count, start, way.forward)
            found, start = self.database.count(query, limited=True)
            count -= found
            if start is None:
                return None
            if count <= 0:
                return self._cursor(start, way)

    def count(self) -> int:
        """How many names are listed; eventually consistent."""
        condition = self.record.listed == self.listed
        total, start = 0, None
        while True:
            query = Query(self.record, BY_NAME.index, condition, MAXIMUM_NAMES_A_PAGE, start)
            found, start = self.database.count(query)
            total += found
            if start is None:
                return total

    @staticmethod
    def _page_size(limit: int, seen: int) -> int:
        return min(MAXIMUM_NAMES_A_PAGE - seen, max(limit, 100))

    def _cursor(self, item: Item, way: Way) -> str:
        return encode_cursor(self._list_name(way), item[way.attribute]["S"], item["key"]["S"])

    def _list_name(self, way: Way) -> str:
        """A cursor of one way means nothing on another."""
        direction = "" if way.forward else " back"
        return f"{self.listed} {way.index}{direction}"

    def _start(self, cursor: str, prefix: str, way: Way) -> Item:
        place, key = decode_cursor(self._list_name(way), cursor, 2)
        if (
            len(place) > SORT_NAME_CHARACTERS
            or not place.startswith(sort_name(prefix))
            or not key.startswith(self.key_prefixes)
        ):
            raise InvalidCursor("the cursor is not one of this list")
        return {"listed": {"S": self.listed}, way.attribute: {"S": place}, "key": {"S": key}}
