"""Makes moto's transactions cheap: it copies whole tables for each write of one, to undo it.

With some hundred users that is a second for every change. Here only the items that a transaction
touches are kept, and put back when it is refused.
"""

import copy
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_Original = models.DynamoDBBackend.transact_write_items


def speed_up_transactions() -> None:
    """Replace what moto does; once is enough, more does no harm."""
    # Through `setattr`, as moto has no hook and types none.
    for owner, name, value in (
        (models, "copy", SimpleNamespace(deepcopy=_copy_all_but_tables)),
        (models.DynamoDBBackend, "transact_write_items", _transact),
    ):
        setattr(owner, name, value)


def _copy_all_but_tables(value: Any, memo: Any = None) -> Any:
    return value if isinstance(value, Table) else copy.deepcopy(value, memo)


def _transact(backend: models.DynamoDBBackend, writes: list[dict[str, Any]]) -> None:
    places = [_place(write) for write in writes]
    before = [
        (table, key, copy.deepcopy(backend.tables[table].items.get(key)))
        for table, key in places
        if table in backend.tables
    ]
    try:
        _Original(backend, writes)
    except BaseException:
        for table, key, item in before:
            if item is None:
                backend.tables[table].items.pop(key, None)
            else:
                backend.tables[table].items[key] = item
        raise


def _place(write: dict[str, Any]) -> tuple[str, Any]:
    """The table of a write and its key, as moto keeps items; tables here have one string key."""
    ((_, arguments),) = write.items()
    key = arguments.get("Key") or arguments.get("Item")
    return arguments["TableName"], DynamoType(key["key"])
