"""Records that are replaced as a whole, each write by whoever has seen the one before."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.audit import AuditEvent
from chalicelib.storage.attributes import Item, WholeNumberAttribute
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.database import Database, Put, table_of
from chalicelib.storage.tables import Record
from chalicelib.storage.transactions import commit

_RECORD = "record"


class VersionedRecord(Record):
    """What such records share. `nonce` is that of the newest write, and no two share one.

    So it resolves unknown outcomes, and tells a record from one that TTL deleted and that was
    made again with the same version.
    """

    version = WholeNumberAttribute()
    nonce = UnicodeAttribute()


def unchanged(record: type[VersionedRecord], version: int, nonce: str) -> Condition:
    """The condition that the record has this version and nonce; version 0: that there is none."""
    condition: Condition = (record.version == version) & (record.nonce == nonce)
    return record.key.does_not_exist() if version == 0 else condition


def replace_record(
    database: Database,
    record: type[VersionedRecord],
    item: Item,
    *,
    before: tuple[int, str],
    event: AuditEvent | None,
    retention_days: int,
) -> None:
    """Put the item if the record has the version and nonce of `before`; version 0: if absent.

    With an event, both are one transaction. A record with the item's own nonce is this very
    write, whose answer was lost. Raises ConditionFailed with the record as it is.
    """
    put = Put(record, item, unchanged(record, *before))
    if event is not None:
        if commit(database, {_RECORD: put}, event, retention_days):
            key = (table_of(record), item["key"]["S"])
            raise ConditionFailed(database.read([key]).get(key))
        return
    try:
        database.write(put)
    except ConditionFailed as failed:
        if failed.item is None or failed.item["nonce"] != item["nonce"]:
            raise
