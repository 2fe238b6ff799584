"""Storing queries, changing and deleting them, each with its audit event."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.administration.fields import read_fields
from chalicelib.administration.refusals import (
    Conflict,
    FieldsRefused,
    FieldsTaken,
    NotFound,
    VersionMismatch,
)
from chalicelib.audit import Actor, AuditEvent
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.paging import Page
from chalicelib.protected.odata.query_form import (
    NEW_STAND_INS,
    STAND_INS,
    NewStoredQueryForm,
    StoredQueryForm,
    form_values,
)
from chalicelib.protected.odata.stored_queries import (
    QueryChanged,
    QueryNameTaken,
    QueryStore,
    StoredQuery,
)

# All of them are told to whoever asks what may be queried.
MAXIMUM_QUERIES = 100
TRIES = 3

Judge = Callable[[StoredQuery], Mapping[str, str]]
"""What is wrong with a query's options, by field; empty: nothing."""


class StoredQueries:
    """The stored queries of a deployment. Every method may raise StoreUnavailable."""

    def __init__(self, store: QueryStore, clock: Clock, judge: Judge) -> None:
        self._store = store
        self._clock = clock
        self._judge = judge

    def list_queries(self, cursor: str | None, limit: int) -> Page[StoredQuery]:
        """By name. Raises InvalidCursor."""
        return self._store.list_queries(cursor, limit)

    def load(self, name: str) -> StoredQuery:
        """Raises NotFound."""
        query = self._store.load(name)
        if query is None:
            raise NotFound("query")
        return query

    def create(self, values: Mapping[str, object], actor: Actor) -> StoredQuery:
        """Raises FieldsRefused, FieldsTaken, Conflict."""
        form, refused = read_fields(NewStoredQueryForm, values, NEW_STAND_INS)
        now = self._clock.now()
        query = self._judged(_filled(form, form.name, now), refused)
        held = self._store.list_queries(None, MAXIMUM_QUERIES).items
        if len(held) >= MAXIMUM_QUERIES:
            raise Conflict(f"There are {MAXIMUM_QUERIES} stored queries; delete one first.")
        try:
            self._store.create(query, _event("query.created", query, actor, now))
        except QueryNameTaken:
            raise FieldsTaken({"name": "is the name of another query"}) from None
        return query

    def replace(
        self, name: str, values: Mapping[str, object], actor: Actor, if_version: int | None = None
    ) -> StoredQuery:
        """Give a query another form, the whole of it.

        Raises NotFound, VersionMismatch, FieldsRefused, Conflict.
        """
        form, refused = read_fields(StoredQueryForm, values, STAND_INS)
        for _ in range(TRIES):
            before = self._current(name, if_version)
            now = self._clock.now()
            filled = self._judged(_filled(form, name, now), refused)
            after = replace(filled, created_at=before.created_at, version=before.version + 1)
            try:
                self._store.replace(before, after, _event("query.updated", after, actor, now))
            except QueryChanged:
                continue
            return after
        raise Conflict("The query is being changed by others; try again.")

    def delete(self, name: str, actor: Actor, if_version: int | None = None) -> None:
        """Raises NotFound, VersionMismatch, Conflict."""
        for _ in range(TRIES):
            before = self._current(name, if_version)
            event = _event("query.deleted", before, actor, self._clock.now())
            try:
                self._store.delete(before, replace(event, changes={}))
            except QueryChanged:
                continue
            return
        raise Conflict("The query is being changed by others; try again.")

    def _current(self, name: str, if_version: int | None) -> StoredQuery:
        query = self.load(name)
        if if_version is not None and if_version != query.version:
            raise VersionMismatch
        return query

    def _judged(self, query: StoredQuery, refused: Mapping[str, str]) -> StoredQuery:
        reasons = {**self._judge(query), **refused}
        if reasons:
            raise FieldsRefused(reasons)
        return query


def _filled(form: StoredQueryForm, name: str, now: int) -> StoredQuery:
    return StoredQuery(
        name=name,
        entity_set=form.entity_set,
        created_at=now,
        updated_at=now,
        description=form.description,
        filter=form.filter,
        orderby=form.orderby,
        select=form.select,
        top=form.top,
        parameters=form.parameters,
    )


def _event(action: str, query: StoredQuery, actor: Actor, now: int) -> AuditEvent:
    changes = {name: value for name, value in form_values(query).items() if value}
    return AuditEvent(new_ulid(), now, action, f"query#{query.name}", actor, changes)
