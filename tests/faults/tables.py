"""Tables, their indexes, and writes on them: conditions, what changes, what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tests.faults import expressions
from tests.faults.expressions import AttributeValue, InvalidExpression, Item
from tests.faults.items import item_bytes, stored_bytes, validated, write_units
from tests.faults.updates import apply_update

Arguments = Mapping[str, Any]

MAXIMUM_KEY_BYTES = 2048

_EXPRESSIONS = (
    "ConditionExpression",
    "UpdateExpression",
    "KeyConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
)


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index; `projected` None: every attribute."""

    hash_name: str
    range_name: str | None
    projected: frozenset[str] | None

    def view(self, item: Item | None) -> Item | None:
        """The index's copy of an item; None where the item is not in it."""
        if item is None or self.hash_name not in item:
            return None
        if self.range_name is not None and self.range_name not in item:
            return None
        if self.projected is None:
            return item
        return {name: value for name, value in item.items() if name in self.projected}


@dataclass(slots=True)
class Table:
    """One table: items by the string in their hash key."""

    name: str
    hash_name: str
    key_types: Mapping[str, str]
    indexes: Mapping[str, Index]
    ttl_name: str | None = None
    items: dict[str, Item] = field(default_factory=dict)


class ConditionFailed(Exception):
    """A write's condition does not hold; `item` is what it was checked against."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the conditional request failed")
        self.item = item


@dataclass(frozen=True, slots=True)
class Write:
    """A write whose condition held: the item before and after (None: absent)."""

    table: Table
    key: str
    before: Item | None
    after: Item | None
    changes: bool = True
    named: frozenset[str] = frozenset()

    def apply(self) -> None:
        if not self.changes:
            return
        if self.after is None:
            self.table.items.pop(self.key, None)
        else:
            self.table.items[self.key] = self.after

    def units(self, factor: int = 1) -> float:
        """Write units: the larger of the two sizes, and what each index has to change."""
        size = max(stored_bytes(self.before), stored_bytes(self.after))
        own = factor * write_units(size)
        return own + sum(
            _index_units(index, self.before, self.after) for index in self.table.indexes.values()
        )


def prepare_put(table: Table, arguments: Arguments) -> Write:
    item = validated(arguments["Item"])
    return _conditional(table, requested_key(table, arguments), item, arguments)


def prepare_delete(table: Table, arguments: Arguments) -> Write:
    return _conditional(table, key(table, arguments["Key"]), None, arguments)


def prepare_check(table: Table, arguments: Arguments) -> Write:
    place = key(table, arguments["Key"])
    before = _check_condition(table, place, arguments)
    return Write(table, place, before, before, changes=False)


def prepare_update(table: Table, arguments: Arguments) -> Write:
    place = key(table, arguments["Key"])
    before = _check_condition(table, place, arguments)
    compiled = expressions.update(arguments["UpdateExpression"])
    names = arguments.get("ExpressionAttributeNames", {})
    values = arguments.get("ExpressionAttributeValues", {})
    start = dict(arguments["Key"]) if before is None else before
    after, named = apply_update(compiled, start, names, values)
    if table.hash_name in named:
        raise InvalidExpression("Cannot update the key attribute; it is part of the key")
    after = validated(after)
    _refuse_wrong_index_keys(table, after)
    return Write(table, place, before, after, named=named)


def _conditional(table: Table, place: str, after: Item | None, arguments: Arguments) -> Write:
    before = _check_condition(table, place, arguments)
    if after is not None:
        _refuse_wrong_index_keys(table, after)
    return Write(table, place, before, after)


def _check_condition(table: Table, place: str, arguments: Arguments) -> Item | None:
    """The item as it is. Raises ConditionFailed where the request's condition does not hold."""
    refuse_unused(arguments)
    before = table.items.get(place)
    text = arguments.get("ConditionExpression")
    if text is None:
        return before
    names = arguments.get("ExpressionAttributeNames", {})
    values = arguments.get("ExpressionAttributeValues", {})
    if not expressions.condition(text).holds(before or {}, names, values):
        raise ConditionFailed(before)
    return before


def key(table: Table, value: Mapping[str, AttributeValue]) -> str:
    """The string in a key. Raises InvalidExpression for a key DynamoDB refuses."""
    content = value.get(table.hash_name, {}).get("S")
    if content is None or len(value) != 1:
        raise InvalidExpression("The provided key element does not match the schema")
    if not isinstance(content, str) or not content:
        raise InvalidExpression("A key attribute cannot contain an empty string value")
    if len(content.encode("utf-8")) > MAXIMUM_KEY_BYTES:
        raise InvalidExpression("Size of hashkey has exceeded the maximum size limit")
    return str(content)


def requested_key(table: Table, arguments: Arguments) -> str:
    """The key that a write names, in its `Key` or within its `Item`."""
    if "Key" in arguments:
        return key(table, arguments["Key"])
    item = arguments["Item"]
    return key(table, {name: item[name] for name in {table.hash_name} & set(item)})


def _refuse_wrong_index_keys(table: Table, item: Item) -> None:
    for index in table.indexes.values():
        for name in (index.hash_name, index.range_name):
            if name is None or name not in item:
                continue
            content = item[name].get(table.key_types[name])
            if content is None or content in ("", b""):
                raise InvalidExpression(f"Type mismatch or empty value for index key {name}")


def _index_units(index: Index, before: Item | None, after: Item | None) -> int:
    old, new = index.view(before), index.view(after)
    if old == new:
        return 0
    each = [write_units(item_bytes(one)) for one in (old, new) if one]
    if old is None or new is None:
        return each[0]
    moved = any(
        old.get(name) != new.get(name) for name in (index.hash_name, index.range_name or "")
    )
    return sum(each) if moved else max(each)


def refuse_unused(arguments: Arguments) -> None:
    """Every placeholder is defined and used (DynamoDB refuses anything else)."""
    used: frozenset[str] = frozenset()
    for kind in _EXPRESSIONS:
        text = arguments.get(kind)
        if text is None:
            continue
        compile_text: Any = expressions.condition
        if kind == "UpdateExpression":
            compile_text = expressions.update
        elif kind == "ProjectionExpression":
            compile_text = expressions.projection
        used |= compile_text(text).placeholders
    names = arguments.get("ExpressionAttributeNames")
    values = arguments.get("ExpressionAttributeValues")
    if names == {} or values == {}:
        raise InvalidExpression("ExpressionAttributeNames and Values must not be empty")
    defined = {*(names or ()), *(values or ())}
    if used != defined:
        _refuse_placeholders(used, defined)


def _refuse_placeholders(used: frozenset[str], defined: set[str]) -> NoReturn:
    raise InvalidExpression(
        f"placeholders undefined: {sorted(used - defined)}, unused: {sorted(defined - used)}"
    )
