"""A person's own account in Chromium: read, used with and without a script."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.deployment import Deployment
from tests.browser.pages import LOOKS, Visit, visiting

NEW = "another horse battery"


def change_password(visit: Visit, old: str, new: str, repeated: str | None = None) -> None:
    visit.page.fill("[name=password]", old)
    visit.page.fill("[name=new_password]", new)
    visit.page.fill("[name=repeat_password]", new if repeated is None else repeated)
    visit.page.click("#change")


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_of_an_account_can_be_read_and_used(
    browser: Browser, deployment: Deployment, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    name, old = request.node.callspec.id, deployment.credentials["user"]["password"]
    with visiting(browser, deployment) as other:
        other.authorize(scope="openid profile api")
        other.log_in()
        # The consent page of somebody with a session.
        other.assert_accessible()
        other.decide("allow")
        assert "code" in other.answer
        with visiting(browser, deployment, **look) as visit:
            visit.page.goto(deployment.url("/login"))
            visit.log_in()
            expect(visit.page.locator("#account")).to_be_visible()
            visit.assert_accessible()
            visit.keep(f"logged-in-{name}")
            visit.page.click("#account")
            expect(visit.page.locator("#session_2")).to_be_visible()
            expect(visit.page.locator("#consent_1")).to_be_visible()
            visit.assert_accessible()
            visit.assert_fits()
            visit.keep(f"account-{name}")
            visit.page.click("#change_password")
            visit.assert_accessible()
            visit.assert_fits()
            visit.keep(f"password-{name}")
            change_password(visit, old, "password1", "other")
            expect(visit.page.locator("#new_password_error")).to_be_visible()
            expect(visit.page.locator("#new_password")).to_be_focused()
            visit.assert_accessible()
            visit.keep(f"password-refused-{name}")
            change_password(visit, old, NEW)
            expect(visit.page.get_by_role("status")).to_be_visible()
            expect(visit.page.locator("#session_1")).to_be_visible()
            expect(visit.page.locator("#session_2")).to_have_count(0)
            visit.assert_accessible()
            visit.keep(f"account-changed-{name}")
        other.authorize(prompt="none")
        assert other.answer["error"] == "login_required"


def test_an_account_needs_no_script(browser: Browser, deployment: Deployment) -> None:
    with (
        visiting(browser, deployment) as other,
        visiting(browser, deployment, java_script_enabled=False) as visit,
    ):
        other.authorize(scope="api")
        other.log_in()
        other.decide("allow")
        assert "code" in other.answer
        visit.page.goto(deployment.url("/account"))
        visit.log_in(password="wrong")
        expect(visit.page.get_by_role("alert")).to_be_visible()
        visit.log_in()
        visit.page.click("#end_others")
        expect(visit.page.get_by_role("status")).to_be_visible()
        visit.page.click("text=Withdraw")
        expect(visit.page.locator("#consent_1")).to_have_count(0)
        visit.page.click("#change_password")
        change_password(visit, "wrong", NEW)
        expect(visit.page.locator("#password_error")).to_be_visible()
        change_password(visit, deployment.credentials["user"]["password"], NEW)
        expect(visit.page.locator("#notice")).to_be_visible()
        visit.page.click("#log_out")
        visit.page.click("#log_out")
        expect(visit.page.locator("#log_in_again")).to_be_visible()
        other.page.goto(deployment.url("/account"))
        expect(other.page.locator("#password")).to_be_visible()


def test_the_keyboard_is_enough(browser: Browser, deployment: Deployment) -> None:
    old = deployment.credentials["user"]["password"]
    with visiting(browser, deployment) as visit:
        visit.page.goto(deployment.url("/account/password"))
        visit.log_in()
        keyboard = visit.page.keyboard
        expect(visit.page.locator("#password")).to_be_focused()
        for typed in (old, NEW, NEW):
            keyboard.type(typed)
            keyboard.press("Tab")
        keyboard.press("Enter")
        expect(visit.page.get_by_role("status")).to_be_visible()
