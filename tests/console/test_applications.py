"""The list of applications: what it shows, and how far one request looks."""

import re
from urllib.parse import urlsplit

import pytest

from chalicelib.oauth.model import GrantType, LifeCycle, LifeCycleType, Status
from chalicelib.pages.console import words
from tests.bench.console import costs
from tests.console.administrators import Console
from tests.harness import World

LIST = "/console/applications"


def names(console: Console) -> list[str]:
    """The names in the list, as the page shows them."""
    return [
        one.text.strip().split("\n")[0].strip()
        for one in console.page.all("th")
        if one.attributes.get("scope") == "row"
    ]


def add(world: World, *names: str, **fields: object) -> None:
    for name in names:
        world.add_client(name=name, **fields)


def test_the_built_in_applications_are_listed(console: Console) -> None:
    console.get(LIST)
    assert names(console) == ["Grantline command line", "Grantline console"]
    assert "Built in" in console.page.text
    assert "It has no client secret" not in console.page.text


def test_a_row_tells_what_matters(world: World, console: Console) -> None:
    account = world.stores.users.find("domain", "admon")
    assert account is not None
    world.add_client(
        GrantType.CLIENT_CREDENTIALS,
        name="Payroll",
        user_id=account.user.user_id,
        allowed_scopes=frozenset({"odata_query", "api"}),
        life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, None),
    )
    console.get(LIST, search="payroll")
    text = console.page.text
    for shown in ("Client credentials", "API", "ODATA QUERY", "domain\\admon", "Never ends"):
        assert shown in text
    assert "acts as an administrator" in text
    assert "tokens never end" in text


def test_the_columns_are_those_that_an_administrator_asks_for(console: Console) -> None:
    console.get(LIST)
    heads = [one.text for one in console.page.all("th") if one.attributes.get("scope") == "col"]
    assert heads == [
        "Name",
        "Grant type",
        "Scopes",
        "Acts as",
        "Token lifetime",
        "Created",
        "Last used",
        "Status",
        "Warnings",
    ]


def test_a_warning_is_a_word_in_the_row_and_a_sentence_below_it(
    world: World, console: Console
) -> None:
    world.add_client(name="Endless", life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, None))
    console.get(LIST, search="endless")
    assert [one.text.strip() for one in console.page.all("summary")] == ["Never-ending"]
    (details,) = console.page.all("details")
    assert "Its tokens never end; they can only be revoked." in details.text
    assert "open" not in details.attributes


def test_a_secret_about_to_end_is_told(world: World, console: Console) -> None:
    client = world.add_client(name="Payroll")
    ends_at = world.clock.now() + 29 * 86_400
    secrets = tuple(
        type(secret)(secret.secret_id, secret.hash, secret.created_at, ends_at)
        for secret in client.application.secrets
    )
    world.change(client, secrets=secrets)
    console.get(LIST, search="payroll")
    assert "ends within 30 days" in console.page.text
    world.clock.sleep(30 * 60)
    world.change(client, secrets=tuple(type(s)(s.secret_id, s.hash, s.created_at) for s in secrets))
    console.get(LIST, search="payroll")
    assert "ends within 30 days" not in console.page.text


def test_it_is_searched_filtered_and_sorted(world: World, console: Console) -> None:
    add(world, "Alpha", grant_type=GrantType.BEARER_TOKEN)
    world.clock.sleep(1)
    add(world, "Bravo", allowed_scopes=frozenset({"rpa"}))
    add(world, "Alphabet", status=Status.DISABLED)
    for query, expected in (
        ({"search": "ALPHA"}, ["Alpha", "Alphabet"]),
        ({"search": "alpha", "sort": "-name"}, ["Alphabet", "Alpha"]),
        ({"grant_type": "bearer_token"}, ["Alpha"]),
        ({"scope": "rpa"}, ["Bravo"]),
        ({"status": "disabled"}, ["Alphabet"]),
        ({"search": "nothing"}, []),
    ):
        assert console.get(LIST, **query).status == 200
        assert names(console) == expected
    assert console.page.has("empty")
    assert console.page.has("clear")


def test_the_filter_form_keeps_what_was_chosen(world: World, console: Console) -> None:
    add(world, "Alpha")
    console.get(LIST, search="al", scope="api", sort="-created")
    form = console.page.form_of(search="al")
    assert form.fields["scope"] == "api"
    assert form.fields["sort"] == "-created"
    assert form.fields["status"] == ""
    sort = console.page.by_id("sort_name")["href"]
    assert "search=al" in sort
    assert "scope=api" in sort
    assert "sort=name" in sort


def test_it_goes_on_from_page_to_page(world: World, console: Console) -> None:
    add(world, *(f"Number {number:02}" for number in range(60)))
    seen: list[str] = []
    console.get(LIST, search="number")
    while True:
        seen += names(console)
        assert len(names(console)) <= 25
        if not console.page.has("next"):
            break
        console.get(LIST + console.page.by_id("next")["href"])
    assert seen == [f"Number {number:02}" for number in range(60)]
    assert "search=number" in console.page.by_id("first")["href"]


def test_a_search_that_looks_at_many_names_says_so_and_can_go_on(
    world: World, console: Console
) -> None:
    add(world, *(f"Number {number:04}" for number in range(1100)))
    add(world, "Zebra")
    console.get(LIST, search="zebra")
    assert names(console) == []
    assert console.page.has("cut_short")
    assert not console.page.has("clear") or "None of the names looked at" in console.page.text
    console.get(LIST + console.page.by_id("next")["href"])
    assert names(console) == ["Zebra"]


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"sort": "nonsense"},
        {"grant_type": "x"},
        {"scope": "openid"},
        {"status": "x"},
        {"search": "x" * 101},
    ],
)
def test_what_no_form_of_ours_sends_is_refused_on_a_page(
    console: Console, query: dict[str, str]
) -> None:
    assert console.get(LIST, **query).status == 400
    (name,) = query
    assert f"not valid: {name} " in console.page.by_id("error").text
    assert urlsplit(console.page.by_id("retry")["href"]).path == LIST


@pytest.mark.checklist("13")
def test_names_are_escaped_and_visible(world: World, console: Console) -> None:
    add(world, "</title><script>alert(1)</script>\u202e")
    reply = console.get(LIST)
    assert "<script>alert" not in reply.body
    assert "\u202e" not in reply.body
    assert reply.body.count("</title>") == 1


def test_nothing_comes_from_another_host_or_is_written_into_the_page(console: Console) -> None:
    for path in (LIST, "/console/keys", "/console/audit", "/console/endpoints"):
        console.get(path)
        for element in console.page.elements:
            assert not [key for key in element.attributes if key == "style" or key[:2] == "on"]
            for name in ("src", "href", "action"):
                url = element.attributes.get(name, "/")
                assert url.startswith(("/", "?", "#")), url
                assert urlsplit(url).netloc == ""
        assert all(script.text == "" for script in console.page.all("script"))


def test_every_url_of_the_endpoints_page_is_served_or_a_service(
    world: World, console: Console
) -> None:
    console.get("/console/endpoints")
    issuer = world.settings.issuer
    shown = [one.text for one in console.page.all("code")]
    assert f"{issuer}/oauth2/server/token" in shown
    assert all(url == issuer or url.startswith(f"{issuer}/") for url in shown)
    routes = world.process.app.routes
    for url in shown:
        path = url.removeprefix(issuer)
        if re.match(r"/(oauth2|\.well-known|admin)", path):
            assert path in routes


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "Never ends"),
        (60, "1 minute"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (86_400 * 90, "90 days"),
        (61, "61 seconds"),
    ],
)
def test_lengths_of_time_are_told_in_whole_units(seconds: int | None, text: str) -> None:
    assert words.duration(seconds) == text


def test_a_page_costs_no_more_than_one_request_may_look_at() -> None:
    """1,000 names of the index, and the applications of one page with their users."""
    many, more = costs(1_500), costs(2_500)
    for name, cost in many.items():
        assert (cost.reads, len(cost.calls)) == (more[name].reads, len(more[name].calls))
        assert cost.reads < 110
        assert cost.writes == 0
