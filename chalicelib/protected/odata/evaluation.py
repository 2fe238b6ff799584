"""Filters, orders and searches rows in memory; what a client wrote never fails the server."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from odatapy.data import Entity
from odatapy.server.eval import evaluate_filter, evaluate_search, evaluate_value
from odatapy.server.uri.expression import Expression
from odatapy.server.uri.query_options import OrderByItem, SearchOption

from chalicelib.directory.model import fold
from chalicelib.protected.odata.bounds import QueryRefused

Row = TypeVar("Row")

# What arithmetic, dates and types raise on values that a client chose.
_FAULTS = (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError)


class Evaluation:
    """Evaluates one request's expressions; `aliases` are bound parameters by name."""

    def __init__(self, aliases: Mapping[str, Any]) -> None:
        self._aliases = dict(aliases)

    def matches(self, entity: Entity, expression: Expression | None) -> bool:
        """Whether a filter holds (null counts as false). Raises QueryRefused."""
        if expression is None:
            return True
        return _guarded(lambda: evaluate_filter(entity, expression, self._aliases))

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
            return _comparable(evaluate_value(entity, item.expression, self._aliases))

        return sorted(entities, key=key, reverse=item.descending)


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
