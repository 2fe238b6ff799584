"""What a filter says that keys and indexes can answer (Part 2, §5.1.1).

Only conditions that every row of the result meets are taken: those that `and` joins at the top.
The whole filter is evaluated on each row besides, so a condition may give too many rows, never
too few.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from odatapy.server.uri.expression import (
    Alias,
    Binary,
    BinaryOperatorKind,
    Expression,
    ListExpression,
    Literal,
    Member,
    Method,
    MethodKind,
    Unary,
)

from chalicelib.protected.odata.bounds import NodeBudget, QueryRefused

_MIRRORED = {
    BinaryOperatorKind.EQ: BinaryOperatorKind.EQ,
    BinaryOperatorKind.GT: BinaryOperatorKind.LT,
    BinaryOperatorKind.GE: BinaryOperatorKind.LE,
    BinaryOperatorKind.LT: BinaryOperatorKind.GT,
    BinaryOperatorKind.LE: BinaryOperatorKind.GE,
}

# The rest is of OData 4.01, needs other types than ours, or runs what a client makes up
# (a regular expression) for as long as that likes.
SUPPORTED_METHODS = frozenset(
    {
        MethodKind.CONTAINS,
        MethodKind.STARTSWITH,
        MethodKind.ENDSWITH,
        MethodKind.LENGTH,
        MethodKind.INDEXOF,
        MethodKind.SUBSTRING,
        MethodKind.TOLOWER,
        MethodKind.TOUPPER,
        MethodKind.TRIM,
        MethodKind.CONCAT,
        MethodKind.YEAR,
        MethodKind.MONTH,
        MethodKind.DAY,
        MethodKind.HOUR,
        MethodKind.MINUTE,
        MethodKind.SECOND,
        MethodKind.FRACTIONALSECONDS,
        MethodKind.DATE,
        MethodKind.TIME,
        MethodKind.TOTALOFFSETMINUTES,
        MethodKind.TOTALSECONDS,
        MethodKind.NOW,
        MethodKind.MINDATETIME,
        MethodKind.MAXDATETIME,
        MethodKind.ROUND,
        MethodKind.FLOOR,
        MethodKind.CEILING,
    }
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all rows have in common.

    `one_of`: texts that a property may have. `prefix`: what a property begins with. `since` and
    `until`: inclusive bounds of a time, epoch seconds, wide enough for any fraction of one.
    `others`: the filter says more than that.
    """

    one_of: Mapping[str, frozenset[str]]
    prefix: Mapping[str, str]
    since: Mapping[str, int]
    until: Mapping[str, int]
    others: bool

    def are_met_by(
        self, *, equal: Collection[str] = (), prefix: Collection[str] = (), time: str = ""
    ) -> bool:
        """Whether nothing is said beyond one text for each of `equal`, beginnings, and a time."""
        return (
            not self.others
            and all(name in equal and len(texts) == 1 for name, texts in self.one_of.items())
            and all(name in prefix for name in self.prefix)
            and all(name == time for name in (*self.since, *self.until))
        )

    def equal(self, name: str) -> str | None:
        """The one text that a property may have."""
        values = self.one_of.get(name, frozenset())
        return next(iter(values)) if len(values) == 1 else None


def read_conditions(filter_: Expression | None, aliases: Mapping[str, Any]) -> Conditions:
    """The conditions of a filter; `aliases` are the values bound to its parameter aliases."""
    one_of: dict[str, frozenset[str]] = {}
    prefix: dict[str, str] = {}
    since: dict[str, int] = {}
    until: dict[str, int] = {}
    others = False
    for term in _conjuncts(filter_):
        values = _one_of(term, aliases)
        start = _prefix(term, aliases)
        bound = _bound(term, aliases)
        if values is not None:
            name, texts = values
            one_of[name] = one_of[name] & texts if name in one_of else texts
        elif start is not None and start[0] not in prefix:
            prefix[start[0]] = start[1]
        elif bound is not None:
            name, low, high = bound
            if low is not None:
                since[name] = max(low, since.get(name, low))
            if high is not None:
                until[name] = min(high, until.get(name, high))
        else:
            others = True
    return Conditions(one_of, prefix, since, until, others)


def validate_expression(expression: Expression, budget: NodeBudget) -> None:
    """Refuse what is not evaluated here (501), or too much of it (400). Raises QueryRefused."""
    for node in walk(expression):
        budget.spend()
        if isinstance(node, Method) and node.method not in SUPPORTED_METHODS:
            message = f"The function {node.method.value} is not supported."
            raise QueryRefused("NotImplemented", message, status=501)
        if isinstance(node, Member) and node.root_uri_info is not None:
            raise QueryRefused("NotImplemented", "$root is not supported.", status=501)


def walk(expression: Expression) -> Iterator[Expression]:
    """Every node, those of lambdas included, and those of an alias wherever it stands.

    It goes on only as far as it is asked to: aliases may make far more nodes than characters.
    """
    open_: list[Expression] = [expression]
    while open_:
        node = open_.pop()
        yield node
        if isinstance(node, Binary):
            open_ += (node.left, node.right)
        elif isinstance(node, Unary):
            open_.append(node.operand)
        elif isinstance(node, Method):
            open_ += node.parameters
        elif isinstance(node, ListExpression):
            open_ += node.items
        elif isinstance(node, Alias) and node.expression is not None:
            open_.append(node.expression)
        elif isinstance(node, Member) and node.lambda_expression is not None:
            body = node.lambda_expression.body
            open_ += () if body is None else (body,)


def _conjuncts(expression: Expression | None) -> Iterator[Expression]:
    open_ = [] if expression is None else [expression]
    while open_:
        node = open_.pop()
        if isinstance(node, Binary) and node.operator is BinaryOperatorKind.AND:
            open_ += (node.left, node.right)
        else:
            yield node


def _one_of(node: Expression, aliases: Mapping[str, Any]) -> tuple[str, frozenset[str]] | None:
    """`name eq 'x'`, `name in ('x','y')`, and several of them for one name joined by `or`."""
    if not isinstance(node, Binary):
        return None
    if node.operator is BinaryOperatorKind.OR:
        left, right = _one_of(node.left, aliases), _one_of(node.right, aliases)
        if left is None or right is None or left[0] != right[0]:
            return None
        return left[0], left[1] | right[1]
    if node.operator is BinaryOperatorKind.IN:
        name, values = _name(node.left), _values(node.right, aliases)
    elif node.operator is BinaryOperatorKind.EQ:
        sides = (node.left, node.right) if _name(node.left) else (node.right, node.left)
        name, values = _name(sides[0]), (_value(sides[1], aliases),)
    else:
        return None
    texts = frozenset(value for value in values if isinstance(value, str))
    return (name, texts) if name and values and len(texts) == len(set(values)) else None


def _prefix(node: Expression, aliases: Mapping[str, Any]) -> tuple[str, str] | None:
    if not isinstance(node, Method) or node.method is not MethodKind.STARTSWITH:
        return None
    name, value = _name(node.parameters[0]), _value(node.parameters[1], aliases)
    return (name, value) if name and isinstance(value, str) else None


def _bound(
    node: Expression, aliases: Mapping[str, Any]
) -> tuple[str, int | None, int | None] | None:
    if not isinstance(node, Binary) or node.operator not in _MIRRORED:
        return None
    operator, left, right = node.operator, node.left, node.right
    if _name(left) is None:
        operator, left, right = _MIRRORED[operator], right, left
    name, value = _name(left), _value(right, aliases)
    if name is None or not isinstance(value, datetime):
        return None
    low = int(value.timestamp()) if operator not in _LESS else None
    high = int(value.timestamp()) + 1 if operator not in _GREATER else None
    return name, low, high


_LESS = (BinaryOperatorKind.LT, BinaryOperatorKind.LE)
_GREATER = (BinaryOperatorKind.GT, BinaryOperatorKind.GE)


def _name(node: Expression) -> str | None:
    """The name of a property of the entity itself."""
    plain = (
        isinstance(node, Member)
        and len(node.path) == 1
        and node.lambda_variable is None
        and node.lambda_expression is None
        and node.root_uri_info is None
        and not node.count
        and not node.is_collection
    )
    return node.path[0] if plain and isinstance(node, Member) else None


def _value(node: Expression, aliases: Mapping[str, Any]) -> Any:
    """The value of a literal, or of an alias that is bound or stands for one; else None."""
    if isinstance(node, Alias):
        if node.name in aliases:
            return aliases[node.name]
        node = node.expression or node
    return node.value if isinstance(node, Literal) else None


def _values(node: Expression, aliases: Mapping[str, Any]) -> tuple[Any, ...]:
    if not isinstance(node, ListExpression):
        return ()
    return tuple(_value(item, aliases) for item in node.items)
