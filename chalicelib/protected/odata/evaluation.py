"""Filters, orders and searches rows in memory; what a client wrote never fails the server."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from odatapy.data import Entity
from odatapy.server.eval import InMemoryExpressionVisitor, evaluate_search
from odatapy.server.uri.expression import BinaryOperatorKind, Expression
from odatapy.server.uri.query_options import OrderByItem, SearchOption

from chalicelib.directory.model import fold
from chalicelib.protected.odata.bounds import QueryRefused

Row = TypeVar("Row")

# What arithmetic, dates and types raise on values that a client chose.
_FAULTS = (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError)
_WITH_NULL = {
    BinaryOperatorKind.GT: False,
    BinaryOperatorKind.LT: False,
    BinaryOperatorKind.GE: True,
    BinaryOperatorKind.LE: True,
}


class _Visitor(InMemoryExpressionVisitor):
    """Where the standard (Part 2, §5.1.1.1 and §5.1.1.2) says other than the library."""

    def visit_binary(self, operator: BinaryOperatorKind, left: Any, right: Any) -> Any:
        if (left is None or right is None) and operator in _WITH_NULL:
            # Not unknown, but false, so that `not (email gt 'a')` holds where there is no email;
            # two nulls are equal.
            return left is right and _WITH_NULL[operator]
        if operator is BinaryOperatorKind.IN and left is None and isinstance(right, list):
            # As `eq` compares: null is in a list that holds it.
            return any(one is None for one in right)
        rest = super().visit_binary(operator, left, right)
        if operator is BinaryOperatorKind.MOD and rest and (left < 0) is not (rest < 0):
            # The remainder has the sign of what is divided; Python's has that of the divisor.
            return rest - type(rest)(right)
        return rest


class Evaluation:
    """Evaluates one request's expressions; `aliases` are bound parameters by name."""

    def __init__(self, aliases: Mapping[str, Any]) -> None:
        self._aliases = dict(aliases)

    def matches(self, entity: Entity, expression: Expression | None) -> bool:
        """Whether a filter holds (null counts as false). Raises QueryRefused."""
        if expression is None:
            return True
        return _guarded(lambda: self._value(entity, expression)) is True

    def found(self, entity: Entity, search: SearchOption | None) -> bool:
        """Whether `$search` finds its terms in any text of the entity. Raises QueryRefused."""
        return search is None or _guarded(lambda: evaluate_search(entity, search))

    def order(
        self, entities: Sequence[Entity], items: Sequence[OrderByItem], key: str
    ) -> list[Entity]:
        """By the items, then by key. Texts are compared folded first; null comes before all.

        Raises QueryRefused.
        """
        ordered = sorted(entities, key=lambda entity: str(entity.get_value(key)))
        for item in reversed(items):
            ordered = _guarded(partial(self._sorted, ordered, item))
        return ordered

    def _sorted(self, entities: Sequence[Entity], item: OrderByItem) -> list[Entity]:
        def key(entity: Entity) -> tuple[Any, ...]:
            return _comparable(self._value(entity, item.expression))

        return sorted(entities, key=key, reverse=item.descending)

    def _value(self, entity: Entity, expression: Expression) -> Any:
        return expression.accept(_Visitor(entity, self._aliases))


def _comparable(value: object) -> tuple[Any, ...]:
    if value is None:
        return (False,)
    return (True, fold(value), value) if isinstance(value, str) else (True, value)


def _guarded(evaluate: Callable[[], Row]) -> Row:
    try:
        return evaluate()
    except _FAULTS as error:
        message = "An expression cannot be evaluated."
        raise QueryRefused("InvalidQuery", message) from error
