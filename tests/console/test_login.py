"""The way into the console, and out of it: who gets in, and what nobody else can do with it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.oauth.model import Status
from chalicelib.registry.built_in import CONSOLE_CLIENT_ID
from tests.console.administrators import Console
from tests.harness import World
from tests.pages.browser import CHALLENGE, SESSION, VERIFIER, Browser, answer_of

COOKIE = "__Host-grantline-console"
ATTEMPT = "__Host-grantline-console-login"
TOKEN = "/oauth2/server/token"
CALLBACK = "/console/callback"


def asked(world: World, browser: Browser) -> dict[str, str]:
    """The parameters of the authorization request that the console makes."""
    reply = browser.get("/console")
    assert reply.status == 303
    parts = urlsplit(reply.headers["Location"])
    assert parts.path == "/oauth2/server/authorize"
    parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert parameters["redirect_uri"] == world.settings.issuer + CALLBACK
    return parameters


def test_an_administrator_comes_back_to_the_page_that_was_wanted(world: World) -> None:
    browser = Console(world)
    reply = browser.enter("/console/endpoints")
    assert reply.status == 200
    assert browser.page.only("h1").text == "Endpoints"
    assert "domain\\admon" in browser.page.text
    assert ATTEMPT not in browser.cookies
    assert browser.cookies[COOKIE].startswith("gla_")


@pytest.mark.checklist("15")
def test_the_filters_of_the_wanted_page_survive_the_login(world: World) -> None:
    console = Console(world)
    console.follow(console.get("/console/audit", action="application.deleted", days="7"))
    reply = console.log_in("admon")
    while "/console/audit" not in reply.headers.get("Location", ""):
        location = reply.headers["Location"].removeprefix(world.settings.issuer)
        reply = console.get(location)
    assert reply.headers["Location"].endswith("/console/audit?action=application.deleted&days=7")


def test_its_cookies_are_for_this_host_and_no_script(world: World) -> None:
    browser = Console(world)
    (attempt,) = browser.get("/console").headers["Set-Cookie"]
    assert attempt.startswith(ATTEMPT)
    assert "Max-Age=600" in attempt
    browser.follow(browser.get("/console"))
    reply = browser.follow(browser.log_in("admon"))
    location = reply.headers["Location"].removeprefix(world.settings.issuer)
    lines = browser.get(location).headers["Set-Cookie"]
    for line in [attempt, *lines]:
        for attribute in ("Path=/", "HttpOnly", "Secure", "SameSite=Lax"):
            assert attribute in line.split("; ")


def test_whoever_is_no_administrator_is_told_so_and_not_sent_around(world: World) -> None:
    browser = Console(world)
    reply = browser.enter(name="jdoe")
    assert reply.status == 403
    assert "role administrator" in browser.page.text
    assert COOKIE not in browser.cookies
    again = browser.get(browser.page.by_id("switch_user")["href"])
    assert parse_qs(urlsplit(again.headers["Location"]).query)["prompt"] == ["select_account"]


@pytest.mark.checklist("49")
def test_a_demotion_bites_at_the_next_request(world: World, console: Console) -> None:
    account = world.stores.users.find("domain", "admon")
    assert account is not None
    world.change_user(account.user, roles=frozenset())
    assert console.get("/console/applications").status == 403
    world.change_user(account.user, roles=frozenset({"administrator"}))
    assert console.get("/console/applications").status == 200


@pytest.mark.checklist("50")
def test_a_disabled_administrator_is_out_at_the_next_request(
    world: World, console: Console
) -> None:
    account = world.stores.users.find("domain", "admon")
    assert account is not None
    world.change_user(account.user, status=Status.DISABLED, token_epoch=1)
    assert console.get("/console/applications").status == 303


def test_use_keeps_a_login_alive_until_its_maximum(world: World, console: Console) -> None:
    for _ in range(20):
        world.clock.sleep(30 * 60)
        assert console.get("/console/applications").status == 200
    world.clock.sleep(61 * 60)
    assert console.get("/console/applications").status == 303


def test_logging_out_ends_token_and_session_on_the_server(console: Console) -> None:
    before = dict(console.cookies)
    form = next(one for one in console.page.forms if one.action == "/console/logout")
    assert console.post("/console/logout", form.fields).status == 200
    assert "logged out" in console.page.text
    assert COOKIE not in console.cookies
    assert SESSION not in console.cookies
    console.cookies = before
    reply = console.get("/console/applications")
    assert reply.status == 303
    assert console.follow(reply).status == 200
    assert console.page.title.startswith("Log in")


def test_a_second_login_ends_the_first_token(console: Console) -> None:
    before = dict(console.cookies)
    assert console.get("/console/applications").status == 200
    console.arrive_at(console.get("/console/login"))
    console.arrive_at(console.log_in("admon"))
    assert console.cookies[COOKIE] != before[COOKIE]
    console.cookies.update(before)
    assert console.get("/console/applications").status == 303


class TestAttacks:
    """The console's client_id is known to everybody; only its own callback makes use of it."""

    def code(self, world: World, browser: Console, **changes: str) -> str:
        """A code of the console for the administrator, by a request of the attacker's making."""
        parameters = {**asked(world, browser), **changes}
        browser.get("/oauth2/server/authorize", **parameters)
        return answer_of(browser.follow(browser.log_in("admon")))["code"]

    @pytest.mark.parametrize("header", [{}, {"Authorization": "Basic Og=="}])
    def test_nobody_exchanges_its_code_over_http(
        self, world: World, header: dict[str, str]
    ) -> None:
        code = self.code(world, Console(world), code_challenge=CHALLENGE)
        form = {
            "grant_type": "authorization_code",
            "client_id": CONSOLE_CLIENT_ID,
            "code": code,
            "redirect_uri": world.settings.issuer + CALLBACK,
            "code_verifier": VERIFIER,
        }
        for more in ({}, {"client_secret": ""}, {"client_secret": "x"}, {"in_process": "1"}):
            reply = world.process.post_form(TOKEN, {**form, **more}, header)
            assert (reply.status, reply.body["error"]) == (401, "invalid_client")

    def test_nobody_gets_or_ends_anything_as_it(self, world: World, console: Console) -> None:
        token = console.cookies[COOKIE]
        for path, form in (
            (TOKEN, {"grant_type": "authorization_code", "code": token}),
            (TOKEN, {"grant_type": "client_credentials"}),
            ("/oauth2/server/introspect", {"token": token}),
            ("/oauth2/server/revoke", {"token": token}),
        ):
            reply = world.process.post_form(path, {**form, "client_id": CONSOLE_CLIENT_ID})
            assert reply.status in (400, 401)
            assert reply.body["error"] in ("invalid_client", "invalid_grant")
        assert console.get("/console/applications").status == 200

    @pytest.mark.checklist("16")
    def test_a_code_of_another_browser_is_not_taken(self, world: World) -> None:
        """Login CSRF: the attacker's own code in the victim's browser."""
        attacker, victim = Console(world), Console(world)
        attackers = asked(world, attacker)
        attacker.get("/oauth2/server/authorize", **attackers)
        answer = answer_of(attacker.follow(attacker.log_in("admon")))
        victim.get("/console")
        assert victim.get(CALLBACK, **answer).status == 400
        assert COOKIE not in victim.cookies
        # With the state of the victim's own attempt its verifier still does not fit.
        own = asked(world, victim)
        assert victim.get(CALLBACK, **{**answer, "state": own["state"]}).status == 400
        assert COOKIE not in victim.cookies

    @pytest.mark.parametrize(
        "change", [{"state": "x"}, {"iss": "https://evil.example"}, {"code": "glc_x"}, {"code": ""}]
    )
    def test_an_answer_that_is_not_whole_opens_nothing(
        self, world: World, change: dict[str, str]
    ) -> None:
        browser = Console(world)
        browser.get("/oauth2/server/authorize", **asked(world, browser))
        answer = answer_of(browser.follow(browser.log_in("admon")))
        assert browser.get(CALLBACK, **{**answer, **change}).status == 400
        assert COOKIE not in browser.cookies

    def test_a_callback_without_an_attempt_is_refused(self, world: World) -> None:
        browser = Console(world)
        assert browser.get(CALLBACK, code="x", state="y").status == 400
        assert browser.get(CALLBACK).status == 400

    @pytest.mark.checklist("1")
    @pytest.mark.parametrize("uri", ["https://evil.example/", "http://127.0.0.1/", "{issuer}/x"])
    def test_no_other_redirect_uri_is_taken(self, world: World, uri: str) -> None:
        browser = Console(world)
        uri = uri.format(issuer=world.settings.issuer)
        parameters: dict[str, Any] = {**asked(world, browser), "redirect_uri": uri}
        assert browser.get("/oauth2/server/authorize", **parameters).status == 400

    def test_a_token_of_another_application_is_no_way_in(self, world: World) -> None:
        account = world.stores.users.find("domain", "admon")
        assert account is not None
        client = world.add_client(
            user_id=account.user.user_id, allowed_scopes=frozenset({"admin", "api"})
        )
        token = world.process.get_token(client).token
        browser = Console(world)
        for value in (token, client.secret, "nonsense", "x" * 5000, ""):
            browser.cookies[COOKIE] = value
            assert browser.get("/console/applications").status == 303
