"""Sessions that end while a person is looking at a page."""

from playwright.sync_api import Browser, expect

from tests.browser.deployment import Deployment
from tests.browser.pages import visiting
from tests.flows.clients import Administrator
from tests.flows.server import Server


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
        expect(visit.page.locator("#allow")).to_be_visible()
        visit.page.context.clear_cookies()
        visit.decide("allow")
        expect(visit.page.locator("#retry")).to_be_visible()
        visit.assert_accessible()
        visit.keep("out-of-date")
        visit.page.click("#retry")
        expect(visit.page.locator("#password")).to_be_visible()
