"""Filters, sorting and paging: complete answers, a bounded cost, and no filter that hurts."""

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.protected.scim import searching
from tests.scim import ENTERPRISE, Provisioner, error

NAMES = [f"user{number:03}" for number in range(60)]


@pytest.fixture(scope="module")
def client() -> Provisioner:
    one = Provisioner()
    for number, name in enumerate(NAMES):
        one.create(
            f"{name}@x",
            externalId=f"e{number}",
            title=f"T{number % 7}",
            emails=[
                {"value": f"{name}@mail.x", "type": "work", "primary": True},
                {"value": "shared@mail.x", "type": "other"},
            ],
        )
    one.create("zoe@x")
    return one


@pytest.fixture(scope="module")
def few() -> Provisioner:
    """Enough users for a filter to be evaluated on."""
    one = Provisioner()
    for number in range(3):
        emails = [{"value": f"user{number}@mail.x", "type": "work"}]
        one.create(f"user{number}@x", emails=emails, **{ENTERPRISE: {"manager": "x"}})
    one.create_group(members=[{"value": one.find('userName eq "user0@x"')[0]["id"]}])
    return one


def names(answer: Any) -> list[str]:
    return [one["userName"].partition("@")[0] for one in answer["Resources"]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('userName eq "USER007@X"', ["user007"]),
        ('userName eq "x\\\\user007"', ["user007"]),
        ('userName eq "user007"', []),
        ('externalId eq "e7"', ["user007"]),
        ('externalId eq "E7"', []),
        ('emails eq "user007@mail.x"', ["user007"]),
        ('emails.value eq "USER007@mail.x"', ["user007"]),
        ('emails[type eq "work"].value eq "user007@mail.x"', ["user007"]),
        ('emails[type eq "work" and value eq "user007@mail.x"]', ["user007"]),
        ('emails[type eq "home" and value eq "user007@mail.x"]', []),
        ('userName eq "user007@x" and title eq "T0"', ["user007"]),
        ('userName eq "user007@x" and title eq "T1"', []),
        ('userName eq "user007@x" or userName eq "user008@x"', ["user007", "user008"]),
        ('not (userName sw "user") and active eq true', ["zoe"]),
        ('userName sw "user00" and title eq "T3"', ["user003"]),
        ("title pr and not (emails pr)", []),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "zoe@x"', ["zoe"]),
        ('id eq "usr_nobody"', []),
        ('externalId eq "54f3b6e0-5c1c-4e33-8d3c-aa2a9ab9c2a1"', []),
    ],
)
def test_a_filter_finds_exactly_what_it_describes(
    client: Provisioner, expression: str, expected: list[str]
) -> None:
    found = client.get("/Users", filter=expression)
    assert names(found) == expected
    assert found["totalResults"] == len(expected)
    body = {"filter": expression, "attributes": ["userName"]}
    searched = client.call("POST", "/Users/.search", body)
    assert (searched.status, names(searched.body)) == (200, expected)


def test_every_page_by_index_and_the_total(client: Provisioner) -> None:
    seen: list[str] = []
    for start in range(1, len(NAMES) + 2, 7):
        page = client.get("/Users", startIndex=str(start), count="7")
        assert (page["totalResults"], page["startIndex"]) == (len(NAMES) + 1, start)
        seen += names(page)
    assert seen == [*NAMES, "zoe"]
    fresh = Provisioner(client.world, client.token)
    fresh.world.process = fresh.world.open_process()
    assert names(fresh.get("/Users", startIndex="59", count="2")) == ["user058", "user059"]
    assert names(client.get("/Users", startIndex="-5", count="1")) == ["user000"]
    for beyond in ({"startIndex": "1000"}, {"count": "0"}):
        page = client.get("/Users", **beyond)
        assert (names(page), page["totalResults"]) == ([], len(NAMES) + 1)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sortBy": "userName", "sortOrder": "descending"},
        {"sortBy": "title"},
        {"filter": 'title ne "T3"'},
    ],
)
def test_every_page_by_cursor(client: Provisioner, query: dict[str, str]) -> None:
    whole = names(client.get("/Users", **query, count="100"))
    seen: list[str] = []
    page = client.get("/Users", **query, count="9", cursor="")
    while True:
        assert "startIndex" not in page
        seen += names(page)
        if "nextCursor" not in page:
            break
        page = client.get("/Users", **query, count="9", cursor=page["nextCursor"])
    assert len(seen) == len(whole)
    assert set(seen) == set(whole)
    if "sortBy" not in query or query["sortBy"] == "userName":
        assert seen == whole


def test_a_cursor_serves_its_own_search_alone(client: Provisioner) -> None:
    cursor = client.get("/Users", count="9", cursor="")["nextCursor"]
    for query in (
        {"cursor": "nonsense"},
        {"cursor": cursor[:-4]},
        {"cursor": cursor, "count": "9", "filter": "title pr"},
        {"cursor": cursor, "count": "8"},
        {"cursor": "a" * 9000},
        {"cursor": cursor, "count": "9", "startIndex": "2"},
    ):
        assert error(client.call("GET", "/Users", **query))[0] == 400


def test_a_cursor_lasts_for_as_long_as_is_announced(
    client: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = client.get("/Users", count="9", cursor="")["nextCursor"]
    announced = client.get("/ServiceProviderConfig")["pagination"]["cursorTimeout"]
    now = time.time()
    for age, status in ((announced - 60, 200), (announced + 60, 400)):
        later = SimpleNamespace(time=lambda at=now + age: at)
        monkeypatch.setattr("scim2_server.cursor.time", later)
        reply = client.call("GET", "/Users", count="9", cursor=cursor)
        assert reply.status == status
    assert error(reply) == (400, "expiredCursor")


def test_sorting_and_attributes(client: Provisioner) -> None:
    backwards = client.get("/Users", sortBy="userName", sortOrder="descending", count="3")
    assert names(backwards) == ["zoe", "user059", "user058"]
    by_title = client.get("/Users", sortBy="title", count="2", attributes="title,userName")
    assert [one["title"] for one in by_title["Resources"]] == ["T0", "T0"]
    assert by_title["Resources"][0].keys() == {"schemas", "id", "title", "userName"}
    without = client.get("/Users", count="1", excludedAttributes="emails,title")["Resources"][0]
    assert not {"emails", "title"} & without.keys()


def test_what_no_index_answers_is_refused_beyond_the_cap(
    client: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.protected.scim.users.MAXIMUM_ROWS", 50)
    for query in ({"filter": "title pr"}, {"sortBy": "title"}):
        assert error(client.call("GET", "/Users", **query)) == (400, "tooMany")
    assert len(names(client.get("/Users"))) == 61
    for looked_up in (
        'externalId eq "e7"',
        'userName eq "user007@x"',
        'emails.value eq "user007@mail.x"',
        'emails[type eq "work"].value eq "user007@mail.x"',
        'title eq "T0" and emails[type eq "work" and value eq "user007@mail.x"]',
    ):
        assert len(client.find(looked_up)) == 1
    assert searching.MAXIMUM_ROWS == 1_000


@pytest.mark.checklist("55")
def test_what_would_compare_too_much_is_refused(
    client: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """61 users, and the 120 addresses that 60 of them have, times the terms."""
    monkeypatch.setattr(searching, "MAXIMUM_COMPARISONS", 362)
    two = 'emails[type eq "no"] or title eq "no"'
    assert client.find(two) == []
    for kind in ("/Users", ""):
        reply = client.call("GET", kind, filter=f'{two} or title eq "none"')
        assert error(reply) == (400, "tooMany")


def test_a_shared_address_finds_everybody(client: Provisioner) -> None:
    assert len(client.find('emails.value eq "shared@mail.x"')) == len(NAMES)


@pytest.mark.checklist("55")
@pytest.mark.parametrize(
    "expression",
    [
        "(" * 10_000 + "title pr" + ")" * 10_000,
        "not (" * 1_000 + "title pr" + ")" * 1_000,
        "(" * 30 + "title pr" + ")" * 30,
        " and ".join(["title pr"] * 10_000),
        " or ".join(['title eq "x"'] * 60),
        "emails[" * 100 + "type pr" + "]" * 100,
        'userName eq "' + "x" * 5_000 + '"',
        'userName eq "x',
        "userName",
        'nothing eq "x"',
        'userName eq "x"; DROP TABLE users',
        "userName eq $ne",
        'userName gt {"$gt": ""}',
        'active gt "x"',
        "\ud800 eq 1",
        "",
    ],
)
def test_a_filter_that_is_deep_long_or_wrong_is_refused_at_once(
    client: Provisioner, expression: str
) -> None:
    started = time.perf_counter()
    reply = client.call("GET", "/Users", filter=expression)
    assert error(reply)[0] == 400
    body = {"Operations": [{"op": "remove", "path": f"emails[{expression}]"}]}
    user = client.get("/Users", count="1")["Resources"][0]
    patched = client.call("PATCH", f"/Users/{user['id']}", body)
    assert patched.status in (400, 413)
    assert time.perf_counter() - started < 5


@pytest.mark.checklist("55", "61")
@pytest.mark.parametrize(
    "query",
    [
        {"count": "x"},
        {"count": "9" * 30},
        {"startIndex": "1.5"},
        {"sortBy": "nothing"},
        {"sortBy": "emails[type pr]"},
        {"sortOrder": "sideways", "sortBy": "userName"},
        {"attributes": ",".join(["userName"] * 200)},
        {"attributes": "userName", "excludedAttributes": "title"},
        {"startIndex": "1000000"},
    ],
)
def test_no_parameter_is_a_fault_of_ours(client: Provisioner, query: dict[str, str]) -> None:
    reply = client.call("GET", "/Users", **query)
    assert reply.status in (200, 400)
    if reply.status == 400:
        error(reply)


_NAMED = "userName emails emails.value active meta.created name.givenName members type urn:x:y:z"
_SIGNS = (
    '$ref eq ne co sw gt pr and or not ( ) [ ] . "x" true null 1 1e999 " "2020-01-01T00:00:00Z"'
)
_WORDS = st.sampled_from(["\\", *_NAMED.split(), *_SIGNS.split()])

_PATHS = st.sampled_from([*_NAMED.split(), "manager", "groups.$ref", f"{ENTERPRISE}:department"])
_TEXTS = st.text(max_size=30) | st.text("x\"\\'%*)]", max_size=8).map(lambda text: text * 200)
_VALUES = _TEXTS.map(json.dumps) | st.sampled_from(["true", "null", "-1", "1e999", "9" * 400])
_OPERATORS = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ"])
_TERMS = st.tuples(_PATHS, _OPERATORS, _VALUES).map(" ".join) | _PATHS.map("{} pr".format)


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Filters made of filters: deeper and longer, until they are refused."""
    return st.one_of(
        inner.map("not ({})".format),
        st.tuples(inner, st.sampled_from([" and ", " or ", "\tOR "]), inner).map("".join),
        st.tuples(_PATHS, inner).map(lambda parts: f'{parts[0]}[{parts[1]}].value eq "x"'),
        st.tuples(inner, st.integers(1, 60)).map(
            lambda parts: "(" * parts[1] + parts[0] + ")" * parts[1]
        ),
        st.tuples(inner, st.integers(1, 60)).map(lambda parts: " and ".join([parts[0]] * parts[1])),
    )


@pytest.mark.checklist("55")
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.lists(_WORDS, max_size=12).map(" ".join),
        st.text(max_size=60),
        st.recursive(_TERMS, _nested, max_leaves=6),
    )
)
def test_no_filter_is_a_fault_of_ours(few: Provisioner, expression: str) -> None:
    for path in ("/Users", "/Groups"):
        reply = few.call("GET", path, filter=expression, count="1")
        assert reply.status in (200, 400), (expression, reply.body)
        if reply.status == 400:
            assert error(reply)[1] in ("invalidFilter", "invalidPath", "invalidValue", "tooMany")
