"""Stored queries in the table `applications`: one item each, listed by name."""

from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.audit import AuditEvent
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.paging import Page
from chalicelib.protected.odata.stored_queries import (
    ParameterType,
    QueryChanged,
    QueryNameTaken,
    StoredQuery,
)
from chalicelib.storage.attributes import Item, JsonAttribute, WholeNumberAttribute
from chalicelib.storage.database import Database, Delete, Put, Write
from chalicelib.storage.name_lists import NameList
from chalicelib.storage.tables import APPLICATIONS, InApplications, ListedRecord
from chalicelib.storage.transactions import commit

QUERY_LIST = "query"
_KEY_PREFIX = "query#"
_QUERY = "query"


class StoredQueryRecord(ListedRecord, InApplications):
    """`query#<name>`: a query; names are ASCII in lower case, so they need no folding."""

    name = UnicodeAttribute()
    entity_set = UnicodeAttribute()
    created_at = WholeNumberAttribute()
    updated_at = WholeNumberAttribute()
    version = WholeNumberAttribute()
    description = UnicodeAttribute(null=True)
    filter = UnicodeAttribute(null=True)
    orderby = UnicodeAttribute(null=True)
    select = UnicodeAttribute(null=True)
    top = WholeNumberAttribute(null=True)
    parameters = JsonAttribute()


class QueryRecords:
    """Fulfils `QueryStore`."""

    def __init__(self, database: Database, retention_days: int) -> None:
        self._database = database
        self._retention_days = retention_days
        self._names = NameList(database, StoredQueryRecord, QUERY_LIST, (_KEY_PREFIX,))

    def load(self, name: str) -> StoredQuery | None:
        key = (APPLICATIONS, query_key(name))
        item = self._database.read([key]).get(key)
        return None if item is None else _read(item)

    def list_queries(self, cursor: str | None, limit: int) -> Page[StoredQuery]:
        items, following = self._names.find("", lambda _: True, cursor, limit)
        return Page([_read(item) for item in items], following)

    def create(self, query: StoredQuery, event: AuditEvent) -> None:
        absent = StoredQueryRecord.key.does_not_exist()
        if self._refused({_QUERY: Put(StoredQueryRecord, _write(query), absent)}, event):
            raise QueryNameTaken

    def replace(self, before: StoredQuery, after: StoredQuery, event: AuditEvent) -> None:
        unchanged = StoredQueryRecord.version == before.version
        if self._refused({_QUERY: Put(StoredQueryRecord, _write(after), unchanged)}, event):
            raise QueryChanged

    def delete(self, before: StoredQuery, event: AuditEvent) -> None:
        unchanged = StoredQueryRecord.version == before.version
        write = Delete(StoredQueryRecord, query_key(before.name), unchanged)
        if self._refused({_QUERY: write}, event):
            raise QueryChanged

    def _refused(self, writes: Mapping[str, Write], event: AuditEvent) -> bool:
        refused = commit(self._database, writes, event, self._retention_days)
        if refused - {_QUERY}:
            raise StoreUnavailable("a transaction was refused")
        return bool(refused)


def query_key(name: str) -> str:
    """The key of a stored query."""
    return f"{_KEY_PREFIX}{name}"


def _write(query: StoredQuery) -> Item:
    fields: dict[str, Any] = {name: getattr(query, name) for name in query.__dataclass_fields__}
    fields["parameters"] = {name: kind.value for name, kind in query.parameters.items()}
    listing = {"listed": QUERY_LIST, "sort_name": query.name}
    return StoredQueryRecord.write(query_key(query.name), {**fields, **listing})


def _read(item: Item) -> StoredQuery:
    values = StoredQueryRecord.read(item)
    del values["listed"], values["sort_name"]
    types = {name: ParameterType(kind) for name, kind in values.pop("parameters").items()}
    return StoredQuery(**values, parameters=types)
