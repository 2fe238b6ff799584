"""Queries that an administrator stores, to be executed by name; and what is asked of storage.

Nothing of OData is imported here: storage knows these names on every request's path.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from chalicelib.audit import AuditEvent
from chalicelib.paging import Page

ENTITY_SETS = ("Users", "Domains", "Applications", "AuditEvents")


class ParameterType(StrEnum):
    """What a parameter's values are."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """A query; its filter names its parameters as OData's parameter aliases, `@name`.

    `filter`, `orderby`, `select` and `top` are the system query options of these names.
    Times are epoch seconds.
    """

    name: str
    entity_set: str
    created_at: int
    updated_at: int
    version: int = 1
    description: str | None = None
    filter: str | None = None
    orderby: str | None = None
    select: str | None = None
    top: int | None = None
    parameters: Mapping[str, ParameterType] = field(default_factory=dict)


class QueryNameTaken(Exception):
    """Another query has this name."""


class QueryChanged(Exception):
    """The query is not of the version that was read, or is gone."""


class QueryStore(Protocol):
    """Keeps stored queries; every write is one transaction with its audit event.

    Every method may raise StoreUnavailable.
    """

    def load(self, name: str) -> StoredQuery | None:
        """Strongly consistent."""
        ...

    def list_queries(self, cursor: str | None, limit: int) -> Page[StoredQuery]:
        """By name; eventually consistent. Raises InvalidCursor."""
        ...

    def create(self, query: StoredQuery, event: AuditEvent) -> None:
        """Raises QueryNameTaken."""
        ...

    def replace(self, before: StoredQuery, after: StoredQuery, event: AuditEvent) -> None:
        """Write `after` (its version is one more) if the version is still `before`'s.

        Raises QueryChanged.
        """
        ...

    def delete(self, before: StoredQuery, event: AuditEvent) -> None:
        """Raises QueryChanged."""
        ...
