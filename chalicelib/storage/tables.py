"""The tables, and what the records of all of them share.

A record describes items; it never does I/O (`Database` does), and no record leaves `storage`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, TypeVar, cast

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.storage.attributes import Item

APPLICATIONS = "applications"
USERS = "users"
TOKENS = "tokens"
SIGNING_KEYS = "signing_keys"
AUDIT_EVENTS = "audit_events"
CALLBACKS = "callbacks"


class _Codec(Protocol):
    attr_type: str

    def serialize(self, value: Any) -> Any: ...

    def deserialize(self, value: Any) -> Any: ...


class Record(Model):
    """What all records share: one string key."""

    key = UnicodeAttribute(hash_key=True)

    @classmethod
    def write(cls, key: str, values: Mapping[str, object]) -> Item:
        """The item of this kind; a value of None is left out. Unknown names raise KeyError."""
        item: Item = {"key": {"S": key}}
        codecs = _codecs(cls)
        for name, value in values.items():
            codec = codecs[name]
            serialized = None if value is None else codec.serialize(value)
            if serialized is not None:
                item[name] = {codec.attr_type: serialized}
        return item

    @classmethod
    def read(cls, item: Item) -> dict[str, Any]:
        """The item's values by name, without what is absent."""
        return {
            name: codec.deserialize(item[name][codec.attr_type])
            for name, codec in _codecs(cls).items()
            if name in item
        }


@cache
def _codecs(record: type[Record]) -> dict[str, _Codec]:
    attributes = record.get_attributes()
    return {name: cast("_Codec", attributes[name]) for name in attributes if name != "key"}


class InApplications(Record):
    """A record of the table `applications`."""

    class Meta:
        """The table."""

        table_name = APPLICATIONS


class InUsers(Record):
    """A record of the table `users`."""

    class Meta:
        """The table."""

        table_name = USERS


class InTokens(Record):
    """A record of the table `tokens`."""

    class Meta:
        """The table."""

        table_name = TOKENS


class InSigningKeys(Record):
    """A record of the table `signing_keys`."""

    class Meta:
        """The table."""

        table_name = SIGNING_KEYS


class ListedRecord(Record):
    """What markers in the index `by_name` share: the list they are in, and their place in it."""

    listed = UnicodeAttribute()
    sort_name = UnicodeAttribute()


_Indexed = TypeVar("_Indexed", bound=Record)


class RecordIndex(GlobalSecondaryIndex[_Indexed]):
    """An index that holds whole items, `by_<how it is ordered>`."""

    def __init_subclass__(cls, *, name: str) -> None:
        """Give the index its settings. PynamoDB keeps attributes there: each has its own."""
        cls.Meta = type("Meta", (), {"index_name": name, "projection": AllProjection()})
        super().__init_subclass__()  # type: ignore[no-untyped-call] # PynamoDB types none
