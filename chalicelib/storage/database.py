"""Reads and writes of records through one connection, under one deployment's table names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pynamodb.connection.base import MetaTable
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.storage.attributes import Item
from chalicelib.storage.callback_records import ALL_RECORDS
from chalicelib.storage.connection import Connection, TransactionFailed
from chalicelib.storage.keys import can_be_key
from chalicelib.storage.tables import Record

MAXIMUM_BATCH_KEYS = 100

RecordKey = tuple[str, str]
"""(table without its prefix, key)"""


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole item."""

    record: type[Record]
    item: Item
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Change parts of an item; the condition must include that it exists.

    Without that an absent item is made: for counters alone.
    """

    record: type[Record]
    key: str
    actions: tuple[Action, ...]
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item, if it is there and the condition, where given, holds."""

    record: type[Record]
    key: str
    condition: Condition | None = None


Write = Put | Update | Delete

_OPERATIONS: dict[type[Write], str] = {Put: "PutItem", Update: "UpdateItem", Delete: "DeleteItem"}
_TRANSACTED: dict[type[Write], str] = {Put: "Put", Update: "Update", Delete: "Delete"}


@dataclass(frozen=True, slots=True)
class Query:
    """A part of an index: `condition` on its keys, after the item `start`, at most `limit`."""

    record: type[Record]
    index: str
    condition: Condition
    limit: int
    start: Item | None = None
    forward: bool = True


class Database:
    """The tables of one deployment. Every method may raise StoreUnavailable."""

    def __init__(self, connection: Connection, table_prefix: str) -> None:
        self._connection = connection
        self._names = {table_of(record): table_prefix + table_of(record) for record in ALL_RECORDS}
        self._tables = {name: table for table, name in self._names.items()}
        for name in self._names.values():
            _register(connection, name)

    def read(self, keys: Iterable[RecordKey]) -> dict[RecordKey, Item]:
        """The items of these keys, strongly consistent; what is absent is not in the result.

        One round trip for up to 100 keys. A key that DynamoDB would refuse is not asked for:
        it may come from a client's own words, and nothing is stored under it.
        """
        wanted = [entry for entry in dict.fromkeys(keys) if can_be_key(entry[1])]
        found: dict[RecordKey, Item] = {}
        for start in range(0, len(wanted), MAXIMUM_BATCH_KEYS):
            batch: dict[str, list[Item]] = {}
            for table, key in wanted[start : start + MAXIMUM_BATCH_KEYS]:
                batch.setdefault(self._names[table], []).append({"key": {"S": key}})
            for name, items in self._connection.batch_get(batch).items():
                table = self._tables[name]
                for item in items:
                    found[table, item["key"]["S"]] = item
        return found

    def write(self, write: Write) -> None:
        """Do one write. Raises ConditionFailed with the item as it is."""
        self._connection.dispatch(_OPERATIONS[type(write)], self._arguments(write))

    def update(self, update: Update) -> Item:
        """Do one update; the item as it left it. Raises ConditionFailed with the item as it is."""
        arguments = self._arguments(update) | {"ReturnValues": "ALL_NEW"}
        item: Item = self._connection.dispatch("UpdateItem", arguments)["Attributes"]
        return item

    def transact(self, writes: Mapping[str, Write]) -> frozenset[str]:
        """Do all or none; the names of those whose condition did not hold, empty: all done."""
        items = [{_TRANSACTED[type(write)]: self._arguments(write)} for write in writes.values()]
        try:
            self._connection.dispatch("TransactWriteItems", {"TransactItems": items})
        except TransactionFailed as failed:
            refused = zip(writes, failed.reasons, strict=True)
            return frozenset(name for name, reason in refused if reason is not None)
        return frozenset()

    def query(self, query: Query) -> tuple[list[Item], Item | None]:
        """A page of an index, eventually consistent, and the key to go on from."""
        arguments = self._query_arguments(query)
        arguments["Limit"] = query.limit
        answer = self._connection.dispatch("Query", arguments)
        return answer["Items"], answer.get("LastEvaluatedKey")

    def count(self, query: Query, *, limited: bool = False) -> tuple[int, Item | None]:
        """How many entries a page of an index has, up to 1 MB of them, and where it goes on.

        `limited` ends the page after `query.limit` entries.
        """
        arguments = self._query_arguments(query)
        arguments["Select"] = "COUNT"
        if limited:
            arguments["Limit"] = query.limit
        answer = self._connection.dispatch("Query", arguments)
        return answer["Count"], answer.get("LastEvaluatedKey")

    def check_health(self) -> None:
        """Raises StoreUnavailable unless all tables answer; one round trip."""
        self.read((table, "health") for table in self._names)

    def _arguments(self, write: Write) -> dict[str, Any]:
        name = self._names[table_of(write.record)]
        if isinstance(write, Put):
            return self._with_old_item(
                self._connection.get_operation_kwargs(
                    name,
                    write.item["key"]["S"],
                    key="Item",
                    attributes=write.item,
                    condition=write.condition,
                )
            )
        if isinstance(write, Update):
            return self._with_old_item(
                self._connection.get_operation_kwargs(
                    name, write.key, actions=write.actions, condition=write.condition
                )
            )
        return self._with_old_item(
            self._connection.get_operation_kwargs(name, write.key, condition=write.condition)
        )

    @staticmethod
    def _with_old_item(arguments: dict[str, Any]) -> dict[str, Any]:
        if "ConditionExpression" in arguments:
            arguments["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return arguments

    def _query_arguments(self, query: Query) -> dict[str, Any]:
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        expression = query.condition.serialize(names, values)
        arguments = {
            "TableName": self._names[table_of(query.record)],
            "IndexName": query.index,
            "KeyConditionExpression": expression,
            "ExpressionAttributeNames": {placeholder: name for name, placeholder in names.items()},
            "ExpressionAttributeValues": values,
            "ScanIndexForward": query.forward,
        }
        if query.start is not None:
            arguments["ExclusiveStartKey"] = query.start
        return arguments


def table_of(record: type[Record]) -> str:
    """The table of a record, without prefix."""
    return str(record.Meta.table_name)


def _register(connection: Connection, name: str) -> None:
    """Tell PynamoDB the table's key, which it would otherwise ask AWS for."""
    if name in connection._tables:  # noqa: SLF001 - PynamoDB has no question for it
        return
    connection.add_meta_table(
        MetaTable(
            {
                "TableName": name,
                "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
            }
        )
    )
