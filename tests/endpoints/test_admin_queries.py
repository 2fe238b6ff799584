"""`/admin/queries`: only what can be executed is stored, and every change is in the audit trail."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.protected.odata.query_registry import MAXIMUM_QUERIES
from chalicelib.protected.odata.stored_queries import StoredQuery
from tests.endpoints.administration import Administration
from tests.fakes.queries import FakeQueries
from tests.fakes.stores import FakeStores

BODY: dict[str, Any] = {
    "name": "active",
    "entity_set": "Users",
    "filter": "startswith(userName,@begin) and status eq 'enabled'",
    "orderby": "userName desc",
    "select": "userName",
    "top": 50,
    "parameters": {"begin": "string"},
    "description": "Who may log in",
}


@pytest.fixture
def admin() -> Administration:
    return Administration()


def test_a_query_is_stored_read_changed_and_deleted(admin: Administration) -> None:
    created = admin.call("POST", "/admin/queries", BODY)
    assert created.status == 201
    assert created.headers["Location"] == "/admin/queries/active"
    assert {**created.body, **BODY} == created.body
    assert admin.call("GET", "/admin/queries/active").body == created.body
    assert admin.call("GET", "/admin/queries").body["items"] == [created.body]
    changed = admin.call("PUT", "/admin/queries/active", {"entity_set": "Domains", "top": None})
    assert (changed.status, changed.headers["ETag"]) == (200, '"2"')
    assert changed.body["filter"] is None
    assert changed.body["created_at"] == created.body["created_at"]
    assert admin.call("DELETE", "/admin/queries/active").status == 204
    assert admin.call("GET", "/admin/queries/active").status == 404
    events = admin.stores.audit.list_events(None, None, 100).items
    actions = [event.action for event in events if event.target == "query#active"]
    assert actions == ["query.deleted", "query.updated", "query.created"]


def test_names_are_taken_once_and_versions_are_minded(admin: Administration) -> None:
    admin.call("POST", "/admin/queries", BODY)
    assert admin.call("POST", "/admin/queries", BODY).status == 409
    stale = {"If-Match": '"7"'}
    body = {"entity_set": "Users"}
    assert admin.call("PUT", "/admin/queries/active", body, headers=stale).status == 412
    assert admin.call("DELETE", "/admin/queries/active", headers=stale).status == 412
    fresh = {"If-Match": '"1"'}
    assert admin.call("PUT", "/admin/queries/active", body, headers=fresh).status == 200
    assert admin.call("PUT", "/admin/queries/other", body).status == 404
    assert set(admin.call("PUT", "/admin/queries/active", {"top": -1}).fields) == {
        "entity_set",
        "top",
    }
    assert admin.call("DELETE", "/admin/queries/other").status == 404
    assert admin.call("GET", "/admin/queries/A..").status == 404


@pytest.mark.checklist("53", "55")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Upper"),
        ("name", "a" * 65),
        ("name", ""),
        ("entity_set", "Secrets"),
        ("entity_set", "Users('x')"),
        ("filter", "nothing eq 1"),
        ("filter", "userName eq"),
        ("filter", "userName eq 1"),
        ("filter", "startswith(userName,@other)"),
        ("filter", "matchesPattern(userName,@begin)"),
        ("filter", "(" * 40 + "true" + ")" * 40),
        ("filter", "a" * 4_001),
        ("filter", "userName"),
        ("orderby", "nothing"),
        ("orderby", "userName sideways"),
        ("select", "nothing"),
        ("top", -1),
        ("top", "1"),
        ("parameters", {"begin": "guess"}),
        ("parameters", {"1": "string"}),
        ("parameters", {"query": "string"}),
        ("parameters", {"begin": "string", "unused": "string"}),
        ("parameters", {f"p{number}": "string" for number in range(11)}),
        ("parameters", {}),
        ("parameters", {"begin": "integer"}),
        ("description", "\x00"),
        ("unknown", 1),
    ],
)
def test_what_cannot_be_executed_is_refused_by_its_field(
    admin: Administration, field: str, value: object
) -> None:
    reply = admin.call("POST", "/admin/queries", {**BODY, field: value})
    assert reply.status == 400
    # What a filter needs may be missing elsewhere.
    assert field in reply.fields or (field == "parameters" and "filter" in reply.fields)
    assert admin.call("GET", "/admin/queries").body["items"] == []
    # Nor does a change let in what a creation refuses; the name is in the path.
    stored = admin.call("POST", "/admin/queries", BODY).body
    path, form = f"/admin/queries/{stored['name']}", {**BODY, field: value}
    if field != "name":
        del form["name"]
    changed = admin.call("PUT", path, form)
    assert (changed.status, set(changed.fields)) == (400, set(reply.fields))
    assert admin.call("GET", path).body == stored


def test_there_are_only_so_many(admin: Administration) -> None:
    for number in range(MAXIMUM_QUERIES):
        body = {"name": f"query-{number}", "entity_set": "Users"}
        assert admin.call("POST", "/admin/queries", body).status == 201
    reply = admin.call("POST", "/admin/queries", BODY)
    assert (reply.status, reply.body["error"]) == (409, "conflict")


def test_a_cursor_of_another_list_is_refused(admin: Administration) -> None:
    reply = admin.call("GET", "/admin/queries", query={"cursor": ["nonsense"]})
    assert reply.status == 400


class Racing(FakeQueries):
    """Another administrator is always a moment faster."""

    def load(self, name: str) -> StoredQuery | None:
        read = super().load(name)
        if read is not None:
            self._queries[name] = replace(read, version=read.version + 1)
        return read


def test_a_query_that_others_keep_changing_is_a_conflict() -> None:
    stores = FakeStores()
    stores.queries = Racing(stores.memory)
    admin = Administration(stores)
    admin.call("POST", "/admin/queries", BODY)
    body = {"entity_set": "Users"}
    assert admin.call("PUT", "/admin/queries/active", body).status == 409
    assert admin.call("DELETE", "/admin/queries/active").status == 409
