"""`/odata/query`: what may be queried, and executing it, by entity set or by a stored name."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.protected.odata.stored_queries import ParameterType, StoredQuery
from tests.harness import Reply, World
from tests.odata import Caller, administrator, caller

QUERY = "/odata/query"
EXECUTE = f"{QUERY}/executeEntityQuery"
JSON = {"Content-Type": "application/json"}
STRING, INTEGER = ParameterType.STRING, ParameterType.INTEGER


def store(world: World, name: str, entity_set: str = "Users", **fields: Any) -> None:
    query = StoredQuery(name, entity_set, world.clock.now(), world.clock.now(), **fields)
    world.stores.queries.create(query, world._event("query.created", f"query#{name}"))


def furnish() -> Caller:
    """An administrator of a deployment with users and stored queries."""
    world = World()
    for name in ("anna", "O'Neil", "bob", "bea", "ben"):
        world.add_user(name)
    begin = {"begin": STRING}
    store(world, "beginning", filter="startswith(userName,@begin)", parameters=begin)
    store(
        world,
        "named",
        filter="userName eq @name and domain eq @domain",
        parameters={"name": STRING, "domain": STRING},
    )
    store(world, "first", orderby="userName desc", select="userName", top=2)
    kinds = {
        "version": INTEGER,
        "since": ParameterType.DATETIME,
        "public": ParameterType.BOOLEAN,
    }
    filter_ = "version ge @version and createdAt ge @since and public eq @public"
    store(world, "applications", "Applications", filter=filter_, parameters=kinds)
    user = world.add_user("admon", "administrator")
    return caller(world, user, allowed_scopes=frozenset({"odata_query"}))


@pytest.fixture(scope="module")
def admin() -> Caller:
    """Shared: a test that writes furnishes its own."""
    return furnish()


def run(who: Caller, **options: str) -> Reply:
    return who.send("GET", EXECUTE, query={name: [value] for name, value in options.items()})


def post(who: Caller, body: object) -> Reply:
    return who.send("POST", EXECUTE, headers=JSON, body=json.dumps(body))


def names(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.body
    return [row["userName"] for row in reply.body["value"]]


def test_what_may_be_queried_is_listed(admin: Caller) -> None:
    reply = admin.get(f"{QUERY}/entity")
    assert (reply.status, reply.headers["OData-Version"]) == (200, "4.0")
    kinds = {entry["name"]: entry["kind"] for entry in reply.body["value"]}
    assert list(kinds)[:4] == ["Users", "Domains", "Applications", "AuditEvents"]
    assert [name for name, kind in kinds.items() if kind == "Query"] == [
        "applications",
        "beginning",
        "first",
        "named",
    ]
    described = next(entry for entry in reply.body["value"] if entry["name"] == "named")
    assert described["url"] == "executeEntityQuery?query=named"
    assert {"name": "domain", "type": "string"} in described["parameters"]


def test_the_scope_of_queries_opens_this_and_no_other_door(admin: Caller) -> None:
    assert admin.get(QUERY).status == 200
    assert admin.get(f"{QUERY}/$metadata").status == 200
    assert admin.get(f"{QUERY}/Users").status == 200
    refused = admin.get("/odata/data/Users")
    assert (refused.status, refused.body["error"]["code"]) == (403, "insufficient_scope")
    assert 'scope="api"' in refused.headers["WWW-Authenticate"]
    assert refused.headers["OData-Version"] == "4.0"


def test_an_entity_set_is_queried_by_get_and_by_post(admin: Caller) -> None:
    options = {"$filter": "startswith(userName,'b')", "$orderby": "userName desc", "$top": "2"}
    reply = run(admin, entitySet="Users", **options)
    assert names(reply) == ["bob", "ben"]
    assert reply.body["@odata.context"].endswith("/odata/query/$metadata#Users")
    body = {"filter": options["$filter"], "orderby": "userName desc", "top": 2, "count": True}
    posted = post(admin, {"entitySet": "Users", **body})
    assert names(posted) == ["bob", "ben"]
    assert posted.body["@odata.count"] == 3
    aliased = {"$filter": "userName eq @n", "@n": "'bob'"}
    assert names(run(admin, entitySet="Users", **aliased)) == ["bob"]
    assert names(post(admin, {"entitySet": "Users", "search": "anna"})) == ["anna"]


def test_a_stored_query_is_executed_by_name_with_parameters(admin: Caller) -> None:
    assert names(run(admin, query="beginning", begin="be")) == ["bea", "ben"]
    assert names(post(admin, {"query": "beginning", "parameters": {"begin": "be"}})) == [
        "bea",
        "ben",
    ]
    assert names(run(admin, query="named", name="O'Neil", domain="domain")) == ["O'Neil"]
    assert names(run(admin, query="first")) == ["O'Neil", "bob"]
    assert names(run(admin, query="first", **{"$top": "1"})) == ["O'Neil"]
    assert names(run(admin, query="first", **{"$top": "5", "$skip": "1"})) == ["bob", "ben"]
    assert run(admin, query="first", **{"$count": "true"}).body["@odata.count"] == 6


def test_values_are_read_by_their_types(admin: Caller) -> None:
    given_ = {"version": "1", "since": "2020-01-01T00:00:00+02:00", "public": "false"}
    assert len(run(admin, query="applications", **given_).body["value"]) == 1
    body = {"version": 1, "since": "2020-01-01T00:00:00Z", "public": False}
    assert len(post(admin, {"query": "applications", "parameters": body}).body["value"]) == 1
    for name, value in (
        ("version", "one"), ("version", "1.5"), ("version", "9" * 40), ("version", ""),
        ("since", "yesterday"), ("since", "2020-01-01"), ("since", "2020-01-01T00:00:00"),
        ("since", "0001-01-01T00:00:00+14:00"), ("public", "yes"), ("public", ""),
    ):  # fmt: skip
        reply = run(admin, query="applications", **{**given_, name: value})
        assert (reply.status, reply.body["error"]["code"]) == (400, "InvalidParameter"), (
            name,
            value,
        )
    for name, wrong in (
        ("version", True), ("version", None), ("version", []), ("since", 0), ("public", 1.5),
        ("public", {}), ("version", 10**30),
    ):  # fmt: skip
        reply = post(admin, {"query": "applications", "parameters": {**body, name: wrong}})
        assert reply.status == 400, (name, wrong)


def test_parameters_are_given_all_and_no_others(admin: Caller) -> None:
    assert run(admin, query="beginning").status == 400
    assert run(admin, query="beginning", begin="a", end="b").status == 400
    assert run(admin, query="first", begin="a").status == 400
    assert run(admin, entitySet="Users", begin="a").status == 400
    without = run(admin, entitySet="Users", filter="true").body["error"]["message"]
    assert without == "The option filter is written $filter here."
    assert run(admin, query="beginning", begin="a" * 1_001).status == 400
    query = {"query": ["beginning"], "begin": ["a", "b"]}
    assert admin.send("GET", EXECUTE, query=query).status == 400


@pytest.mark.checklist("61")
def test_half_a_character_is_refused_wherever_it_stands(admin: Caller) -> None:
    half = "\ud800"
    assert run(admin, query="beginning", begin=half).status == 400
    for body in (
        {"query": "beginning", "parameters": {"begin": half}},
        {"query": "named", "parameters": {"name": half, "domain": "domain"}},
        {"query": "beginning", "parameters": {half: "b"}},
        {"query": half},
        {"entitySet": half},
        {"entitySet": "Users", "filter": f"userName eq '{half}'"},
        {"entitySet": "Users", half: "x"},
    ):
        assert post(admin, body).status in (400, 404), body
    assert run(admin, query=half).status in (400, 404)


INJECTIONS = [
    "x') or true or startswith(userName,'",
    "x' or '1' eq '1",
    "') or (true",
    "@begin",
    "userName",
    "'",
    "''",
    "%27) or true or startswith(userName,%27",
    "be&$filter=true",
    "\x00",
    "null",
]


@pytest.mark.checklist("55")
@pytest.mark.parametrize("value", INJECTIONS)
def test_a_value_is_never_a_part_of_the_filter(admin: Caller, value: str) -> None:
    assert names(run(admin, query="beginning", begin=value)) == []
    assert names(post(admin, {"query": "beginning", "parameters": {"begin": value}})) == []
    assert names(run(admin, query="named", name=value, domain="domain")) == []


@pytest.mark.checklist("55")
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=st.text(max_size=30))
def test_whatever_the_value_it_is_compared_and_nothing_else(admin: Caller, value: str) -> None:
    reply = run(admin, query="beginning", begin=value)
    if reply.status != 200:
        # Half a character has no place in a query string.
        assert reply.status == 400
        assert any("\ud800" <= character <= "\udfff" for character in value)
        return
    everyone = ["admon", "anna", "bea", "ben", "bob", "O'Neil"]
    assert names(reply) == [name for name in everyone if name.startswith(value)]


def test_an_execution_fixes_filter_order_and_selection(admin: Caller) -> None:
    for option in ("$filter", "$orderby", "$select", "$search", "$apply", "@begin"):
        reply = run(admin, query="beginning", begin="b", **{option: "true"})
        assert reply.status == 400, option


def test_pages_of_a_query_go_on_at_the_same_address() -> None:
    world = World()
    for number in range(150):
        world.add_user(f"user-{number:03}")
    store(world, "beginning", filter="startswith(userName,@b)", parameters={"b": STRING}, top=120)
    who = administrator(world)
    for reply in (
        run(who, query="beginning", b="user"),
        post(who, {"query": "beginning", "parameters": {"b": "user"}}),
    ):
        link = reply.body["@odata.nextLink"]
        assert link.startswith(f"{world.settings.issuer}{EXECUTE}?query=beginning&b=user&")
        following = who.follow(link)
        assert (len(reply.body["value"]), len(following.body["value"])) == (100, 20)
        assert "@odata.nextLink" not in following.body
        changed = who.follow(link.replace("b=user", "b=use"))
        assert changed.status == 400
    listed = post(who, {"entitySet": "Users", "filter": "startswith(userName,'user')"})
    assert len(who.follow(listed.body["@odata.nextLink"]).body["value"]) == 50


@pytest.mark.checklist("49", "52")
def test_results_are_what_the_caller_may_see() -> None:
    world = furnish().world
    jane = world.add_user("beatrice")
    who = caller(world, jane, allowed_scopes=frozenset({"odata_query"}))
    assert names(run(who, query="beginning", begin="b")) == ["beatrice"]
    assert names(run(who, query="named", name="anna", domain="domain")) == []
    assert names(run(who, entitySet="Users")) == ["beatrice"]
    assert run(who, entitySet="AuditEvents").body["value"] == []
    machine = caller(world, None, allowed_scopes=frozenset({"odata_query"}))
    assert names(run(machine, query="beginning", begin="")) == []


@pytest.mark.checklist("61")
@pytest.mark.parametrize(
    "body",
    [
        "", "x", "[]", "{}", '{"query":1}', '{"entitySet":[]}',
        '{"entitySet":"Users","query":"first"}',
        '{"entitySet":"Users","top":"1"}', '{"entitySet":"Users","top":true}',
        '{"entitySet":"Users","top":-1}', '{"entitySet":"Users","count":1}',
        '{"entitySet":"Users","unknown":1}', '{"entitySet":"Users","filter":null}',
        '{"query":"first","parameters":[]}', '{"query":"first","query":"first"}',
        '{"entitySet":"Users","filter":"' + "(" * 1000 + '"}', "[" * 5_000,
    ],
)  # fmt: skip
def test_a_malformed_execution_is_refused(admin: Caller, body: str) -> None:
    reply = admin.send("POST", EXECUTE, headers=JSON, body=body)
    assert reply.status == 400
    assert reply.headers["OData-Version"] == "4.0"
    assert set(reply.body) == {"error"}


def test_what_there_is_not_is_not_found(admin: Caller) -> None:
    assert run(admin, query="nothing").status == 404
    assert run(admin, query="é" * 3_000).status == 404
    assert run(admin, entitySet="Nothing").status == 404
    assert run(admin, entitySet="Users('x')").status == 404
    assert run(admin).status == 400
    assert admin.get(f"{QUERY}/nothing").status == 404
    assert admin.send("POST", f"{QUERY}/entity", body="{}").status == 405
    plain = admin.send("POST", EXECUTE, headers={"Content-Type": "text/plain"}, body="{}")
    assert plain.status == 415
