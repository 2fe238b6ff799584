"""The audit trail at the console: what it shows, how far one request looks, its file."""

import csv
import re
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import chalicelib
from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.users import Users
from chalicelib.endpoints.console import audit_export
from chalicelib.oauth.ids import new_ulid
from chalicelib.pages.console.events import ACTIONS
from chalicelib.pages.csv_text import csv_line
from chalicelib.storage.audit import put_event
from tests.console.administrators import Console
from tests.harness import Reply, World

AUDIT = "/console/audit"
EXPORT = "/console/audit/export"
DAY = 86_400
GONE = "app_" + "9" * 26


def add_events(
    world: World, number: int, target: str = "app_x", *, action: str = "secret.cut", name: str = ""
) -> None:
    actor = Actor(None, None, name or None, "192.0.2.9")
    for _ in range(number):
        event = AuditEvent(new_ulid(), world.clock.now(), action, target, actor)
        world.stores.database.write(put_event(event, 400))


def rows(console: Console) -> list[str]:
    return [
        one.text.strip().split("\n")[0].strip()
        for one in console.page.all("th")
        if one.attributes.get("scope") == "row"
    ]


def file_of(reply: Reply) -> list[dict[str, str]]:
    assert reply.status == 200
    text = reply.body.decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def test_events_name_whom_they_are_about(world: World, console: Console) -> None:
    client = world.add_client(name="Payroll")
    world.change(client)
    account = world.stores.users.find("domain", "jdoe")
    assert account is not None
    actor = Actor(client.client_id, "usr_a", "domain\\boss", "192.0.2.9")
    Users(world.stores.users, world.clock).update(
        account.user.user_id, {"email": "j@example.com", "roles": ["administrator"]}, actor
    )
    console.get(AUDIT)
    assert rows(console)[0] == "User changed"
    text = console.page.text
    for shown in ("domain\\boss", "192.0.2.9", "Payroll", "j@example.com", "domain\\jdoe"):
        assert shown in text
    paths = [one.attributes.get("href") for one in console.page.all("a")]
    assert f"/console/users/{account.user.user_id}" in paths
    assert f"/console/applications/{client.client_id}" in paths


def test_it_is_filtered(world: World, console: Console) -> None:
    account = world.stores.users.find("domain", "jdoe")
    assert account is not None
    world.clock.sleep(3 * DAY)
    add_events(world, 2, name="other\\Straße", action="secret.created")
    world.clock.sleep(DAY)
    add_events(world, 1, target=GONE)
    add_events(world, 1, target=world.add_client(name="Pay roll").client_id)
    console.enter(AUDIT)
    day = "2027-01-18"
    for query, expected in (
        ({"actor": "STRASSE"}, ["Client secret made"] * 2),
        ({"target": GONE}, ["Client secret cut"]),
        ({"target": "PAY ROLL"}, ["Client secret cut", "Application registered"]),
        ({"target": "DOMAIN\\jdoe"}, ["Password set", "User created"]),
        ({"action": "secret.cut"}, ["Client secret cut"] * 2),
        ({"since": day, "until": day}, ["Client secret made"] * 2),
        (
            {"since": "2027-01-19"},
            ["Client secret cut", "Application registered", "Client secret cut"],
        ),
        ({"actor": "nobody"}, []),
    ):
        assert console.get(AUDIT, **query).status == 200
        assert rows(console) == expected, query
        assert console.page.has("clear")
    assert console.page.has("empty")


@pytest.mark.parametrize(
    "name", ["administrator", "signing_keys", "query#x", "A\\B", "app_short", "grp_1"]
)
def test_an_application_is_found_whatever_its_name(
    world: World, console: Console, name: str
) -> None:
    add_events(world, 1, target=world.add_client(name=name).client_id)
    assert console.get(AUDIT, target=name).status == 200
    assert rows(console) == ["Client secret cut", "Application registered"]


@pytest.mark.parametrize("target", ["administrator", "signing_keys", "query#late_orders"])
def test_what_has_no_id_is_found_by_its_name(world: World, console: Console, target: str) -> None:
    add_events(world, 1, target=target)
    assert console.get(AUDIT, target=target).status == 200
    assert rows(console)[0] == "Client secret cut"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-W01"}, "since"),
        ({"until": "2026-02-30"}, "until"),
        ({"since": "2026-02-02", "until": "2026-02-01"}, "until"),
        ({"target": "domain\\nobody"}, "target"),
        ({"target": "No such application"}, "target"),
    ],
)
@pytest.mark.parametrize("path", [AUDIT, EXPORT])
def test_what_is_wrong_with_a_filter_is_told_at_its_field(
    console: Console, path: str, query: dict[str, str], field: str
) -> None:
    assert console.get(path, **query).status == 400
    assert console.page.has(f"{field}_error")
    assert console.page.by_id(field)["value"] == query[field]
    assert rows(console) == []


@pytest.mark.parametrize("query", [{"cursor": "x"}, {"actor": "x" * 251}])
@pytest.mark.parametrize("path", [AUDIT, EXPORT])
def test_what_no_form_of_ours_sends_is_refused(
    console: Console, path: str, query: dict[str, str]
) -> None:
    assert console.get(path, **query).status == 400
    assert console.page.has("error")


def test_it_goes_on_and_says_when_it_looked_at_many(world: World, console: Console) -> None:
    add_events(world, 1, name="a\\rare")
    add_events(world, 1_010, name="a\\frequent")
    console.get(AUDIT)
    assert len(rows(console)) == 50
    console.get(AUDIT + console.page.by_id("next")["href"])
    assert len(rows(console)) == 50
    console.get(AUDIT, actor="rare")
    assert rows(console) == []
    assert console.page.has("cut_short")
    console.get(AUDIT + console.page.by_id("next")["href"])
    assert rows(console) == ["Client secret cut"]
    assert not console.page.has("next")


def test_every_action_has_words() -> None:
    """Whatever the code calls an action: a thing, a point, and what became of it."""
    action = re.compile(r'"([a-z_]+\.(?:[a-z_]*(?:ed|set)|given|withdrawn|cut|issued_for_trial))"')
    source = Path(chalicelib.__file__).parent
    written = {name for file in source.rglob("*.py") for name in action.findall(file.read_text())}
    assert len(written) > 20
    assert written <= ACTIONS.keys()


@pytest.mark.checklist("13")
def test_names_are_escaped_and_visible(world: World, console: Console) -> None:
    add_events(world, 1, target="</table><script>\u202e", name="<b>", action="<i>x")
    reply = console.get(AUDIT)
    assert "<script>" not in reply.body
    assert "<b>" not in reply.body
    assert "<i>" not in reply.body
    assert "\u202e" not in reply.body


def test_its_file_holds_what_the_filter_asks_for(world: World, console: Console) -> None:
    add_events(world, 2, name='a\\"Zoë", x', action="secret.created")
    console.get(AUDIT, actor="zoë")
    reply = console.get(EXPORT + "?" + urlsplit(console.page.by_id("export")["href"]).query)
    assert reply.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert reply.headers["Content-Disposition"].startswith('attachment; filename="audit-2027-')
    assert reply.headers["Cache-Control"] == "no-store"
    found = file_of(reply)
    assert [row["action"] for row in found] == ["secret.created"] * 2
    assert found[0]["user_name"] == 'a\\"Zoë", x'
    assert found[0]["time"] == "2027-01-15T08:00:00Z"
    assert found[0]["source_ip"] == "192.0.2.9"
    assert len({row["event_id"] for row in found}) == 2


def test_a_long_file_says_where_it_goes_on(
    world: World, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_export, "PAGE_SIZE", 20)
    monkeypatch.setattr(audit_export, "EXPORT_ROWS", 50)
    add_events(world, 130)
    seen: list[str] = []
    query: dict[str, Any] = {"action": "secret.cut"}
    for _ in range(4):
        reply = console.get(EXPORT, **query)
        found = file_of(reply)
        more = [row["action"] for row in found if row["time"] == audit_export.MORE]
        seen += [row["event_id"] for row in found if row["event_id"]]
        if not more:
            break
        assert "-part" in reply.headers["Content-Disposition"]
        assert reply.headers["Link"] == f'<{more[0]}>; rel="next"'
        assert more[0].startswith(f"{world.settings.issuer}{EXPORT}?")
        query = {name: one[0] for name, one in parse_qs(urlsplit(more[0]).query).items()}
    assert len(seen) == len(set(seen)) == 130
    assert "Link" not in reply.headers


def test_a_file_of_long_events_stays_below_the_limit_of_an_answer(
    world: World, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_export, "PAGE_SIZE", 5)
    monkeypatch.setattr(audit_export, "EXPORT_BYTES", 1_000)
    add_events(world, 60, name="a\\" + "x" * 100)
    assert len(file_of(console.get(EXPORT, action="secret.cut"))) < 20


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))  # noqa: RUF001 - the wide forms are meant
def test_no_cell_is_a_formula(world: World, console: Console, start: str) -> None:
    cell = f'{start}HYPERLINK("https://evil.example")'
    read = next(csv.reader(StringIO(csv_line((cell, "x")), newline="")))
    assert read == [f"'{cell}", "x"]
    add_events(world, 1, name=cell, target=cell)
    (row,) = file_of(console.get(EXPORT, action="secret.cut"))
    assert row["user_name"] == f"'{cell}"
    assert row["target"] == f"'{cell}"
    assert row["changes"] == "{}"


def test_lines_of_a_file_end_and_are_quoted_as_rfc_4180_says() -> None:
    assert csv_line(("a", 'b"c', "d,e", "f\ng", "")) == 'a,"b""c","d,e","f\ng",\r\n'


@pytest.mark.parametrize(
    "cell",
    [
        *("a;=1+1", "a; +1", "x\t@SUM(A1)", '{"name": "=1+1;=1+2"}'),
        *('a;"=1+1', 'a; ""=1+1', "a,\n=1+1", 'a;;\r\n"@SUM(A1)"', 'a\t"\n+1'),
    ],
)
def test_a_semicolon_begins_no_formula_either(cell: str) -> None:
    for read in csv.reader(StringIO(csv_line((cell,)), newline=""), delimiter=";"):
        assert [part for part in read if part.strip().startswith(("=", "+", "@"))] == []
