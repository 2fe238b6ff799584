"""One read of an entity set: page after page of an index, or filtered in memory under a cap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from odatapy.data import Entity
from odatapy.server.uri.expression import Expression, Member
from odatapy.server.uri.query_options import OrderByItem, SearchOption

from chalicelib.paging import InvalidCursor
from chalicelib.protected.odata.bounds import QueryRefused
from chalicelib.protected.odata.conditions import read_conditions
from chalicelib.protected.odata.evaluation import Evaluation
from chalicelib.protected.odata.sources import Lookup, Order, Source, Walk
from chalicelib.protected.odata.viewer import Viewer

PAGE_SIZE = 100
MAXIMUM_PAGE_SIZE = 500
# Rows that one HTTP request may read, all parts of a batch together.
ROW_LIMIT = 1_000
# An index page may hold nothing that is wanted; so many are looked at before an answer.
_PAGES_AN_ANSWER = 10
# Pages of an index that one HTTP request may read: each passes over at most 1,000 entries
# (storage/name_lists.py), which cost as well.
PAGE_LIMIT = 30
_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Query:
    """What a request asks of one entity set; `aliases` are the values of bound parameters."""

    filter: Expression | None = None
    search: SearchOption | None = None
    order: Sequence[OrderByItem] = ()
    skip: int = 0
    top: int | None = None
    count: bool = False
    page_size: int = PAGE_SIZE
    aliases: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next page goes on: a cursor of the list, and how many rows `$top` leaves."""

    cursor: str
    top: int | None


@dataclass(frozen=True, slots=True)
class Result:
    """Rows as entities. `count` is that of all rows before `$skip` and `$top`."""

    entities: Sequence[Entity]
    count: int | None = None
    next: Position | None = None


class RowBudget:
    """How many rows, and pages of an index, a request may still read."""

    def __init__(self, limit: int = ROW_LIMIT, pages: int = PAGE_LIMIT) -> None:
        self.left = limit
        self._pages = pages

    def spend(self, rows: int) -> None:
        """Raises QueryRefused when it was one too many: never an answer from a part of them."""
        self.left -= rows
        if self.left < 0:
            raise _exceeded(f"More than {ROW_LIMIT} rows would have to be read.")

    def spend_page(self) -> None:
        """Before a page of an index is read. Raises QueryRefused when it is one too many."""
        self._pages -= 1
        if self._pages < 0:
            raise _exceeded("Too much of the index would have to be passed over.")


def _exceeded(reason: str) -> QueryRefused:
    return QueryRefused(
        "RowLimitExceeded",
        f"{reason} Narrow it by a key, a domain or by what a name starts with, "
        "or follow @odata.nextLink through the whole list.",
    )


class Reader:
    """Reads one source for one viewer; `base` is the service's root for the entities' ids."""

    def __init__(self, source: Source, viewer: Viewer, budget: RowBudget, base: str) -> None:
        self._source = source
        self._viewer = viewer
        self._budget = budget
        self._base = base

    def load(self, key: str) -> Entity | None:
        """The entity of a key, if there is one and the viewer may see it."""
        self._budget.spend(1)
        row = self._source.load(self._viewer, key)
        return None if row is None else self._entity(row)

    def read(self, query: Query, position: Position | None = None) -> Result:
        """Raises QueryRefused, StoreUnavailable."""
        evaluation = Evaluation(query.aliases or {})
        plan = self._plan(query)
        total = _known_count(plan, query)
        if isinstance(plan, Walk) and self._can_page(plan, query, total):
            return self._read_pages(plan, query, evaluation, position, total)
        if position is not None:
            raise QueryRefused("InvalidQuery", "$skiptoken is not one of this list.")
        matched = list(self._matching(plan, query, evaluation))
        if query.order or not isinstance(plan, Walk):
            matched = evaluation.order(matched, query.order, self._source.shape.key)
        end = None if query.top is None else query.skip + query.top
        return Result(matched[query.skip : end], len(matched) if query.count else None)

    def count(self, query: Query) -> int:
        """How many rows match. Raises QueryRefused, StoreUnavailable."""
        evaluation = Evaluation(query.aliases or {})
        plan = self._plan(query)
        known = _known_count(plan, replace(query, count=True))
        return sum(1 for _ in self._matching(plan, query, evaluation)) if known is None else known

    def _plan(self, query: Query) -> Lookup | Walk:
        conditions = read_conditions(query.filter, query.aliases or {})
        order = _order(query.order[0]) if query.order else None
        return self._source.plan(self._viewer, conditions, order)

    @staticmethod
    def _can_page(walk: Walk, query: Query, total: int | None) -> bool:
        """Whether the index gives the rows that are wanted, in the order that is wanted.

        A count that has to be made reads all rows anyway.
        """
        order = [_order(item) for item in query.order]
        in_order = walk.in_order and (order == [] or (len(order) == 1 and order[0] is not None))
        counted = total is not None or not query.count
        return walk.tight and in_order and counted and query.search is None

    def _read_pages(
        self,
        walk: Walk,
        query: Query,
        evaluation: Evaluation,
        position: Position | None,
        count: int | None,
    ) -> Result:
        """A page of the answer, from as many pages of the index as it takes."""
        if position is None and query.filter is not None and _is_empty(walk):
            return Result((), count)
        cursor = None if position is None else position.cursor
        top = query.top if position is None else position.top
        skip = query.skip if position is None else 0
        wanted = query.page_size if top is None else min(top, query.page_size)
        entities: list[Entity] = []
        for _ in range(_PAGES_AN_ANSWER):
            if len(entities) >= wanted:
                break
            missing = skip + wanted - len(entities)
            rows, cursor = self._page(walk, cursor, min(missing, _at_once(walk)))
            found = [entity for entity in rows if evaluation.matches(entity, query.filter)]
            entities += found[skip:]
            skip = max(0, skip - len(found))
            if cursor is None:
                break
        if skip and cursor is not None:
            # So many index pages held hardly a row: the rest would have to be read first.
            self._budget.spend(ROW_LIMIT + 1)
        left = None if top is None else top - len(entities)
        following = None if cursor is None or left == 0 else Position(cursor, left)
        return Result(entities, count, following)

    def _matching(
        self, plan: Lookup | Walk, query: Query, evaluation: Evaluation
    ) -> Iterator[Entity]:
        """Every row that matches, read to the end or to the limit."""
        for entity in self._rows(plan):
            if evaluation.matches(entity, query.filter) and evaluation.found(entity, query.search):
                yield entity

    def _rows(self, plan: Lookup | Walk) -> Iterator[Entity]:
        if isinstance(plan, Lookup):
            rows = plan.read()
            self._budget.spend(len(rows))
            # Several keys may name one row: names are compared folded.
            yield from {one.id: one for one in map(self._entity, rows)}.values()
            return
        size = None if plan.size is None else plan.size()
        if size == 0:
            return
        if size is not None and size > self._budget.left:
            # It would only be found out at the end, and paid for.
            self._budget.spend(size)
        entities, cursor = self._page(plan, None, _at_once(plan))
        yield from entities
        while cursor is not None:
            # There is more than was expected.
            entities, cursor = self._page(plan, cursor, _ROWS_AT_ONCE)
            yield from entities

    def _page(self, walk: Walk, cursor: str | None, limit: int) -> tuple[list[Entity], str | None]:
        """A page of the index, cut where the walk stops."""
        self._budget.spend_page()
        try:
            page = walk.read(cursor, limit)
        except InvalidCursor:
            raise QueryRefused("InvalidQuery", "$skiptoken is not one of this list.") from None
        self._budget.spend(len(page.items))
        entities: list[Entity] = []
        for row in page.items:
            if walk.stop is not None and walk.stop(row):
                return entities, None
            entities.append(self._entity(row))
        return entities, page.next

    def _entity(self, row: object) -> Entity:
        return self._source.shape.entity(row, self._base)


def _is_empty(walk: Walk) -> bool:
    return walk.size is not None and walk.size() == 0


def _at_once(walk: Walk) -> int:
    return walk.expected_rows or _ROWS_AT_ONCE


def _known_count(plan: Lookup | Walk, query: Query) -> int | None:
    """The count that is asked for, where it is known without reading the rows."""
    chosen = query.filter is not None or query.search is not None
    if not query.count or chosen or not isinstance(plan, Walk):
        return None
    return None if plan.size is None else plan.size()


def _order(item: OrderByItem) -> Order | None:
    """The property and direction of an item that is a property alone."""
    expression = item.expression
    if not isinstance(expression, Member) or len(expression.path) != 1 or expression.count:
        return None
    return expression.path[0], item.descending
