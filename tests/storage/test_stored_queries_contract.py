"""The contract of `QueryStore`, held to by the fake and by the tables."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.paging import InvalidCursor
from chalicelib.protected.odata.stored_queries import (
    ParameterType,
    QueryChanged,
    QueryNameTaken,
    StoredQuery,
)
from tests.fakes.clock import START
from tests.fakes.stores import AnyStores
from tests.storage.samples import event


def query(name: str = "active", **changes: Any) -> StoredQuery:
    return replace(StoredQuery(name, "Users", START, START), **changes)


def create(stores: AnyStores, one: StoredQuery) -> StoredQuery:
    stores.queries.create(one, event(f"query#{one.name}"))
    return one


def test_a_query_is_loaded_as_created(stores: AnyStores) -> None:
    whole = query(
        description="Who is active",
        filter="startswith(userName,@begin) and version ge @version",
        orderby="userName",
        select="userName,email",
        top=0,
        parameters={"begin": ParameterType.STRING, "version": ParameterType.INTEGER},
    )
    create(stores, whole)
    assert stores.queries.load("active") == whole
    assert stores.queries.load("other") is None
    (stored,) = stores.audit.list_events("query#active", None, 10).items
    assert stored.target == "query#active"


def test_a_name_is_taken_once(stores: AnyStores) -> None:
    create(stores, query())
    with pytest.raises(QueryNameTaken):
        create(stores, query(entity_set="Domains"))
    assert stores.queries.load("active") == query()


def test_a_change_holds_for_the_version_that_was_read(stores: AnyStores) -> None:
    before = create(stores, query())
    after = replace(before, version=2, filter="true")
    stores.queries.replace(before, after, event("query#active"))
    assert stores.queries.load("active") == after
    with pytest.raises(QueryChanged):
        stores.queries.replace(before, after, event("query#active"))
    with pytest.raises(QueryChanged):
        stores.queries.delete(before, event("query#active"))
    stores.queries.delete(after, event("query#active"))
    assert stores.queries.load("active") is None
    with pytest.raises(QueryChanged):
        stores.queries.replace(after, replace(after, version=3), event("query#active"))


def test_queries_are_listed_by_name(stores: AnyStores) -> None:
    for name in ("zulu", "alpha", "mike"):
        create(stores, query(name))
    page = stores.queries.list_queries(None, 2)
    assert [one.name for one in page.items] == ["alpha", "mike"]
    rest = stores.queries.list_queries(page.next, 2)
    assert ([one.name for one in rest.items], rest.next) == (["zulu"], None)
    with pytest.raises(InvalidCursor):
        stores.queries.list_queries("nonsense", 2)


def test_queries_are_no_applications(stores: AnyStores) -> None:
    create(stores, query())
    assert stores.applications.list_registrations("", None, 10).items == []
    assert stores.applications.count() == 0
