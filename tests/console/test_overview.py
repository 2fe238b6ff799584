"""The first page of the console: what ends, figures, changes; and that its cost is bounded."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.oauth.model import CertificateKey, GrantType, Status
from chalicelib.pages.console.overview import distance
from chalicelib.pages.console.plot import make_plot, rounded_up, short
from chalicelib.usage import DayFigures
from tests.console.administrators import Console
from tests.faults.costs import measure
from tests.harness import Client, World

DAY = 86_400


def end_secret(world: World, client: Client, days: float) -> Client:
    (secret,) = client.application.secrets
    ends_at = world.clock.now() + int(days * DAY)
    return world.change(client, secrets=(replace(secret, ends_at=ends_at),))


def certificate(world: World, days: float) -> CertificateKey:
    return CertificateKey("ab" * 32, b"\x30\x00", 0, world.clock.now() + int(days * DAY))


def names(console: Console) -> list[str]:
    """The applications in the list of what ends."""
    return [
        one.text
        for one in console.page.all("a")
        if one.attributes.get("href", "").startswith("/console/applications/")
    ]


def test_what_ends_is_told_before_it_does(world: World, console: Console) -> None:
    end_secret(world, world.add_client(name="Late"), 31)
    end_secret(world, world.add_client(name="Payroll"), 5.5)
    world.add_client(
        GrantType.CLIENT_CERTIFICATE,
        name="Reports",
        certificate=certificate(world, 2.5),
        status=Status.DISABLED,
    )
    end_secret(world, world.add_client(name="Over"), -1.5)
    end_secret(world, world.add_client(name="Forgotten"), -8)
    console.get("/console/ends")
    assert names(console) == ["Over", "Reports", "Payroll"]
    text = console.page.text
    for shown in ("1 day ago", "in 2 days", "in 5 days", "Certificate", "Disabled"):
        assert shown in text
    console.get("/console")
    assert names(console)[:3] == ["Over", "Reports", "Payroll"]
    assert not console.page.has("more_ends")


def test_what_ends_and_is_still_in_use_is_told(world: World, console: Console) -> None:
    client = end_secret(world, world.add_client(name="Payroll"), 5)
    used = (client.client_id, client.application.secrets[0].secret_id)
    world.stores.usage.add([], {used: world.clock.now() - DAY})
    console.get("/console")
    assert "14 January 2027" in console.page.text


def test_many_ends_are_listed_in_pages(world: World, console: Console) -> None:
    for number in range(53):
        end_secret(world, world.add_client(name=f"Number {number:02}"), number / 10 + 0.1)
    console.get("/console")
    assert len([name for name in names(console) if name.startswith("Number")]) >= 8
    console.get(console.page.by_id("more_ends")["href"])
    assert names(console) == [f"Number {number:02}" for number in range(50)]
    console.get("/console/ends" + console.page.by_id("next")["href"])
    assert names(console) == ["Number 50", "Number 51", "Number 52"]
    assert not console.page.has("next")
    assert console.get("/console/ends", cursor="x").status == 400


def test_a_deployment_without_ends_figures_or_changes_is_calm(console: Console) -> None:
    console.get("/console")
    assert console.page.has("no_ends")
    assert "None in these days." in console.page.text
    console.get("/console/ends")
    assert console.page.has("no_ends")


def test_figures_are_drawn_and_written(world: World, console: Console) -> None:
    figures = [
        DayFigures("2027-01-14", {"client_credentials": 1200}, {"invalid_client": 3}, {}),
        DayFigures("2027-01-15", {"refresh_token": 34}, {}, {"insufficient_scope": 2}),
        DayFigures("2026-12-01", {"refresh_token": 9999}, {}, {}),
    ]
    world.stores.usage.add(figures, {})
    reply = console.get("/console")
    text = console.page.text
    for shown in ("1,234", "Client credentials", "1,200", "did not prove itself", "invalid_client"):
        assert shown in text
    assert "9,999" not in text
    drawn = [one for one in console.page.all("svg") if one.attributes.get("role") == "img"]
    days = "a day, 2 January to 15 January"
    assert [one["aria-label"] for one in drawn] == [
        f"Tokens issued {days}: 1,234 in all, most on 14 January, 1,200.",
        f"Tokens refused {days}: 3 in all, most on 14 January, 3.",
        f"Calls refused by services {days}: 2 in all, most on 15 January, 2.",
    ]
    rows = [one.text.split() for one in console.page.all("tr")]
    assert ["14", "January", "1,200", "3", "0"] in rows
    assert " style=" not in reply.body


def test_recent_changes_are_shown(world: World, console: Console) -> None:
    client = world.add_client(name="Payroll")
    world.change(client)
    console.get("/console")
    assert "Application registered" in console.page.text
    assert "Payroll" in console.page.text
    assert console.page.by_id("to_all_changes")["href"] == "/console/audit"


def test_the_page_costs_the_same_however_many_applications_there_are(
    world: World, console: Console
) -> None:
    def units() -> Any:
        cost = measure(world, world.process, lambda _: console.get("/console"), 200)
        return len(cost.calls), cost.reads, cost.writes

    for number in range(12):
        end_secret(world, world.add_client(name=f"Ending {number:02}"), 3)
    before = units()
    for number in range(300):
        world.add_client(name=f"Number {number:03}")
    end_secret(world, world.add_client(name="Another"), 29)
    calls, reads, writes = units()
    assert calls == before[0] <= 8
    assert writes == 0
    assert reads <= before[1] + 8 <= 75


@pytest.mark.parametrize(
    ("number", "top"), [(0, 2), (2, 2), (3, 4), (7, 8), (9, 10), (11, 20), (101, 200), (950, 1000)]
)
def test_the_top_line_of_a_plot_is_a_round_number(number: int, top: int) -> None:
    assert rounded_up(number) == top


def test_numbers_at_lines_are_short() -> None:
    assert [short(one) for one in (0, 999, 1000, 1500, 2_000_000)] == [
        "0",
        "999",
        "1k",
        "1.5k",
        "2m",
    ]


def test_bars_stay_within_their_plot() -> None:
    days = [(f"2026-02-{day:02}", {"a": day * 37, "b": 1}) for day in range(1, 29)]
    plot = make_plot("issued", "Tokens", days, {"a": "All"})
    assert plot.total == sum(day * 37 + 1 for day in range(1, 29))
    for bar in plot.bars:
        assert plot.left <= bar.x
        assert bar.x + bar.width <= plot.width
        assert 0 <= bar.y <= bar.y + bar.height <= plot.height
    assert [share.label for share in plot.shares] == ["All", "b"]
    assert make_plot("issued", "Tokens", [], {}).summary == "Tokens"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "in less than a day"),
        (-5, "less than a day ago"),
        (DAY, "in 1 day"),
        (-2 * DAY, "2 days ago"),
    ],
)
def test_distances_are_told_in_days(seconds: int, text: str) -> None:
    assert distance(seconds) == text
