"""Requests that are too long, too deep or malformed are 400 at once, and nothing is ever a 5xx."""

import json
import time
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness import World
from tests.odata import Caller, administrator

NOT_IMPLEMENTED = 501
FEW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def admin() -> Caller:
    world = World()
    for name in ("anna", "O'Neil", "bob", "ｶﾞ"):
        world.add_user(name)
    return administrator(world)


TOO_COMPLEX = {
    "10,000 deep": "(" * 10_000 + "id eq 'a'" + ")" * 10_000,
    "60 deep": "(" * 60 + "id eq 'a'" + ")" * 60,
    "60 functions deep": "tolower(" * 60 + "userName" + ")" * 60 + " eq 'a'",
    "10,000 terms": " or ".join(["id eq 'a'"] * 10_000),
    "400 terms": " or ".join(["version eq 1"] * 400),
    "10,000 times not": "not " * 10_000 + "true",
    "400 times not": "not " * 400 + "true",
    "400 times minus": "-" * 400 + "version eq 1",
    "400 times minus apart": "- " * 400 + "version eq 1",
    "2,000 values": "id in (" + ",".join("1" * 2_000) + ")",
    "lambdas in lambdas": "roles/any(a: roles/any(b: roles/any(c: a eq b)))",
    "lambdas apart": "roles/any( a : roles/all ( b : a eq b))",
    "1 MB": "'" + "a" * 1_000_000 + "' eq id",
}


@pytest.mark.checklist("55")
@pytest.mark.parametrize("name", sorted(TOO_COMPLEX))
@pytest.mark.parametrize("option", ["filter", "orderby", "search", "select", "skiptoken", "format"])
def test_what_is_too_long_or_too_deep_is_refused_at_once(
    admin: Caller, name: str, option: str
) -> None:
    started = time.process_time()
    status, _ = admin.refusal("Users", **{option: TOO_COMPLEX[name]})
    assert status in (400, 406)
    assert time.process_time() - started < 0.5


@pytest.mark.checklist("55")
@pytest.mark.parametrize("name", sorted(TOO_COMPLEX))
def test_so_it_is_in_a_path_and_in_an_alias(admin: Caller, name: str) -> None:
    assert admin.get(f"Users({TOO_COMPLEX[name]})").status in (400, 404)
    query = {"$filter": ["id eq @p"], "@p": [TOO_COMPLEX[name]]}
    assert admin.send("GET", "Users", query=query).status == 400


ALIASES = {
    "aliases of aliases": {
        **{f"@a{i}": [f"@a{i + 1} or @a{i + 1}"] for i in range(20)},
        "@a20": ["true"],
    },
    "functions of aliases": {
        **{f"@a{i}": [f"concat(@a{i + 1},@a{i + 1}) eq 'x'"] for i in range(20)},
        "@a20": ["'x'"],
    },
    "an alias of itself": {"@a0": ["@a0"]},
    "one long alias, often": {"@a0": [" or ".join(["1 eq 2"] * 200)]},
}


@pytest.mark.checklist("55")
@pytest.mark.parametrize("name", sorted(ALIASES))
@pytest.mark.parametrize("option", ["$filter", "$orderby"])
@pytest.mark.parametrize("path", ["Users", "/odata/metadata/Properties"])
def test_aliases_multiply_nothing(admin: Caller, name: str, option: str, path: str) -> None:
    join = " or " if option == "$filter" else ","
    query = {option: [join.join(["@a0"] * 200)], **ALIASES[name]}
    started = time.process_time()
    reply = admin.send("GET", path, query=query)
    assert (reply.status, reply.body["error"]["code"]) == (400, "QueryTooComplex")
    assert time.process_time() - started < 0.5


@pytest.mark.checklist("55")
def test_a_batch_asks_for_no_more_evaluation_than_one_request(admin: Caller) -> None:
    url = "Users?$filter=" + "%20or%20".join(["email%20eq%20'z'"] * 150)
    parts = [{"id": str(n), "method": "GET", "url": url} for n in range(15)]
    body = json.dumps({"requests": parts})
    headers = {"Content-Type": "application/json", "Prefer": "odata.continue-on-error"}
    reply = admin.send("POST", "$batch", headers=headers, body=body)
    statuses = [answer["status"] for answer in reply.body["responses"]]
    assert statuses == [200] * 3 + [400] * 12


@pytest.mark.checklist("55")
def test_an_at_sign_in_the_text_of_an_alias_is_a_text(admin: Caller) -> None:
    query = {"$filter": ["email eq @mail or userName eq @name"], "@mail": ["'a@b.example'"]}
    reply = admin.send("GET", "Users", query={**query, "@name": ["'anna'"]})
    assert [row["userName"] for row in reply.body["value"]] == ["anna"]


def test_what_is_within_the_bounds_is_evaluated(admin: Caller) -> None:
    for filter_ in (
        "(" * 24 + "userName eq 'anna'" + ")" * 24,
        "tolower(" * 24 + "userName" + ")" * 24 + " eq 'anna'",
        " or ".join(["userName eq 'anna'"] * 200),
        "not not userName eq 'anna'",
        "userName eq 'anna' and contains(concat(userName,'((((((((((((((((((((((((((('),'((')",
        "userName in ('anna'," + ",".join(["'x'"] * 700) + ")",
    ):
        assert admin.values("Users", "userName", filter=filter_) == ["anna"], filter_


@pytest.mark.checklist("55")
def test_a_text_is_never_taken_for_anything_but_a_text(admin: Caller) -> None:
    assert admin.values("Users", "userName", filter="userName eq 'O''Neil'") == ["O'Neil"]
    injected = "x' or true or userName eq 'y"
    assert (
        admin.values(
            "Users", "id", filter=f"userName eq '{injected.replace(chr(39), chr(39) * 2)}'"
        )
        == []
    )
    assert admin.refusal("Users", filter="userName eq 'O'Neil'")[0] == 400
    assert admin.refusal("Users('a' or true)")[0] == 400
    assert admin.refusal("Users('a'),Users('b')")[0] == 400
    key = admin.values("Users", "id", filter="userName eq 'anna'")[0]
    assert admin.get(f"Users/{key}").status == 200
    assert admin.refusal("Users('" + key + "''')") == (404, "NotFound")


def test_characters_that_compose_when_folded_are_found_by_their_beginning(admin: Caller) -> None:
    assert admin.values("Users", "userName", filter="startswith(userName,'ｶ')") == ["ｶﾞ"]
    assert admin.values("Users", "userName", filter="startswith(userName,'')") != []


def test_values_beyond_all_reckoning_are_refused(admin: Caller) -> None:
    for filter_ in (
        "floor(1e400) eq 1",
        "round(INF) eq 1",
        "createdAt add duration'P99999999D' gt now()",
        "createdAt gt 9999-12-31T23:59:59Z and createdAt sub duration'P9999999D' lt now()",
    ):
        assert admin.refusal("Users", filter=filter_)[0] == 400, filter_
    for filter_ in ("version div 0 eq 1", "version mod 0 eq 1", "version eq " + "9" * 4_000):
        assert admin.values("Users", "id", filter=filter_) == []


WORDS: Sequence[str] = (
    *("userName", "domain", "email", "version", "roles", "createdAt", "status", "nothing"),
    *("and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "in", "has", "add", "mul", "divby"),
    *("(", ")", "[", "]", ",", "/", ":", "@p", "$it", "$root/Users", "$count", "-", "'", "''"),
    *("'a'", "1", "-1", "1.5", "1e400", "INF", "NaN", "null", "true", "2024-01-01T00:00:00Z"),
    *("2024-01-01", "12:00", "duration'P1D'", "binary'AA'", "geography'Point(1 1)'", "x'y'"),
    *("contains(", "startswith(", "substring(", "concat(", "year(", "now()", "cast(", "isof("),
    *(
        "matchesPattern(",
        "geo.distance(",
        "round(",
        "roles/any(",
        "roles/all(",
        "any(",
        "Edm.String",
    ),
    *(
        "Grantline.User",
        "desc",
        "asc",
        "*",
        "\x00",
        "\ud800",
        "é",
        "%",
        "&",
        "#",
        "+",
        ";",
        "{",
        "}",
    ),
)
TEXTS = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=30).map("".join),
    st.text(max_size=60),
)


def assert_no_failure(status: int, what: object) -> None:
    assert status < 500 or status == NOT_IMPLEMENTED, what


@pytest.mark.checklist("55", "61")
@FEW
@given(
    option=st.sampled_from(
        [
            "$filter",
            "$orderby",
            "$search",
            "$select",
            "$top",
            "$skip",
            "$count",
            "$skiptoken",
            "$format",
            "$expand",
            "$id",
            "@p",
            "@q",
            "x",
            "",
        ]
    ),
    text=TEXTS,
    path=st.sampled_from(
        [
            "Users",
            "AuditEvents",
            "Applications",
            "Users/$count",
            "",
            "$metadata",
            "Domains",
            "$entity",
            "/odata/metadata/Properties",
        ]
    ),
)
def test_no_option_fails_the_server(admin: Caller, option: str, text: str, path: str) -> None:
    query = {option: [text]}
    if option == "@p":
        query["$filter"] = ["userName eq @p"]
    if option == "@q":
        query |= {"$filter": ["@p or @p"], "$orderby": ["@q,@q"], "@p": ["@q or @q"]}
    reply = admin.send("GET", path, query=query)
    assert_no_failure(reply.status, (path, query))


@pytest.mark.checklist("55", "61")
@FEW
@given(
    path=st.one_of(
        TEXTS,
        TEXTS.map("Users({})".format),
        TEXTS.map("Users('{}')".format),
        TEXTS.map("Users/{}".format),
    )
)
def test_no_path_fails_the_server(admin: Caller, path: str) -> None:
    reply = admin.send("GET", f"/odata/data/{path}")
    assert_no_failure(reply.status, path)


@pytest.mark.checklist("55", "61")
@FEW
@given(
    name=st.sampled_from(
        [
            "Accept",
            "Accept-Charset",
            "OData-Version",
            "OData-MaxVersion",
            "Prefer",
            "Content-Type",
            "If-None-Match",
            "X-HTTP-Method",
        ]
    ),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
)
def test_no_header_fails_the_server(admin: Caller, name: str, value: str) -> None:
    for path in ("Users", "$metadata", "Users/$count"):
        reply = admin.get(path, headers={name: value})
        assert_no_failure(reply.status, (path, name, value))
