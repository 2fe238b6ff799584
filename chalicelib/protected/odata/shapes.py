"""The entity sets: one declared column makes a property of the model and its value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from odatapy.data import ComplexValue, Entity, Property, ValueType
from odatapy.edm.csdl import (
    CsdlAbstractEdmProvider,
    CsdlAnnotation,
    CsdlComplexType,
    CsdlEntityContainer,
    CsdlEntitySet,
    CsdlEntityType,
    CsdlProperty,
    CsdlPropertyRef,
    CsdlSchema,
)

NAMESPACE = "Grantline"
STRING = "Edm.String"
BOOLEAN = "Edm.Boolean"
INTEGER = "Edm.Int64"
TIME = "Edm.DateTimeOffset"

_DESCRIPTION = "Org.OData.Core.V1.Description"


@dataclass(frozen=True, slots=True)
class Column:
    """One property: `read` takes it from a record; `parts` are those of a complex value."""

    name: str
    read: Callable[[Any], object]
    type_name: str = STRING
    nullable: bool = True
    collection: bool = False
    description: str = ""
    parts: "Sequence[Column]" = ()

    @property
    def model_type(self) -> str:
        """The type's full name in the model."""
        return f"{NAMESPACE}.{self.type_name}" if self.parts else self.type_name


@dataclass(frozen=True, slots=True)
class Shape:
    """An entity set and the type of its entities; the first column is the key."""

    entity_set: str
    entity_type: str
    description: str
    columns: Sequence[Column]

    @property
    def key(self) -> str:
        return self.columns[0].name

    def entity(self, record: object, base: str) -> Entity:
        """The entity of a record; `base` is the service's root, without a slash at its end."""
        key = str(self.columns[0].read(record))
        entity = Entity(
            type=f"{NAMESPACE}.{self.entity_type}",
            properties=_properties(self.columns, record),
        )
        entity.id = f"{base}/{self.entity_set}({key_literal(key)})"
        return entity


def key_literal(key: str) -> str:
    """A string key as a path has it (Part 2, §4.3.1), percent-encoded."""
    doubled = key.replace("'", "''")
    return f"'{quote(doubled, safe='')}'"


class Model(CsdlAbstractEdmProvider):
    """The entity data model of some shapes."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._shapes = shapes

    def get_schemas(self) -> list[CsdlSchema]:
        complexes = {
            column.type_name: column
            for shape in self._shapes
            for column in shape.columns
            if column.parts
        }
        return [
            CsdlSchema(
                namespace=NAMESPACE,
                entity_types=[_entity_type(shape) for shape in self._shapes],
                complex_types=[
                    CsdlComplexType(name=name, properties=_model_properties(column.parts))
                    for name, column in complexes.items()
                ],
                entity_container=CsdlEntityContainer(
                    name="Container",
                    entity_sets=[
                        CsdlEntitySet(
                            name=shape.entity_set, type=f"{NAMESPACE}.{shape.entity_type}"
                        )
                        for shape in self._shapes
                    ],
                ),
            )
        ]


def _entity_type(shape: Shape) -> CsdlEntityType:
    return CsdlEntityType(
        name=shape.entity_type,
        key=[CsdlPropertyRef(name=shape.key)],
        properties=_model_properties(shape.columns),
        annotations=[CsdlAnnotation(_DESCRIPTION, shape.description)],
    )


def _model_properties(columns: Sequence[Column]) -> list[CsdlProperty]:
    return [
        CsdlProperty(
            name=column.name,
            type=column.model_type,
            nullable=column.nullable and not column.collection,
            collection=column.collection,
            annotations=(
                [CsdlAnnotation(_DESCRIPTION, column.description)] if column.description else []
            ),
        )
        for column in columns
    ]


def _properties(columns: Sequence[Column], record: object) -> list[Property]:
    return [_property(column, column.read(record)) for column in columns]


def _property(column: Column, value: object) -> Property:
    if not column.parts:
        kind = ValueType.COLLECTION_PRIMITIVE if column.collection else ValueType.PRIMITIVE
        return Property(column.name, value, kind, column.model_type)
    if column.collection:
        assert isinstance(value, list | tuple)
        values = [_complex(column, one) for one in value]
        return Property(column.name, values, ValueType.COLLECTION_COMPLEX, column.model_type)
    whole = None if value is None else _complex(column, value)
    return Property(column.name, whole, ValueType.COMPLEX, column.model_type)


def _complex(column: Column, value: object) -> ComplexValue:
    return ComplexValue(column.model_type, _properties(column.parts, value))
