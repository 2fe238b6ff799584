"""What the console warns of, with scripts and without."""

import pytest
from playwright.sync_api import Browser, expect

from chalicelib.oauth.ids import new_ulid
from tests.browser.test_console import at_console, fill
from tests.flows.server import Server


def test_the_form_warns_of_what_deserves_a_second_look(browser: Browser, server: Server) -> None:
    with at_console(browser, server) as visit:
        page = visit.page
        fill(visit, "client_credentials", "")
        lifetime, user = page.locator("#lifetime_note"), page.locator("#user_note")
        expect(lifetime).to_have_text("That is 1 hour.")
        page.fill("#token_lifetime_minutes", "129600")
        expect(lifetime).to_have_text("That is 90 days.")
        page.fill("#token_lifetime_minutes", "0")
        expect(lifetime).to_contain_text("never end")
        page.fill("#user_name", "Admon")
        expect(user).to_contain_text("administrator")
        page.click("#save")
        expect(page.locator("#name_error")).to_be_visible()
        expect(lifetime).to_contain_text("never end")
        expect(user).to_contain_text("administrator")
        visit.assert_accessible()
        page.fill("#name", f"Grave {new_ulid()}")
        page.click("#save")
        expect(page.locator("#warnings")).to_contain_text("acts as an administrator")


def test_a_form_without_a_network_says_so_and_stays(browser: Browser, server: Server) -> None:
    with at_console(browser, server) as visit:
        page = visit.page
        fill(visit, "client_certificate", "Offline")
        page.context.set_offline(True)
        page.fill("#certificate", "-----BEGIN CERTIFICATE-----")
        page.locator("#certificate").blur()
        expect(page.locator("#certificate_preview")).to_contain_text("cannot be read now")
        expect(page.locator("#name")).to_have_value("Offline")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_warning_of_the_list_opens_by_the_keyboard(
    browser: Browser, server: Server, *, scripts: bool
) -> None:
    with at_console(browser, server, java_script_enabled=scripts) as visit:
        page, name = visit.page, f"Static {new_ulid()}"
        fill(visit, "bearer_token", name)
        page.click("#save")
        page.goto(server.url(f"/console/applications?search={name}"))
        sentence = page.get_by_text("Its client secret is itself a bearer token")
        expect(sentence).to_be_hidden()
        page.get_by_role("link", name=name).focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(sentence).to_be_visible()
        visit.assert_fits()
        if scripts:
            visit.assert_accessible()
