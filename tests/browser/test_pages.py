"""People in Chromium: login, consent, each redirect strategy, logout."""

from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.browser.pages import CLIENT, LOOKS, PHONE, visiting
from tests.flows.server import Server


@pytest.mark.parametrize("look", LOOKS)
def test_login_and_consent_can_be_read_and_used(
    browser: Browser, server: Server, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    with visiting(browser, server, **look) as visit:
        visit.authorize(prompt="consent")
        expect(visit.page.locator("h1")).to_have_count(1)
        visit.assert_accessible()
        visit.assert_fits()
        visit.keep(f"login-{name}")
        visit.log_in(password="wrong")
        expect(visit.page.get_by_role("alert")).to_be_visible()
        visit.assert_accessible()
        visit.keep(f"login-refused-{name}")
        visit.log_in()
        visit.assert_accessible()
        visit.assert_fits()
        visit.keep(f"consent-{name}")
        visit.decide("allow")
        assert visit.answer["code"].startswith("glc_")


def test_everything_works_without_javascript(browser: Browser, server: Server) -> None:
    with visiting(browser, server, java_script_enabled=False) as visit:
        visit.authorize(prompt="consent")
        visit.log_in(password="wrong")
        expect(visit.page.get_by_role("alert")).to_be_visible()
        visit.log_in()
        visit.decide("allow")
        assert visit.answer["state"] == "state-1"
        visit.authorize(prompt="consent", response_mode="form_post")
        visit.decide("allow")
        visit.page.click("#continue")
        visit.page.wait_for_url(f"{CLIENT}/**")
        visit.page.goto(server.url("/oauth2/server/logout"))
        visit.page.click("#log_out")
        expect(visit.page.locator("#log_in_again")).to_be_visible()
        visit.authorize(prompt="none")
        assert visit.answer["error"] == "login_required"


def test_a_person_may_say_no(browser: Browser, server: Server) -> None:
    with visiting(browser, server) as visit:
        visit.authorize(prompt="consent")
        visit.log_in()
        visit.decide("deny")
        assert visit.answer["error"] == "access_denied"


def test_the_keyboard_is_enough(browser: Browser, server: Server) -> None:
    with visiting(browser, server) as visit:
        visit.authorize("public", redirect_uri="http://127.0.0.1:9/", prompt="consent")
        person, keyboard = server.credentials["user"], visit.page.keyboard
        visit.page.focus("[name=user_name]")
        for name in ("user_name", "user_domain", "password"):
            keyboard.type(person[name])
            keyboard.press("Tab")
        keyboard.press("Enter")
        expect(visit.page.locator("#deny")).to_be_visible()
        reached = []
        while "deny" not in reached:
            keyboard.press("Tab")
            reached.append(visit.page.evaluate("document.activeElement.id"))
            assert len(reached) < 10, reached
        # The buttons come in the order in which they are read, and the focus can be seen.
        assert reached[-2:] == ["allow", "deny"]
        ring = "getComputedStyle(document.activeElement).outlineStyle"
        assert visit.page.evaluate(ring) == "solid"
        with visit.page.expect_request("http://127.0.0.1:9/?*") as answered:
            keyboard.press("Enter")
        assert "error=access_denied" in answered.value.url


def test_a_second_visit_asks_nothing(browser: Browser, server: Server) -> None:
    with visiting(browser, server) as visit:
        visit.authorize(prompt="consent")
        visit.log_in()
        visit.decide("allow")
        first = visit.answer["code"]
        visit.authorize()
        assert visit.answer["code"] != first


def test_form_post_is_sent_by_a_script_of_ours(browser: Browser, server: Server) -> None:
    posted: list[str] = []
    with visiting(browser, server) as visit:
        visit.page.on(
            "request",
            lambda request: (
                posted.append(request.post_data or "") if request.url.startswith(CLIENT) else None
            ),
        )
        visit.authorize(prompt="consent", response_mode="form_post")
        visit.log_in()
        visit.decide("allow")
        visit.page.wait_for_url(f"{CLIENT}/**")
    fields = parse_qs(posted[0])
    assert fields["state"] == ["state-1"]
    assert fields["iss"] == [server.issuer]


@pytest.mark.parametrize("look", LOOKS)
def test_the_form_that_waits_for_its_script_can_be_read_and_used(
    browser: Browser, server: Server, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    with visiting(browser, server, **look) as visit:
        visit.page.route("**/static/submit.*", lambda route: route.abort())
        visit.authorize(prompt="consent", response_mode="form_post")
        visit.log_in()
        visit.decide("allow")
        expect(visit.page.locator("#continue")).to_be_visible()
        visit.assert_accessible()
        visit.assert_fits()
        visit.keep(f"form-post-{request.node.callspec.id}")
        visit.page.click("#continue")
        visit.page.wait_for_url(f"{CLIENT}/**")


def test_the_title_bar_holds_code_and_state_alone(browser: Browser, server: Server) -> None:
    client_id = _register_title_bar(server)
    uri = "bz:oauth:2.0:server:mobiletitlebarbrowser"
    with visiting(browser, server, viewport=PHONE) as visit:
        visit.authorize(client_id=client_id, redirect_uri=uri)
        visit.log_in()
        visit.decide("allow")
        expect(visit.page.locator("h1")).to_be_visible()
        title = parse_qs(visit.page.title())
        assert set(title) == {"code", "state"}
        assert title["state"] == ["state-1"]
        visit.assert_accessible()
        visit.keep("title-bar")
        visit.authorize(client_id=client_id, redirect_uri=uri)
        visit.decide("deny")
        expect(visit.page.locator("h1")).to_be_visible()
        title = parse_qs(visit.page.title())
        assert title == {"error": ["access_denied"], "state": ["state-1"]}
        visit.assert_accessible()
        visit.keep("title-bar-denied")


@pytest.mark.parametrize("look", LOOKS)
def test_an_unknown_redirect_uri_stays_on_our_page(
    browser: Browser, server: Server, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    with visiting(browser, server, **look) as visit:
        visit.authorize(redirect_uri="https://evil.example/callback")
        assert visit.page.url.startswith(server.issuer)
        expect(visit.page.locator("h1")).to_be_visible()
        visit.assert_accessible()
        visit.assert_fits()
        visit.keep(f"error-{request.node.callspec.id}")


@pytest.mark.parametrize("look", LOOKS)
def test_logging_out_ends_the_session(
    browser: Browser, server: Server, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    with visiting(browser, server, **look) as visit:
        visit.authorize(prompt="consent")
        visit.log_in()
        visit.decide("allow")
        assert "code" in visit.answer
        visit.page.goto(server.url("/oauth2/server/logout"))
        visit.assert_accessible()
        visit.assert_fits()
        visit.keep(f"logout-{request.node.callspec.id}")
        visit.page.click("#log_out")
        expect(visit.page.locator("h1")).to_be_visible()
        visit.assert_accessible()
        visit.assert_fits()
        visit.keep(f"logged-out-{request.node.callspec.id}")
        visit.authorize(prompt="none")
        assert visit.answer["error"] == "login_required"


def _register_title_bar(server: Server) -> str:
    admin = server.credentials["admin_application"]
    token = requests.post(
        server.url("/oauth2/server/token"),
        data={"grant_type": "client_credentials", "scope": "admin"},
        auth=(admin["client_id"], admin["client_secret"]),
        timeout=10,
    ).json()["access_token"]
    body = {
        "name": "Title bar",
        "grant_type": "authorization_code",
        "allowed_scopes": ["api", "login"],
        "redirect_strategy": "mobile_title_bar_browser",
    }
    created = requests.post(
        server.url("/admin/applications"),
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert created.status_code == 201, created.text
    client_id: str = created.json()["client_id"]
    return client_id
