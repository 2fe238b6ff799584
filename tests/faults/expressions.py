"""DynamoDB's expression language, as much of it as PynamoDB writes, compiled to closures.

A compiled expression is kept by its text; names and values come with each request. It is
strict where DynamoDB is: attribute names come as placeholders, every placeholder is defined and
used, document paths do not overlap, an update never makes the parents of a nested path.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

AttributeValue = Mapping[str, Any]
Item = dict[str, AttributeValue]
Names = Mapping[str, str]
Values = Mapping[str, AttributeValue]
Path = tuple[str | int, ...]
Condition = Callable[[Item, Names, Values], bool]
Operand = Callable[[Item, Names, Values], AttributeValue | None]
Placeholders = frozenset[str]

_TOKEN = re.compile(r"\s*(?:([#:]\w+|\w+|<=|>=|<>|[=<>(),.+\-\[\]])|$)")
_COMPARATORS = {"=", "<>", "<", "<=", ">", ">="}
_ORDERED = {"S", "N", "B"}
SETS = {"SS", "NS", "BS"}


class InvalidExpression(Exception):
    """DynamoDB would answer with a ValidationException."""


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    holds: Condition
    placeholders: Placeholders


@dataclass(frozen=True, slots=True)
class CompiledUpdate:
    """`actions` are (verb, path, operand or None)."""

    actions: tuple[tuple[str, Path, Operand | None], ...]
    placeholders: Placeholders


@dataclass(frozen=True, slots=True)
class CompiledProjection:
    paths: tuple[Path, ...]
    placeholders: Placeholders


@lru_cache(maxsize=1024)
def condition(text: str) -> CompiledCondition:
    """Raises InvalidExpression."""
    parser = _Parser(text)
    holds = parser.disjunction()
    parser.end()
    return CompiledCondition(holds, parser.placeholders)


@lru_cache(maxsize=1024)
def update(text: str) -> CompiledUpdate:
    """Raises InvalidExpression."""
    parser = _Parser(text)
    actions = tuple(parser.update_actions())
    return CompiledUpdate(actions, parser.placeholders)


@lru_cache(maxsize=256)
def projection(text: str) -> CompiledProjection:
    """Raises InvalidExpression."""
    parser = _Parser(text)
    paths = [parser.path()]
    while parser.accept(","):
        paths.append(parser.path())
    parser.end()
    return CompiledProjection(tuple(paths), parser.placeholders)


def resolve(path: Path, names: Names) -> Path:
    """The path with its placeholders replaced by attribute names."""
    return tuple(names[part] if isinstance(part, str) else part for part in path)


def lookup(item: Mapping[str, AttributeValue], path: Path) -> AttributeValue | None:
    """The value at a resolved path; None where there is none."""
    value: AttributeValue | None = {"M": item}
    for part in path:
        if value is None:
            return None
        if isinstance(part, str):
            value = value["M"].get(part) if "M" in value else None
        else:
            elements = value.get("L", ())
            value = elements[part] if part < len(elements) else None
    return value


def compare(operator: str, left: AttributeValue | None, right: AttributeValue | None) -> bool:
    """A comparison; values of two types are unequal and in no order."""
    if left is None or right is None:
        return operator == "<>" and left is not right
    (kind, one), (other_kind, other) = only(left), only(right)
    if operator in {"=", "<>"}:
        equal = kind == other_kind and _comparable(kind, one) == _comparable(kind, other)
        return equal is (operator == "=")
    if kind != other_kind or kind not in _ORDERED:
        return False
    one, other = _comparable(kind, one), _comparable(kind, other)
    if operator == "<":
        return bool(one < other)
    if operator == "<=":
        return bool(one <= other)
    return bool(one > other) if operator == ">" else bool(one >= other)


def sort_value(value: AttributeValue) -> Any:
    """What items of an index are sorted by."""
    kind, content = only(value)
    if kind == "S":
        return content.encode("utf-8")
    return _comparable(kind, content)


class _Parser:
    """Recursive descent over one expression; collects its placeholders."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self.placeholders: Placeholders = frozenset()

    def peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise InvalidExpression("the expression ends too early")
        self._next += 1
        if token[0] in "#:":
            self.placeholders |= {token}
        return token

    def accept(self, token: str) -> bool:
        if self.peek().upper() != token:
            return False
        self._next += 1
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise InvalidExpression(f"expected {token!r}, found {self.peek()!r}")

    def end(self) -> None:
        if self.peek():
            raise InvalidExpression(f"unexpected {self.peek()!r}")

    def disjunction(self) -> Condition:
        left = self._conjunction()
        while self.accept("OR"):
            left = _either(left, self._conjunction())
        return left

    def _conjunction(self) -> Condition:
        left = self._negation()
        while self.accept("AND"):
            left = _both(left, self._negation())
        return left

    def _negation(self) -> Condition:
        if self.accept("NOT"):
            inner = self._negation()
            return lambda item, names, values: not inner(item, names, values)
        if self.accept("("):
            inner = self.disjunction()
            self.expect(")")
            return inner
        return self._predicate()

    def _predicate(self) -> Condition:
        word = self.peek().lower()
        if word in {"attribute_exists", "attribute_not_exists"}:
            path, exists = self._only_argument(), word == "attribute_exists"
            return lambda item, names, _: (lookup(item, resolve(path, names)) is not None) is exists
        if word in {"begins_with", "contains", "attribute_type"}:
            return self._two_argument_predicate(word)
        left = self.operand()
        if self.accept("BETWEEN"):
            low = self.operand()
            self.expect("AND")
            return _between(left, low, self.operand())
        if self.accept("IN"):
            return _one_of(left, self._parenthesised_operands())
        comparator = self.take()
        if comparator not in _COMPARATORS:
            raise InvalidExpression(f"{comparator!r} is no comparator")
        return _comparison(comparator, left, self.operand())

    def _only_argument(self) -> Path:
        self.take()
        self.expect("(")
        path = self.path()
        self.expect(")")
        return path

    def _two_argument_predicate(self, word: str) -> Condition:
        self.take()
        self.expect("(")
        left = self.operand()
        self.expect(",")
        right = self.operand()
        self.expect(")")
        test = {"begins_with": _begins_with, "contains": _contains, "attribute_type": _has_type}[
            word
        ]

        def holds(item: Item, names: Names, values: Values) -> bool:
            one, other = left(item, names, values), right(item, names, values)
            return one is not None and other is not None and test(one, other)

        return holds

    def _parenthesised_operands(self) -> list[Operand]:
        self.expect("(")
        operands = [self.operand()]
        while self.accept(","):
            operands.append(self.operand())
        self.expect(")")
        return operands

    def operand(self) -> Operand:
        if self.peek().startswith(":"):
            value = self.take()
            return lambda _item, _names, values: values[value]
        if self.peek() == "size":
            return _size_of(self._only_argument())
        return _value_at(self.path())

    def path(self) -> Path:
        parts: list[str | int] = [self._name()]
        while self.peek() in {".", "["}:
            if self.accept("."):
                parts.append(self._name())
            else:
                self.expect("[")
                parts.append(int(self.take()))
                self.expect("]")
        return tuple(parts)

    def _name(self) -> str:
        token = self.take()
        if not token.startswith("#"):
            raise InvalidExpression(f"{token!r} is a name; write a placeholder")
        return token

    def update_actions(self) -> Iterator[tuple[str, Path, Operand | None]]:
        seen: set[str] = set()
        while self.peek():
            verb = self.take().upper()
            if verb not in {"SET", "REMOVE", "ADD", "DELETE"} or verb in seen:
                raise InvalidExpression(f"{verb!r} does not start a section here")
            seen.add(verb)
            yield self._action(verb)
            while self.accept(","):
                yield self._action(verb)

    def _action(self, verb: str) -> tuple[str, Path, Operand | None]:
        path = self.path()
        if verb == "REMOVE":
            return verb, path, None
        if verb == "SET":
            self.expect("=")
            return verb, path, self._sum()
        return verb, path, self.operand()

    def _sum(self) -> Operand:
        left = self._set_operand()
        for sign, factor in (("+", 1), ("-", -1)):
            if self.accept(sign):
                return _sum_of(left, self._set_operand(), factor)
        return left

    def _set_operand(self) -> Operand:
        word = self.peek()
        if word == "if_not_exists":
            self.take()
            self.expect("(")
            path = self.path()
            self.expect(",")
            default = self._set_operand()
            self.expect(")")
            return _if_not_exists(path, default)
        if word == "list_append":
            self.take()
            self.expect("(")
            first = self._set_operand()
            self.expect(",")
            second = self._set_operand()
            self.expect(")")
            return _appended(first, second)
        return self.operand()


def _tokens(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidExpression(f"cannot read {text[position:]!r}")
        position = match.end()
        if match.group(1):
            yield match.group(1)


def _either(left: Condition, right: Condition) -> Condition:
    return lambda item, names, values: left(item, names, values) or right(item, names, values)


def _both(left: Condition, right: Condition) -> Condition:
    return lambda item, names, values: left(item, names, values) and right(item, names, values)


def _comparison(operator: str, left: Operand, right: Operand) -> Condition:
    return lambda item, names, values: compare(
        operator, left(item, names, values), right(item, names, values)
    )


def _between(operand: Operand, low: Operand, high: Operand) -> Condition:
    def holds(item: Item, names: Names, values: Values) -> bool:
        value = operand(item, names, values)
        return compare(">=", value, low(item, names, values)) and compare(
            "<=", value, high(item, names, values)
        )

    return holds


def _one_of(operand: Operand, members: list[Operand]) -> Condition:
    return lambda item, names, values: any(
        compare("=", operand(item, names, values), member(item, names, values))
        for member in members
    )


def _value_at(path: Path) -> Operand:
    return lambda item, names, _: lookup(item, resolve(path, names))


def _size_of(path: Path) -> Operand:
    def size(item: Item, names: Names, _: Values) -> AttributeValue | None:
        value = lookup(item, resolve(path, names))
        if value is None:
            return None
        kind, content = only(value)
        return {"N": str(len(content.encode("utf-8") if kind == "S" else content))}

    return size


def _if_not_exists(path: Path, default: Operand) -> Operand:
    def value(item: Item, names: Names, values: Values) -> AttributeValue | None:
        present = lookup(item, resolve(path, names))
        return default(item, names, values) if present is None else present

    return value


def _appended(first: Operand, second: Operand) -> Operand:
    def value(item: Item, names: Names, values: Values) -> AttributeValue:
        one = operand_value(first, item, names, values)
        other = operand_value(second, item, names, values)
        if "L" not in one or "L" not in other:
            raise InvalidExpression("list_append takes two lists")
        return {"L": [*one["L"], *other["L"]]}

    return value


def _sum_of(left: Operand, right: Operand, factor: int) -> Operand:
    def value(item: Item, names: Names, values: Values) -> AttributeValue:
        one = operand_value(left, item, names, values)
        other = operand_value(right, item, names, values)
        return added(one, other, factor)

    return value


def added(one: AttributeValue, other: AttributeValue, factor: int = 1) -> AttributeValue:
    if "N" not in one or "N" not in other:
        raise InvalidExpression("an operand in the update expression has an incorrect data type")
    total = _comparable("N", one["N"]) + factor * _comparable("N", other["N"])
    return {"N": f"{total:f}" if isinstance(total, Decimal) else str(total)}


def operand_value(operand: Operand, item: Item, names: Names, values: Values) -> AttributeValue:
    value = operand(item, names, values)
    if value is None:
        raise InvalidExpression("the expression refers to an attribute that does not exist")
    return value


def _begins_with(value: AttributeValue, prefix: AttributeValue) -> bool:
    (kind, content), (other_kind, start) = only(value), only(prefix)
    return kind == other_kind and kind in {"S", "B"} and content.startswith(start)


def _contains(value: AttributeValue, element: AttributeValue) -> bool:
    (kind, content), (element_kind, sought) = only(value), only(element)
    if kind in SETS:
        return kind[0] == element_kind and sought in content
    if kind == "L":
        return any(compare("=", one, element) for one in content)
    return kind == element_kind and kind in {"S", "B"} and sought in content


def _has_type(value: AttributeValue, kind: AttributeValue) -> bool:
    return bool(only(value)[0] == kind["S"])


def only(value: AttributeValue) -> tuple[str, Any]:
    """The type and content of a value."""
    ((kind, content),) = value.items()
    return kind, content


def _comparable(kind: str, content: Any) -> Any:
    if kind == "N":
        return int(content) if content.lstrip("-").isdigit() else Decimal(content)
    if kind in SETS:
        return frozenset(content)
    if kind == "M":
        return {name: _normal(value) for name, value in content.items()}
    if kind == "L":
        return [_normal(value) for value in content]
    return content


def _normal(value: AttributeValue) -> tuple[str, Any]:
    kind, content = only(value)
    return kind, _comparable(kind, content)
