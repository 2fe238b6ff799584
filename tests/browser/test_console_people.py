"""The console's users, overview, keys and audit trail in Chromium, with scripts and without."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.furnishing import actor_of, add_figures, add_people, end_soon, let_in
from tests.browser.pages import LOOKS, PLAIN_LOOKS, Visit, visiting
from tests.console.administrators import ADMINISTRATOR, set_up
from tests.harness import World
from tests.pages.browser import PASSWORD, add_person, add_web_client
from tests.served import serving


class Deployment:
    """A served world with what the screens have to show."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.issuer = world.settings.issuer
        self.credentials: dict[str, Any] = {"user": ADMINISTRATOR, "applications": {}}
        account = world.stores.users.find("domain", "jdoe")
        assert account is not None
        self.person = f"/console/users/{account.user.user_id}"
        (self.application,) = world.stores.consents.load(account.user.user_id).consents

    def url(self, path: str) -> str:
        return self.issuer + path


def furnish(world: World) -> None:
    """People, figures of some days, and secrets that end."""
    set_up(world)
    user = add_person(world)
    add_people(world)
    web = add_web_client(world, name="Field service", allowed_scopes=frozenset({"api", "login"}))
    let_in(world, user, web)
    for place, name in enumerate(("Payroll export", "Warehouse reports")):
        client = world.add_client(name=name, user_id=user.user_id)
        end_soon(world, client, 4.5 + 9 * place, used_ago=90)
    # The longest name there can be, with nowhere to break it.
    world.add_client(name="W" * 100, user_id=actor_of(world).user_id)
    add_figures(world)


@pytest.fixture(name="furnished")
def furnished_fixture() -> Iterator[Deployment]:
    with serving("127.0.0.1", furnish) as world:
        yield Deployment(world)


@contextmanager
def at_console(browser: Browser, furnished: Deployment, **context: Any) -> Iterator[Visit]:
    """An administrator who has just logged in."""
    with visiting(browser, furnished, **context) as visit:
        visit.page.goto(furnished.url("/console"))
        visit.log_in()
        expect(visit.page.locator("#log_out")).to_be_visible()
        yield visit


@pytest.mark.parametrize("look", [*LOOKS, *PLAIN_LOOKS])
def test_every_screen_can_be_read(
    browser: Browser, furnished: Deployment, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    screens = {
        "overview": "/console",
        "long-names": "/console/applications",
        "ends": "/console/ends",
        "users": "/console/users",
        "no-users": "/console/users?search=nobody",
        "disabled-users": "/console/users?status=disabled",
        "domains": "/console/domains",
        "user": furnished.person,
        "user-new": "/console/users/new",
        "user-edit": f"{furnished.person}/edit",
        "user-password": f"{furnished.person}/password",
        "user-disable": f"{furnished.person}/disable",
        "user-sessions": f"{furnished.person}/sessions/end",
        "user-consent": f"{furnished.person}/consents/{furnished.application}",
        "deleted-users": "/console/users?status=deleted",
        "keys": "/console/keys",
        "keys-rotate": "/console/keys/rotate",
        "audit": "/console/audit",
        "audit-wrong": "/console/audit?target=domain%5Cnobody",
    }
    with at_console(browser, furnished, **look) as visit:
        for name, path in screens.items():
            visit.page.goto(furnished.url(path))
            visit.assert_accessible()
            visit.assert_fits()
            visit.keep(f"console-{name}-{request.node.callspec.id}")
        visit.page.goto(furnished.url("/console"))
        visit.page.click("#numbers summary")
        visit.assert_accessible()
        visit.assert_fits()


@pytest.mark.parametrize("look", LOOKS)
def test_who_is_not_let_in_can_read_why(
    browser: Browser, furnished: Deployment, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    def look_at(name: str, control: str) -> None:
        expect(visit.page.locator(control)).to_be_visible()
        visit.assert_accessible()
        visit.assert_fits()
        visit.keep(f"console-{name}-{request.node.callspec.id}")

    with visiting(browser, furnished, **look) as visit:
        visit.page.goto(furnished.url("/console"))
        visit.log_in(user_name="jdoe")
        look_at("not-administrator", "#switch_user")
    with at_console(browser, furnished, **look) as visit:
        visit.page.goto(furnished.url("/console/users/new"))
        visit.page.context.clear_cookies()
        visit.page.click("#save")
        look_at("login-ended", "#log_in_again")
    with at_console(browser, furnished, **look) as visit:
        visit.page.click("#log_out")
        look_at("logged-out", "#log_in_again")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_user_is_looked_after(browser: Browser, furnished: Deployment, *, scripts: bool) -> None:
    with at_console(browser, furnished, java_script_enabled=scripts) as visit:
        page = visit.page
        page.click("#to_users")
        page.click("#create")
        page.fill("#user_name", "grace")
        page.fill("#password", "short")
        page.fill("#repeat_password", "shorter")
        page.click("#save")
        for name in ("user_domain", "password", "repeat_password"):
            expect(page.locator(f"#{name}_error")).to_be_visible()
        expect(page.locator("#user_name")).to_have_value("grace")
        expect(page.locator("#password")).to_have_value("")
        page.fill("#user_domain", "domain")
        page.check("#administrator")
        page.fill("#password", PASSWORD)
        page.fill("#repeat_password", PASSWORD)
        page.click("#save")
        expect(page.locator("#notice")).to_have_text("Created.")
        page.click("#edit")
        page.uncheck("#administrator")
        page.fill("#given_name", "Grace")
        page.click("#save")
        expect(page.get_by_role("status")).to_have_text("Saved.")
        page.click("#set_password")
        page.fill("#password", "password1")
        page.fill("#repeat_password", "password1")
        page.click("#save")
        expect(page.locator("#password_error")).to_be_visible()
        page.fill("#password", "another horse battery")
        page.fill("#repeat_password", "another horse battery")
        page.click("#save")
        expect(page.locator("#notice")).to_be_visible()
        page.click("#disable")
        page.click("#cancel")
        page.click("#disable")
        page.click("#confirm")
        expect(page.get_by_text("Disabled", exact=True)).to_be_visible()
        page.click("#enable")
        expect(page.locator("#disable")).to_be_visible()
        page.click("#audit")
        expect(page.get_by_role("rowheader")).to_have_count(5)


@pytest.mark.parametrize("scripts", [True, False])
def test_what_a_person_holds_is_ended(
    browser: Browser, furnished: Deployment, *, scripts: bool
) -> None:
    person = {"user_name": "jdoe", "user_domain": "domain", "password": PASSWORD}
    with (
        visiting(browser, furnished) as first,
        visiting(browser, furnished) as second,
        visiting(browser, furnished) as third,
        at_console(browser, furnished, java_script_enabled=scripts) as visit,
    ):
        everywhere = (first, second, third)
        for one in everywhere:
            one.page.goto(furnished.url("/account"))
            one.log_in(**person)
        visit.page.goto(furnished.url(furnished.person))
        expect(visit.page.locator("#session_5")).to_be_visible()
        visit.page.get_by_role("button", name="Log out").nth(1).click()
        expect(visit.page.locator("#session_5")).to_have_count(0)
        assert sum(map(_is_out, everywhere)) == 1
        visit.page.click("#end_sessions")
        visit.page.click("#confirm")
        expect(visit.page.locator("#no_sessions")).to_be_visible()
        assert all(map(_is_out, everywhere))


def _is_out(visit: Visit) -> bool:
    visit.page.goto(visit.server.url("/account"))
    return visit.page.locator("[name=password]").count() == 1


def test_the_overview_leads_to_what_it_tells(browser: Browser, furnished: Deployment) -> None:
    with at_console(browser, furnished) as visit:
        page = visit.page
        expect(page.get_by_role("img", name="Tokens issued a day")).to_be_visible()
        ending = page.get_by_role("link", name="Payroll export").first
        assert "/console/applications/app_" in (ending.get_attribute("href") or "")
        page.click("#to_all_changes")
        expect(page.locator("#export")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_audit_trail_is_filtered_and_exported(
    browser: Browser, furnished: Deployment, *, scripts: bool
) -> None:
    with at_console(browser, furnished, java_script_enabled=scripts) as visit:
        page = visit.page
        page.click("#to_audit")
        page.select_option("#action", "user.created")
        page.click("#apply")
        expect(page.get_by_role("rowheader")).to_have_count(6)
        with page.expect_download() as found:
            page.click("#export")
        assert found.value.suggested_filename.startswith("audit-")
        with found.value.path().open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["action"] for row in rows] == ["user.created"] * 6


@pytest.mark.parametrize("scripts", [True, False])
def test_keys_are_rotated(browser: Browser, furnished: Deployment, *, scripts: bool) -> None:
    with at_console(browser, furnished, java_script_enabled=scripts) as visit:
        page = visit.page
        page.click("#to_keys")
        page.click("#rotate")
        page.click("#confirm")
        expect(page.locator("#notice")).to_be_visible()
        expect(page.locator("#waiting")).to_be_visible()
        expect(page.get_by_role("rowheader")).to_have_count(4)


def test_the_keyboard_is_enough(browser: Browser, furnished: Deployment) -> None:
    with at_console(browser, furnished) as visit:
        keyboard = visit.page.keyboard
        visit.page.goto(furnished.url("/console/users"))
        keyboard.press("Tab")
        expect(visit.page.get_by_text("Skip to the content")).to_be_focused()
        keyboard.press("Enter")
        visit.page.focus("#search")
        keyboard.type("gwa")
        keyboard.press("Enter")
        expect(visit.page.get_by_role("rowheader")).to_have_count(1)
