"""A small DynamoDB in memory, standing where `Connection._send` sends: deterministic and strict.

It answers the operations that the storage layer uses in DynamoDB's own JSON shapes, charges
capacity units by DynamoDB's rules, and raises the same `ClientError`s. Tables have one string
hash key. Items never change in place, so `snapshot` and `restore` copy no item.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from tests.faults import expressions
from tests.faults.expressions import InvalidExpression, Item
from tests.faults.items import item_bytes, plain, plain_copy, read_units, stored_bytes, stored_copy
from tests.faults.tables import (
    Arguments,
    ConditionFailed,
    Index,
    Table,
    Write,
    key,
    prepare_check,
    prepare_delete,
    prepare_put,
    prepare_update,
    refuse_unused,
    requested_key,
)

Snapshot = Mapping[str, Mapping[str, Item]]
Intercept = Callable[[str, Arguments, Callable[[], dict[str, Any]]], dict[str, Any]]
"""Is given an operation, its arguments, and a way to have it answered."""
Row = tuple[tuple[Any, str], Item]
"""((range key, hash key), item): rows sort by their first part."""


class NotModelled(Exception):
    """DynamoDB can do this; the storage layer did not need it so far."""


MAXIMUM_BATCH_KEYS = 100
MAXIMUM_TRANSACTION_ITEMS = 100
MAXIMUM_PAGE_BYTES = 1024 * 1024

_WRITE_OPTIONS = {
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValuesOnConditionCheckFailure",
}
_COMMON = {"TableName", "ReturnConsumedCapacity"}
_READ_PAGE = _COMMON | {
    "IndexName", "FilterExpression", "ProjectionExpression", "ExpressionAttributeNames",
    "ExpressionAttributeValues", "Limit", "ExclusiveStartKey", "Select", "ConsistentRead",
}  # fmt: skip
_PARAMETERS = {
    "GetItem": _COMMON
    | {"Key", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"},
    "BatchGetItem": {"RequestItems", "ReturnConsumedCapacity"},
    "PutItem": _COMMON | _WRITE_OPTIONS | {"Item", "ReturnValues"},
    "UpdateItem": _COMMON | _WRITE_OPTIONS | {"Key", "UpdateExpression", "ReturnValues"},
    "DeleteItem": _COMMON | _WRITE_OPTIONS | {"Key", "ReturnValues"},
    "TransactWriteItems": {"TransactItems", "ReturnConsumedCapacity", "ClientRequestToken"},
    "Query": _READ_PAGE | {"KeyConditionExpression", "ScanIndexForward"},
    "Scan": _READ_PAGE,
}
_TRANSACTED = {
    "Put": {"TableName", "Item"} | _WRITE_OPTIONS,
    "Update": {"TableName", "Key", "UpdateExpression"} | _WRITE_OPTIONS,
    "Delete": {"TableName", "Key"} | _WRITE_OPTIONS,
    "ConditionCheck": {"TableName", "Key"} | _WRITE_OPTIONS,
}


class InMemoryDynamoDB:
    """`send` is the transport to put beneath a connection; `billed`: answers name their units."""

    def __init__(self, *, billed: bool = True) -> None:
        self._billed = billed
        self.tables: dict[str, Table] = {}
        self.replica: Snapshot | None = None
        self._tokens: dict[str, Any] = {}
        self._intercept: Intercept | None = None
        self._operations: Mapping[str, Callable[[Arguments], dict[str, Any]]] = {
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "TransactWriteItems": self._transact_write_items,
            "Query": self._query,
            "Scan": self._scan,
            "CreateTable": self._create_table,
            "UpdateTimeToLive": self._update_time_to_live,
            "DescribeTable": self._describe_table,
        }

    def send(self, operation: str, arguments: Arguments) -> dict[str, Any]:
        """Answer one request. Raises ClientError as DynamoDB would have it."""
        return self.pass_on(operation, arguments, partial(self._answer, operation, arguments))

    def pass_on(
        self, operation: str, arguments: Arguments, answer: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """What `answer` gives, or what is put in between makes of it; for other services too."""
        if self._intercept is None:
            return answer()
        return self._intercept(operation, arguments, answer)

    @contextmanager
    def intercepted(self, intercept: Intercept) -> Iterator[None]:
        """Put `intercept` in between, to count or to disturb."""
        self._intercept = intercept
        try:
            yield
        finally:
            self._intercept = None

    def _answer(self, operation: str, arguments: Arguments) -> dict[str, Any]:
        allowed = _PARAMETERS.get(operation)
        try:
            if allowed is not None:
                _refuse_unknown(arguments, allowed)
            return self._operations[operation](arguments)
        except InvalidExpression as error:
            raise failure(operation, "ValidationException", str(error)) from error
        except ConditionFailed as error:
            item = error.item if arguments.get("ReturnValuesOnConditionCheckFailure") else None
            extra: dict[str, Any] = {} if item is None else {"Item": stored_copy(item)}
            raise failure(
                operation, "ConditionalCheckFailedException", str(error), **extra
            ) from error

    def snapshot(self) -> Snapshot:
        """All items as they are; cheap."""
        return {name: dict(table.items) for name, table in self.tables.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot."""
        for name, table in self.tables.items():
            table.items = dict(snapshot.get(name, {}))
        self.replica = None
        self._tokens.clear()

    def freeze_replica(self) -> None:
        """From now on eventually consistent reads answer with the items of this moment."""
        self.replica = self.snapshot()

    def delete_expired(self, now: int) -> int:
        """Delete everything that TTL allows at `now`; returns how many items went."""
        expired = [
            (table, place)
            for table in self.tables.values()
            for place, item in table.items.items()
            if table.ttl_name in item and int(item[str(table.ttl_name)]["N"]) < now
        ]
        for table, place in expired:
            del table.items[place]
        return len(expired)

    def _table(self, name: str) -> Table:
        table = self.tables.get(name)
        if table is None:
            raise failure("", "ResourceNotFoundException", f"Requested resource not found: {name}")
        return table

    def _readable(self, table: Table, *, consistent: bool) -> Mapping[str, Item]:
        if consistent or self.replica is None:
            return table.items
        return self.replica[table.name]

    def _read_units(self, item: Item | None, *, consistent: bool) -> float:
        if not self._billed:
            return 0
        return read_units(stored_bytes(item)) * (1 if consistent else 0.5)

    def _consumed(
        self, arguments: Arguments, units: Mapping[str, float], *, one: bool = False
    ) -> dict[str, Any]:
        if not self._billed or arguments.get("ReturnConsumedCapacity", "NONE") == "NONE":
            return {}
        each = [{"TableName": name, "CapacityUnits": float(count)} for name, count in units.items()]
        return {"ConsumedCapacity": each[0] if one else each}

    def _get_item(self, arguments: Arguments) -> dict[str, Any]:
        table = self._table(arguments["TableName"])
        refuse_unused(arguments)
        consistent = arguments.get("ConsistentRead", False)
        item = self._readable(table, consistent=consistent).get(key(table, arguments["Key"]))
        units = self._read_units(item, consistent=consistent)
        answer = {} if item is None else {"Item": _projected(item, arguments)}
        return answer | self._consumed(arguments, {table.name: units}, one=True)

    def _batch_get_item(self, arguments: Arguments) -> dict[str, Any]:
        requests = arguments["RequestItems"]
        count = sum(len(request["Keys"]) for request in requests.values())
        if not 1 <= count <= MAXIMUM_BATCH_KEYS:
            raise InvalidExpression("a batch reads 1 to 100 keys")
        responses: dict[str, list[Item]] = {}
        units: dict[str, float] = {}
        for name, request in requests.items():
            table = self._table(name)
            refuse_unused(request)
            keys = [key(table, one) for one in request["Keys"]]
            if len(set(keys)) != len(keys) or not keys:
                raise InvalidExpression("Provided list of item keys contains duplicates")
            consistent = request.get("ConsistentRead", False)
            readable = self._readable(table, consistent=consistent)
            found = [readable.get(one) for one in keys]
            responses[name] = [_projected(item, request) for item in found if item is not None]
            units[name] = sum(self._read_units(item, consistent=consistent) for item in found)
        answer = {"Responses": responses, "UnprocessedKeys": {}}
        return answer | self._consumed(arguments, units)

    def _put_item(self, arguments: Arguments) -> dict[str, Any]:
        return self._write("PutItem", prepare_put, arguments)

    def _update_item(self, arguments: Arguments) -> dict[str, Any]:
        return self._write("UpdateItem", prepare_update, arguments)

    def _delete_item(self, arguments: Arguments) -> dict[str, Any]:
        return self._write("DeleteItem", prepare_delete, arguments)

    def _write(
        self,
        operation: str,
        prepare: Callable[[Table, Arguments], "Write"],
        arguments: Arguments,
    ) -> dict[str, Any]:
        table = self._table(arguments["TableName"])
        write = prepare(table, arguments)
        write.apply()
        answer = _returned(arguments.get("ReturnValues", "NONE"), write, operation)
        units = write.units() if self._billed else 0
        return answer | self._consumed(arguments, {table.name: units}, one=True)

    def _transact_write_items(self, arguments: Arguments) -> dict[str, Any]:
        token = arguments.get("ClientRequestToken")
        if token is not None and token in self._tokens:
            if plain(self._tokens[token]) != plain(arguments["TransactItems"]):
                raise failure(
                    "TransactWriteItems", "IdempotentParameterMismatchException", "other parameters"
                )
            return {}
        writes, reasons = self._prepare_transaction(arguments["TransactItems"])
        if any(reason["Code"] != "None" for reason in reasons):
            codes = ", ".join(reason["Code"] for reason in reasons)
            raise failure(
                "TransactWriteItems",
                "TransactionCanceledException",
                f"Transaction cancelled, please refer cancellation reasons [{codes}]",
                CancellationReasons=reasons,
            )
        units: dict[str, float] = {}
        for write in writes:
            write.apply()
            if self._billed:
                units[write.table.name] = units.get(write.table.name, 0) + write.units(factor=2)
        if token is not None:
            self._tokens[token] = arguments["TransactItems"]
        return self._consumed(arguments, units)

    def _prepare_transaction(
        self, requests: Iterable[Mapping[str, Arguments]]
    ) -> tuple[list["Write"], list[dict[str, Any]]]:
        """Every write, and DynamoDB's reason per request (`None` where it may happen)."""
        writes: list[Write] = []
        reasons: list[dict[str, Any]] = []
        seen: set[tuple[str, str]] = set()
        prepare = {
            "Put": prepare_put,
            "Update": prepare_update,
            "Delete": prepare_delete,
            "ConditionCheck": prepare_check,
        }
        for request in requests:
            ((kind, arguments),) = request.items()
            _refuse_unknown(arguments, _TRANSACTED[kind])
            table = self._table(arguments["TableName"])
            place = table.name, requested_key(table, arguments)
            if place in seen:
                raise InvalidExpression(
                    "Transaction request cannot include multiple operations on one item"
                )
            seen.add(place)
            try:
                writes.append(prepare[kind](table, arguments))
                reasons.append({"Code": "None"})
            except ConditionFailed as error:
                reasons.append(_cancellation(arguments, error))
        if not 1 <= len(seen) <= MAXIMUM_TRANSACTION_ITEMS:
            raise InvalidExpression("a transaction has 1 to 100 items")
        return writes, reasons

    def _query(self, arguments: Arguments) -> dict[str, Any]:
        condition = expressions.condition(arguments["KeyConditionExpression"])
        names = arguments.get("ExpressionAttributeNames", {})
        values = arguments.get("ExpressionAttributeValues", {})
        refuse_unused(arguments)

        def selects(item: Item) -> bool:
            return condition.holds(item, names, values)

        return self._page(arguments, selects, forward=arguments.get("ScanIndexForward", True))

    def _scan(self, arguments: Arguments) -> dict[str, Any]:
        refuse_unused(arguments)
        return self._page(arguments, lambda _: True, forward=True)

    def _page(
        self, arguments: Arguments, selects: Callable[[Item], bool], *, forward: bool
    ) -> dict[str, Any]:
        table = self._table(arguments["TableName"])
        consistent = arguments.get("ConsistentRead", False)
        index = _requested_index(table, arguments)
        rows = [row for row in self._rows(table, index, consistent=consistent) if selects(row[1])]
        rows.sort(key=_order, reverse=not forward)
        rows = _behind(rows, arguments.get("ExclusiveStartKey"), table, index, forward=forward)
        page, size = _bounded(rows, arguments.get("Limit"))
        kept = [item for _, item in page if _passes_filter(item, arguments)]
        answer: dict[str, Any] = {"Count": len(kept), "ScannedCount": len(page)}
        if arguments.get("Select") != "COUNT":
            answer["Items"] = [_projected(item, arguments) for item in kept]
        if len(page) < len(rows) or (page and len(page) == arguments.get("Limit")):
            answer["LastEvaluatedKey"] = _start_key(table, index, page[-1][1])
        units = read_units(size) * (1 if consistent else 0.5)
        return answer | self._consumed(arguments, {table.name: units}, one=True)

    def _rows(self, table: Table, index: Index | None, *, consistent: bool) -> list[Row]:
        items = self._readable(table, consistent=consistent).items()
        if index is None:
            return [((0, key), item) for key, item in items]
        views = ((key, index.view(item)) for key, item in items)
        return [((_sort_key(index, view), key), view) for key, view in views if view is not None]

    def _create_table(self, arguments: Arguments) -> dict[str, Any]:
        name = arguments["TableName"]
        if name in self.tables:
            raise failure("CreateTable", "ResourceInUseException", f"Table exists: {name}")
        hash_name, range_name = _key_schema(arguments["KeySchema"])
        types = {
            one["AttributeName"]: one["AttributeType"] for one in arguments["AttributeDefinitions"]
        }
        if range_name is not None or types[hash_name] != "S":
            raise NotModelled("tables here have one string key")
        indexes = {
            one["IndexName"]: _index(one, hash_name)
            for one in arguments.get("GlobalSecondaryIndexes", ())
        }
        self.tables[name] = Table(name, hash_name, types, indexes)
        return self._describe_table(arguments)

    def _update_time_to_live(self, arguments: Arguments) -> dict[str, Any]:
        specification = arguments["TimeToLiveSpecification"]
        table = self._table(arguments["TableName"])
        table.ttl_name = specification["AttributeName"] if specification["Enabled"] else None
        return {"TimeToLiveSpecification": dict(specification)}

    def _describe_table(self, arguments: Arguments) -> dict[str, Any]:
        table = self._table(arguments["TableName"])
        description = {
            "TableName": table.name,
            "TableStatus": "ACTIVE",
            "KeySchema": [{"AttributeName": table.hash_name, "KeyType": "HASH"}],
        }
        return {"Table": description}


def failure(
    operation: str, code: str, message: str, status: int = 400, **extra: Any
) -> ClientError:
    """The error that botocore raises for this answer."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0},
        **extra,
    }
    return ClientError(response, operation)


def _cancellation(arguments: Arguments, error: ConditionFailed) -> dict[str, Any]:
    reason: dict[str, Any] = {"Code": "ConditionalCheckFailed", "Message": str(error)}
    if arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and error.item is not None:
        reason["Item"] = stored_copy(error.item)
    return reason


def _returned(mode: str, write: Write, operation: str) -> dict[str, Any]:
    if mode == "NONE":
        return {}
    if mode == "ALL_OLD":
        return {} if write.before is None else {"Attributes": stored_copy(write.before)}
    if operation != "UpdateItem" or write.after is None:
        raise InvalidExpression("Return values set to invalid value")
    if mode == "ALL_NEW":
        return {"Attributes": stored_copy(write.after)}
    source = write.after if mode == "UPDATED_NEW" else write.before or {}
    return {"Attributes": plain_copy({n: v for n, v in source.items() if n in write.named})}


def _projected(item: Item, arguments: Arguments) -> Item:
    text = arguments.get("ProjectionExpression")
    if text is None:
        return stored_copy(item)
    names = arguments.get("ExpressionAttributeNames", {})
    paths = [expressions.resolve(path, names) for path in expressions.projection(text).paths]
    if any(len(path) > 1 for path in paths):
        raise NotModelled("projections here name whole attributes")
    return plain_copy({str(path[0]): item[str(path[0])] for path in paths if path[0] in item})


def _passes_filter(item: Item, arguments: Arguments) -> bool:
    text = arguments.get("FilterExpression")
    if text is None:
        return True
    names = arguments.get("ExpressionAttributeNames", {})
    return expressions.condition(text).holds(
        item, names, arguments.get("ExpressionAttributeValues", {})
    )


def _order(row: Row) -> tuple[Any, str]:
    return row[0]


def _sort_key(index: Index | None, item: Item) -> Any:
    if index is None or index.range_name is None:
        return 0
    return expressions.sort_value(item[index.range_name])


def _behind(
    rows: list[Row], start: Item | None, table: Table, index: Index | None, *, forward: bool
) -> list[Row]:
    """The rows behind the start key, which need not exist any more."""
    if start is None:
        return rows
    mark = _sort_key(index, start), start[table.hash_name]["S"]
    return [row for row in rows if (row[0] > mark if forward else row[0] < mark)]


def _requested_index(table: Table, arguments: Arguments) -> Index | None:
    name = arguments.get("IndexName")
    if name is None:
        return None
    if name not in table.indexes:
        raise InvalidExpression(f"The table does not have the specified index: {name}")
    if arguments.get("ConsistentRead", False):
        raise InvalidExpression("Consistent reads are not supported on global indexes")
    return table.indexes[name]


def _start_key(table: Table, index: Index | None, item: Item) -> Item:
    names = {table.hash_name}
    if index is not None:
        names |= {index.hash_name, index.range_name or index.hash_name}
    return plain_copy({name: item[name] for name in names})


def _bounded(rows: list[Row], limit: int | None) -> tuple[list[Row], int]:
    """The first page of rows and its size in bytes."""
    if limit is not None and limit < 1:
        raise InvalidExpression("Limit must be at least 1")
    page, size = [], 0
    for row in rows[:limit]:
        size += item_bytes(row[1])
        page.append(row)
        if size > MAXIMUM_PAGE_BYTES:
            break
    return page, size


def _index(definition: Arguments, table_hash_name: str) -> Index:
    hash_name, range_name = _key_schema(definition["KeySchema"])
    projection = definition["Projection"]
    projected = None
    if projection["ProjectionType"] != "ALL":
        keys = {table_hash_name, hash_name, range_name or hash_name}
        projected = frozenset(keys | set(projection.get("NonKeyAttributes", ())))
    return Index(hash_name, range_name, projected)


def _key_schema(schema: Iterable[Mapping[str, str]]) -> tuple[str, str | None]:
    names = {one["KeyType"]: one["AttributeName"] for one in schema}
    return names["HASH"], names.get("RANGE")


def _refuse_unknown(arguments: Arguments, allowed: set[str]) -> None:
    unknown = set(arguments) - allowed
    if unknown:
        raise NotModelled(f"not modelled: {sorted(unknown)}")
