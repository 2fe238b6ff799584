"""Where the rows of an entity set come from: which keys and indexes answer which conditions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.paging import Page
from chalicelib.protected.odata.conditions import Conditions
from chalicelib.protected.odata.shapes import Shape
from chalicelib.protected.odata.viewer import Viewer

# Keys in one `in (…)`, or in equalities joined by `or`: one batch of reads.
MAXIMUM_KEYS = 100

Order = tuple[str, bool]
"""A property, and whether from its last value to its first."""

ReadPage = Callable[[str | None, int], Page[Any]]
"""(cursor, limit) to a page, as every list of ours reads."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A few rows by their keys: read whole."""

    read: Callable[[], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Walk:
    """A part of an index, in its order, page after page.

    `tight`: it gives hardly a row that the filter refuses, so that its pages can be the pages
    of the answer. `in_order`: its rows come in the order that was asked for. `stop`: no row from
    the first for which it holds on is wanted.
    `size`: how many rows there are, where that is known without reading them; it may find that
    it is not. `expected_rows`: how many to read at once, where that is known.
    """

    read: ReadPage
    tight: bool
    in_order: bool
    stop: Callable[[Any], bool] | None = None
    size: Callable[[], int | None] | None = None
    expected_rows: int | None = None


class Source(Protocol):
    """The rows of one entity set. Every method may raise StoreUnavailable."""

    @property
    def shape(self) -> Shape: ...

    def load(self, viewer: Viewer, key: str) -> Any | None:
        """The row of a key; None where there is none or the viewer may not see it."""
        ...

    def plan(self, viewer: Viewer, conditions: Conditions, order: Order | None) -> Lookup | Walk:
        """How to get every row that the viewer may see and that may meet the conditions.

        `order` is the first one that is asked for, where it is by a property alone.
        """
        ...


def own(row: Any | None) -> Lookup:
    """The one row that a viewer may see, or none."""
    return Lookup(lambda: () if row is None else (row,))


def by_keys(keys: frozenset[str], load: Callable[[str], Any | None]) -> Lookup:
    """The rows of some keys."""

    def read() -> list[Any]:
        found = (load(key) for key in sorted(keys))
        return [row for row in found if row is not None]

    return Lookup(read)


def index_prefix(prefix: str) -> str:
    """The part of a prefix by which the index of folded names may be searched.

    Folding composes characters across the prefix's end (half-width kana and their marks), so
    that a folded name need not begin with the folded prefix; up to the first character beyond
    ASCII it does.
    """
    length = next((i for i, character in enumerate(prefix) if not character.isascii()), None)
    return prefix if length is None else prefix[:length]
