"""What the metadata service lists: the entity sets of the other services, and their properties."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from chalicelib.paging import Page
from chalicelib.protected.odata.conditions import Conditions
from chalicelib.protected.odata.shapes import BOOLEAN, Column, Shape
from chalicelib.protected.odata.sources import Lookup, Order, Source, Walk
from chalicelib.protected.odata.viewer import Viewer


@dataclass(frozen=True, slots=True)
class PropertyOfSet:
    """A property, under an id that no other property of any set has."""

    id: str
    entity_set: str
    column: Column
    key: bool


ENTITY_SETS = Shape(
    "EntitySets",
    "EntitySet",
    "The entity sets that can be read and queried.",
    (
        Column("name", attrgetter("entity_set"), nullable=False),
        Column("entityType", attrgetter("entity_type"), nullable=False),
        Column("keyProperty", attrgetter("key"), nullable=False),
        Column("description", attrgetter("description"), nullable=False),
    ),
)

PROPERTIES = Shape(
    "Properties",
    "Property",
    "The properties of every entity set.",
    (
        Column("id", attrgetter("id"), nullable=False),
        Column("entitySet", attrgetter("entity_set"), nullable=False),
        Column("name", attrgetter("column.name"), nullable=False),
        Column("type", attrgetter("column.model_type"), nullable=False),
        Column("collection", attrgetter("column.collection"), BOOLEAN, nullable=False),
        Column("nullable", attrgetter("column.nullable"), BOOLEAN, nullable=False),
        Column("key", attrgetter("key"), BOOLEAN, nullable=False),
        Column("description", attrgetter("column.description"), nullable=False),
    ),
)


@dataclass(frozen=True, slots=True)
class FixedRows:
    """Rows that are the same for everybody, held in memory."""

    shape: Shape
    rows: Sequence[Any]

    def load(self, _viewer: Viewer, key: str) -> Any | None:
        read = self.shape.columns[0].read
        return next((row for row in self.rows if read(row) == key), None)

    def plan(self, _viewer: Viewer, _conditions: Conditions, order: Order | None) -> Lookup | Walk:
        def read(_cursor: str | None, _limit: int) -> Page[Any]:
            return Page(self.rows, None)

        return Walk(read, tight=False, in_order=order is None)


def model_sources(shapes: Sequence[Shape]) -> tuple[Source, ...]:
    """The sources that describe `shapes`."""
    properties = [
        PropertyOfSet(
            f"{shape.entity_set}.{column.name}", shape.entity_set, column, column.name == shape.key
        )
        for shape in shapes
        for column in shape.columns
    ]
    return FixedRows(ENTITY_SETS, shapes), FixedRows(PROPERTIES, properties)
