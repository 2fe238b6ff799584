"""Items as DynamoDB stores and bills them: what is valid, how large it is, copies of it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from marshal import dumps, loads
from typing import Any, Generic, NamedTuple, TypeVar

from tests.faults.expressions import AttributeValue, InvalidExpression, Item

_Value = TypeVar("_Value")

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024
MAXIMUM_ITEM_BYTES = 400 * 1024


def item_bytes(item: Item | None) -> int:
    """The size DynamoDB bills for an item: UTF-8 names and values."""
    if item is None:
        return 0
    return sum(len(name.encode("utf-8")) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: AttributeValue) -> int:
    ((kind, content),) = value.items()
    if kind in {"S", "B"}:
        return len(content.encode("utf-8") if kind == "S" else content)
    if kind == "N":
        return len(content.strip("-0.").replace(".", "")) // 2 + 2
    if kind in {"BOOL", "NULL"}:
        return 1
    if kind == "M":
        return 3 + len(content) + item_bytes(content)
    if kind == "L":
        return 3 + sum(1 + _value_bytes(one) for one in content)
    return sum(_value_bytes({kind[0]: one}) for one in content)


def read_units(size: int) -> int:
    """Units of one strongly consistent read of so many bytes."""
    return max(1, -(-size // READ_UNIT_BYTES))


def write_units(size: int) -> int:
    """Units of one write of an item of so many bytes."""
    return max(1, -(-size // WRITE_UNIT_BYTES))


def validated(item: Mapping[str, AttributeValue]) -> Item:
    """A copy of plain types. Raises InvalidExpression for what DynamoDB would not store."""
    copied = {str(name): _validated_value(value) for name, value in item.items()}
    # The marshalled form is never the smaller one, and faster to measure.
    if len(dumps(copied)) > MAXIMUM_ITEM_BYTES and item_bytes(copied) > MAXIMUM_ITEM_BYTES:
        raise InvalidExpression("Item size has exceeded the maximum allowed size")
    return copied


def _validated_value(value: AttributeValue) -> AttributeValue:
    if len(value) != 1:
        raise InvalidExpression("an attribute value has exactly one type")
    ((kind, content),) = value.items()
    if kind in {"S", "N"} and isinstance(content, str):
        return {kind: str(content) if kind == "S" else _number(content)}
    if kind == "B" and isinstance(content, bytes):
        return {"B": bytes(content)}
    if kind in {"BOOL", "NULL"} and isinstance(content, bool):
        return {kind: content}
    if kind == "M" and isinstance(content, Mapping):
        return {"M": {str(name): _validated_value(one) for name, one in content.items()}}
    if kind == "L" and isinstance(content, list | tuple):
        return {"L": [_validated_value(one) for one in content]}
    if kind in {"SS", "NS", "BS"} and content and len(set(content)) == len(content):
        return {kind: sorted(content)}
    raise InvalidExpression(f"a value of type {kind} is not valid")


def _number(content: str) -> str:
    try:
        Decimal(content)
    except ArithmeticError:
        raise InvalidExpression(f"{content!r} is no number") from None
    return str(content)


class _Frozen(NamedTuple, Generic[_Value]):
    """What was computed once of an item, which never changes in place."""

    item: Item
    value: _Value


_MAXIMUM_FROZEN = 10_000
_sizes: dict[int, _Frozen[int]] = {}
_contents: dict[int, _Frozen[bytes]] = {}


def _freeze(
    known: dict[int, _Frozen[_Value]], item: Item, compute: Callable[[Item], _Value]
) -> _Value:
    frozen = known.get(id(item))
    if frozen is None or frozen.item is not item:
        if len(known) >= _MAXIMUM_FROZEN:
            known.clear()
        frozen = known[id(item)] = _Frozen(item, compute(item))
    return frozen.value


def stored_bytes(item: Item | None) -> int:
    """The size of an item in a table."""
    return 0 if item is None else _freeze(_sizes, item, item_bytes)


def stored_copy(item: Item) -> Item:
    """A copy of an item in a table."""
    copied: Item = loads(_freeze(_contents, item, dumps))  # noqa: S302 - bytes made by `_freeze`
    return copied


def plain_copy(item: Any) -> Item:
    """A deep copy of an item of plain types."""
    copied: Item = loads(dumps(item))  # noqa: S302 - bytes made on this very line
    return copied


def plain(value: Any) -> Any:
    """Nested plain dicts and lists, for comparing requests."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, str) else value
