"""Applying a compiled update expression to an item."""

from typing import Any

from tests.faults.expressions import (
    SETS,
    AttributeValue,
    CompiledUpdate,
    InvalidExpression,
    Item,
    Names,
    Path,
    Values,
    added,
    lookup,
    only,
    operand_value,
    resolve,
)


def apply_update(
    compiled: CompiledUpdate, item: Item, names: Names, values: Values
) -> tuple[Item, frozenset[str]]:
    """The item after the update, and the top-level attributes it names.

    `item` stays as it is. Raises InvalidExpression.
    """
    steps = [(verb, resolve(path, names), operand) for verb, path, operand in compiled.actions]
    _refuse_overlaps([path for _, path, _ in steps])
    results = [
        (verb, path, None if operand is None else operand_value(operand, item, names, values))
        for verb, path, operand in steps
    ]
    changed = dict(item)
    for verb, path, value in results:
        _apply(verb, path, value, lookup(item, path), changed)
    return changed, frozenset(str(path[0]) for _, path, _ in steps)


def _refuse_overlaps(paths: list[Path]) -> None:
    for index, one in enumerate(paths):
        for other in paths[index + 1 :]:
            shorter = min(len(one), len(other))
            if one[:shorter] == other[:shorter]:
                raise InvalidExpression("two document paths overlap with each other")


def _apply(
    verb: str, path: Path, value: AttributeValue | None, before: AttributeValue | None, item: Item
) -> None:
    parent, last = _parent(item, path)
    if verb == "REMOVE":
        _remove(parent, last)
        return
    assert value is not None
    if verb == "ADD":
        value = _added_to(before, value)
    elif verb == "DELETE":
        reduced = _without(before, value)
        if reduced is None:
            _remove(parent, last)
            return
        value = reduced
    if isinstance(last, str) or last < len(parent):
        parent[last] = value
    else:
        parent.append(value)


def _parent(item: Item, path: Path) -> tuple[Any, str | int]:
    """The container that the path's last part lies in, copied on the way down."""
    container: Any = item
    for depth, part in enumerate(path[:-1]):
        try:
            value = container[part]
        except (KeyError, IndexError):
            value = {}
        kind = "M" if isinstance(path[depth + 1], str) else "L"
        if kind not in value:
            raise InvalidExpression("the document path is invalid for update")
        copied = dict(value["M"]) if kind == "M" else list(value["L"])
        container[part] = {kind: copied}
        container = copied
    return container, path[-1]


def _remove(parent: Any, last: str | int) -> None:
    if isinstance(last, str):
        parent.pop(last, None)
    elif last < len(parent):
        del parent[last]


def _added_to(before: AttributeValue | None, value: AttributeValue) -> AttributeValue:
    kind, content = only(value)
    if kind == "N":
        return added(before or {"N": "0"}, value)
    if kind not in SETS or (before is not None and kind not in before):
        raise InvalidExpression("ADD takes a number or a set of the attribute's type")
    present = [] if before is None else before[kind]
    return {kind: [*present, *(one for one in content if one not in present)]}


def _without(before: AttributeValue | None, value: AttributeValue) -> AttributeValue | None:
    kind, content = only(value)
    if kind not in SETS or (before is not None and kind not in before):
        raise InvalidExpression("DELETE takes a set of the attribute's type")
    kept = [one for one in ([] if before is None else before[kind]) if one not in content]
    return {kind: kept} if kept else None
