"""Filters mean what the standard says: compared with an evaluator of a few lines of Python."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.directory.model import Account
from chalicelib.oauth.ids import new_user_id
from chalicelib.oauth.model import Status, User
from tests.harness import World
from tests.odata import Caller, administrator

NAMES = ("anna", "Anna", "bob", "O'Neil", "zoë", "a b", "x%y", "ann", "B&B", "a+b", "née", "ßß")
EMAILS = (None, "a@example.com", "BOB@example.com", "o'neil@example.org")
GIVEN = (None, "Anna", "Bob", " ann ", "a")
Row = dict[str, Any]


@dataclass(frozen=True)
class Term:
    """An expression as OData writes it, and its value for a row; None is null."""

    text: str
    value: Callable[[Row], Any]


@pytest.fixture(scope="module")
def admin() -> Caller:
    world = World()
    who = administrator(world)
    for number, name in enumerate(NAMES):
        roles = frozenset({"administrator"} if number % 3 == 0 else set())
        status = Status.DISABLED if number % 4 == 1 else Status.ENABLED
        user = User(
            new_user_id(), name, f"domain-{number % 3}", status, roles=roles, version=number
        )
        account = Account(
            user,
            world.clock.now() + number * 86_400 * 40,
            world.clock.now(),
            email=EMAILS[number % 4],
            given_name=GIVEN[number % 5],
        )
        world.stores.users.create(account, None, world._event("user.created", user.user_id))
    return who


@pytest.fixture(scope="module")
def rows(admin: Caller) -> list[Row]:
    listed: list[Row] = admin.get("Users").body["value"]
    return listed


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def moment(row: Row) -> datetime:
    return datetime.fromisoformat(row["createdAt"])


def lifted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Null in, null out."""
    return lambda *values: None if None in values else function(*values)


def call(name: str, function: Callable[..., Any], *terms: Term) -> Term:
    text = f"{name}({','.join(term.text for term in terms)})"
    return Term(text, lambda row: lifted(function)(*(term.value(row) for term in terms)))


def prop(name: str) -> Term:
    return Term(name, lambda row: row[name])


def constant(text: str, value: Any) -> Term:
    return Term(text, lambda _: value)


TEXT_LITERALS = st.sampled_from(
    ["", "a", "ann", "Anna", "anna", "o'neil", "O'Neil", "example", "@", "ë", " ", "%", "&", "+"]
).map(lambda text: constant(quoted(text), text))
TEXT_PROPERTIES = st.sampled_from(["userName", "email", "givenName", "domain", "status"]).map(prop)
NUMBER_LITERALS = st.integers(-3, 12).map(lambda number: constant(str(number), number))


def texts_of(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    small = st.integers(0, 4).map(lambda number: constant(str(number), number))
    return st.one_of(
        inner.map(lambda term: call("tolower", str.lower, term)),
        inner.map(lambda term: call("toupper", str.upper, term)),
        inner.map(lambda term: call("trim", str.strip, term)),
        st.tuples(inner, inner).map(lambda two: call("concat", lambda a, b: a + b, *two)),
        st.tuples(inner, small).map(lambda two: call("substring", lambda a, n: a[n:], *two)),
        st.tuples(inner, small, small).map(
            lambda three: call("substring", lambda a, n, m: a[n : n + m], *three)
        ),
    )


# A quotient goes towards zero, and a remainder has the sign of what is divided.
CALCULATE: dict[str, Callable[[int, int], int | None]] = {
    "add": int.__add__,
    "sub": int.__sub__,
    "mul": int.__mul__,
    "div": lambda a, b: None if b == 0 else math.trunc(a / b),
    "mod": lambda a, b: None if b == 0 else int(math.fmod(a, b)),
}
TEXTS = st.recursive(TEXT_LITERALS | TEXT_PROPERTIES, texts_of, max_leaves=4)
NUMBERS = st.one_of(
    NUMBER_LITERALS,
    st.just(prop("version")),
    TEXTS.map(lambda term: call("length", len, term)),
    st.tuples(TEXTS, TEXTS).map(lambda two: call("indexof", str.find, *two)),
    *(
        st.just(Term(f"{part}(createdAt)", lambda row, part=part: getattr(moment(row), part)))
        for part in ("year", "month", "day", "hour", "minute", "second")
    ),
    st.tuples(
        st.sampled_from(["version", "version sub 6"]),
        st.sampled_from(["add", "sub", "mul", "div", "mod"]),
        NUMBER_LITERALS,
    ).map(
        lambda three: Term(
            f"(({three[0]}) {three[1]} {three[2].text})",
            lambda row: CALCULATE[three[1]](
                row["version"] - (6 if "sub" in three[0] else 0), three[2].value(row)
            ),
        )
    ),
)
TIMES = st.one_of(
    st.just(Term("createdAt", moment)),
    st.integers(2027, 2028).flatmap(
        lambda year: st.just(
            constant(f"{year}-06-15T10:00:00Z", datetime(year, 6, 15, 10, tzinfo=UTC))
        )
    ),
)
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    # Null is false here, not unknown; two nulls are equal (Part 2, §5.1.1.1.3 to §5.1.1.1.6).
    "gt": lambda a, b: None not in (a, b) and a > b,
    "ge": lambda a, b: a == b or (None not in (a, b) and a > b),
    "lt": lambda a, b: None not in (a, b) and a < b,
    "le": lambda a, b: a == b or (None not in (a, b) and a < b),
}


def compared(operands: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    return st.tuples(operands, st.sampled_from(sorted(COMPARE)), operands).map(
        lambda three: Term(
            f"{three[0].text} {three[1]} {three[2].text}",
            lambda row: COMPARE[three[1]](three[0].value(row), three[2].value(row)),
        )
    )


ATOMS = st.one_of(
    compared(TEXTS),
    compared(NUMBERS),
    compared(TIMES),
    st.tuples(TEXTS, TEXTS).map(lambda two: call("contains", lambda a, b: b in a, *two)),
    st.tuples(TEXTS, TEXTS).map(lambda two: call("startswith", str.startswith, *two)),
    st.tuples(TEXTS, TEXTS).map(lambda two: call("endswith", str.endswith, *two)),
    st.sampled_from(["userName", "email", "givenName"]).map(
        lambda name: Term(f"{name} eq null", lambda row: row[name] is None)
    ),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(
        lambda names: Term(
            f"userName in ({','.join(map(quoted, names))})", lambda row: row["userName"] in names
        )
    ),
    st.just(
        Term("roles/any(r: r eq 'administrator')", lambda row: "administrator" in row["roles"])
    ),
    st.just(Term("roles/$count gt 0", lambda row: bool(row["roles"]))),
    st.sampled_from([EMAILS[1:3], EMAILS[:2], EMAILS[:1]]).map(
        lambda emails: Term(
            f"email in ({','.join('null' if one is None else quoted(one) for one in emails)})",
            lambda row: row["email"] in emails,
        )
    ),
)


def both(a: Any, b: Any) -> bool | None:
    return False if a is False or b is False else None if None in (a, b) else True


def inverse(a: Any) -> bool | None:
    return None if a is None else not a


def joined(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    def conjunction(two: tuple[Term, Term]) -> Term:
        one, other = two
        return Term(
            f"({one.text} and {other.text})", lambda row: both(one.value(row), other.value(row))
        )

    def disjunction(two: tuple[Term, Term]) -> Term:
        one, other = two

        def value(row: Row) -> bool | None:
            return inverse(both(inverse(one.value(row)), inverse(other.value(row))))

        return Term(f"({one.text} or {other.text})", value)

    negation = inner.map(
        lambda term: Term(f"not ({term.text})", lambda row: inverse(term.value(row)))
    )
    pairs = st.tuples(inner, inner)
    return st.one_of(pairs.map(conjunction), pairs.map(disjunction), negation)


FILTERS = st.recursive(ATOMS, joined, max_leaves=5)


@settings(max_examples=300, deadline=None)
@given(filter_=FILTERS)
def test_a_filter_chooses_the_rows_that_the_standard_says(
    admin: Caller, rows: list[Row], filter_: Term
) -> None:
    expected = {row["id"] for row in rows if filter_.value(row) is True}
    reply = admin.get("Users", filter=filter_.text)
    assert reply.status == 200, (filter_.text, reply.body)
    assert {row["id"] for row in reply.body["value"]} == expected, filter_.text
    counted = admin.get("Users/$count", filter=filter_.text)
    assert counted.body == str(len(expected)), filter_.text


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from([*NAMES, "nobody", "AN"]),
    domain=st.sampled_from(["domain-0", "domain-1", "domain", "DOMAIN-0"]),
    rest=FILTERS,
)
def test_what_an_index_answers_is_what_the_whole_filter_says(
    admin: Caller, rows: list[Row], name: str, domain: str, rest: Term
) -> None:
    """The same, begun by the conditions that are read from keys and indexes."""
    key = next((row["id"] for row in rows if row["userName"] == name), "usr_nobody")
    other = name.swapcase()
    conditions: list[Term] = [
        Term(f"userName eq {quoted(name)}", lambda row: row["userName"] == name),
        Term(f"{quoted(name)} eq userName", lambda row: row["userName"] == name),
        Term(
            f"startswith(userName,{quoted(name[:2])})",
            lambda row: row["userName"].startswith(name[:2]),
        ),
        Term(f"domain eq {quoted(domain)}", lambda row: row["domain"] == domain),
        Term(f"id eq {quoted(key)}", lambda row: row["id"] == key),
        Term(f"(id eq {quoted(key)} or id eq 'usr_x')", lambda row: row["id"] == key),
        Term(
            f"userName eq {quoted(name)} and domain eq {quoted(domain)}",
            lambda row: row["userName"] == name and row["domain"] == domain,
        ),
        Term(
            f"userName in ({quoted(name)},{quoted(other)}) and domain eq {quoted(domain)}",
            lambda row: row["userName"] in (name, other) and row["domain"] == domain,
        ),
    ]
    for condition in conditions:
        for text, value in (
            (condition.text, condition.value),
            (
                f"{condition.text} and {rest.text}",
                lambda row, c=condition: both(c.value(row), rest.value(row)),
            ),
            (
                f"{condition.text} or {rest.text}",
                lambda row, c=condition: inverse(
                    both(inverse(c.value(row)), inverse(rest.value(row)))
                ),
            ),
        ):
            expected = sorted(row["id"] for row in rows if value(row) is True)
            assert sorted(admin.values("Users", "id", filter=text)) == expected, text


def test_an_alias_stands_for_its_expression(admin: Caller) -> None:
    def names(filter_: str, **aliases: str) -> list[str]:
        query = {"$filter": [filter_], **{f"@{name}": [value] for name, value in aliases.items()}}
        reply = admin.send("GET", "Users", query=query)
        assert reply.status == 200, reply.body
        return [row["userName"] for row in reply.body["value"]]

    assert names("userName eq @n", n="'anna'") == ["anna"]
    assert names("userName eq @n", n="tolower('ANNA')") == ["anna"]
    assert names("tolower(userName) eq @n and userName ne @n", n="'anna'") == ["Anna"]
    assert names("@n eq userName", n="userName")[:2] == names("true")[:2]
    assert admin.refusal("Users", filter="userName eq @n")[0] == 400


def test_a_span_of_time_is_counted_in_seconds(admin: Caller) -> None:
    young = "totalseconds(updatedAt sub createdAt) gt -3456001"
    assert admin.values("Users", "userName", filter=young, orderby="createdAt") == [
        "admon", "anna", "Anna"
    ]  # fmt: skip
    assert admin.values("Users", "id", filter="totalseconds(duration'PT90S') ne 90") == []


def test_null_is_false_in_a_comparison_and_unknown_in_a_function(admin: Caller) -> None:
    def count(filter_: str) -> int:
        return len(admin.values("Users", "id", filter=filter_))

    everybody, nameless = count("true"), count("givenName eq null")
    assert 0 < nameless < everybody
    assert count("not (givenName gt 'A')") == nameless + count("givenName le 'A'")
    assert count("givenName ge null") == count("null le givenName") == nameless
    assert count("givenName gt null or givenName lt null") == 0
    assert count("not startswith(givenName,'A')") == everybody - nameless - count(
        "startswith(givenName,'A')"
    )
