"""Sessions that end while a person is looking at a page."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import CLIENT, visiting
from tests.flows.clients import Administrator
from tests.flows.server import Server
from tests.harness import Client, World
from tests.pages.browser import PASSWORD, add_person, add_web_client
from tests.served import serving


class Deployment:
    """A served world: its clock is the test's to turn."""

    def __init__(self, world: World, client: Client) -> None:
        self.world = world
        self.issuer = world.settings.issuer
        web = {"client_id": client.client_id, "redirect_uri": f"{CLIENT}/callback"}
        user = {"user_name": "jdoe", "user_domain": "domain", "password": PASSWORD}
        self.credentials: dict[str, Any] = {
            "user": user,
            "applications": {"authorization_code": web},
        }

    def url(self, path: str) -> str:
        return self.issuer + path


@pytest.fixture(name="deployment")
def deployment_fixture() -> Iterator[Deployment]:
    def prepare(world: World) -> None:
        add_person(world)

    with serving("127.0.0.1", prepare) as world:
        client = add_web_client(world, allowed_scopes=frozenset({"api", "login"}))
        yield Deployment(world, client)


def test_a_session_that_is_over_asks_for_the_login_again(
    browser: Browser, deployment: Deployment
) -> None:
    clock, settings = deployment.world.clock, deployment.world.settings
    with visiting(browser, deployment) as visit:
        visit.authorize()
        visit.log_in()
        expect(visit.page.locator("#allow")).to_be_visible()
        clock.sleep(settings.session_idle_minutes * 60 + 1)
        visit.decide("allow")
        expect(visit.page.locator("#password")).to_be_visible()
        visit.keep("session-over")
        visit.log_in()
        visit.decide("allow")
        assert visit.answer["code"].startswith("glc_")
        visit.authorize(prompt="none")
        assert "code" in visit.answer
        clock.sleep(settings.session_idle_minutes * 60 + 1)
        visit.authorize(prompt="none")
        assert visit.answer["error"] == "login_required"


def test_a_login_page_left_open_overnight_still_works(
    browser: Browser, deployment: Deployment
) -> None:
    with visiting(browser, deployment) as visit:
        visit.authorize()
        deployment.world.clock.sleep(16 * 3600)
        visit.log_in()
        expect(visit.page.locator("#allow")).to_be_visible()


def test_a_session_that_an_administrator_ends_is_over(browser: Browser, server: Server) -> None:
    administrator = Administrator(server)
    name = server.credentials["user"]["user_name"]
    user = administrator.send("GET", f"/users?search={name}").json()["items"][0]
    with visiting(browser, server) as visit:
        visit.authorize(prompt="consent")
        visit.log_in()
        expect(visit.page.locator("#allow")).to_be_visible()
        ended = administrator.send("DELETE", f"/users/{user['id']}/sessions")
        assert ended.status_code == 204, ended.text
        visit.decide("allow")
        expect(visit.page.locator("#password")).to_be_visible()


def test_a_form_without_its_cookies_is_out_of_date(browser: Browser, server: Server) -> None:
    with visiting(browser, server) as visit:
        visit.authorize(prompt="consent")
        visit.log_in()
        visit.page.context.clear_cookies()
        visit.decide("allow")
        expect(visit.page.locator("#retry")).to_be_visible()
        visit.assert_accessible()
        visit.keep("out-of-date")
        visit.page.click("#retry")
        expect(visit.page.locator("#password")).to_be_visible()
