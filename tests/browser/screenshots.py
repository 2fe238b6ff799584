"""`make screenshots`: the console's screens, light and dark, as `docs/screenshots` keeps them."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from chalicelib.oauth.model import GrantType, LifeCycle, LifeCycleType, Status
from tests.browser.conftest import ARGUMENTS
from tests.browser.furnishing import add_figures, add_people, end_soon, let_in, use
from tests.console.administrators import ADMINISTRATOR, set_up
from tests.console.forms import pem
from tests.harness import Client, World
from tests.pages.browser import add_person, add_web_client
from tests.served import serving

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
WINDOW = {"width": 1280, "height": 800}
MAXIMUM_BYTES = 160_000

Walk = Callable[[Page, str], object]


def _register(page: Page, issuer: str) -> None:
    page.goto(f"{issuer}/console/register")
    page.fill("#name", "Warehouse robot")
    page.check("#grant_type_client_credentials")
    page.check("#scope_api")
    page.fill("#user_name", "jdoe")
    page.fill("#user_domain", "domain")


def _form(page: Page, issuer: str) -> None:
    _register(page, issuer)
    page.evaluate("scrollTo(0, 0)")


def _errors(page: Page, issuer: str) -> None:
    _register(page, issuer)
    page.fill("#name", "")
    page.fill("#website", "ftp://warehouse.example")
    page.click("#save")


def _application(page: Page, issuer: str) -> None:
    page.goto(f"{issuer}/console/applications?search=Entra")
    page.click("tbody th a")


def _registered(page: Page, issuer: str) -> None:
    _register(page, issuer)
    # A form in each colour scheme; names are taken once.
    page.fill("#name", f"Warehouse robot {page.evaluate('Date.now()') % 1000}")
    page.click("#save")


def _new_secret(page: Page, issuer: str) -> None:
    _registered(page, issuer)
    page.click("#to_application")
    page.click("#rotate")


def _disable(page: Page, issuer: str) -> None:
    _application(page, issuer)
    page.click("#disable")


def _edit(page: Page, issuer: str) -> None:
    _application(page, issuer)
    page.click("#edit")


def _certificate(page: Page, issuer: str) -> None:
    page.goto(f"{issuer}/console/register")
    page.fill("#name", "Report gateway")
    page.check("#grant_type_client_certificate")
    page.fill("#user_name", "jdoe")
    page.fill("#user_domain", "domain")
    page.fill("#certificate", pem("Report gateway"))
    page.locator("#certificate").blur()
    page.wait_for_selector("#certificate_preview dl")
    page.locator("#certificate_preview").scroll_into_view_if_needed()


def _delete(page: Page, issuer: str) -> None:
    page.goto(f"{issuer}/console/applications?search=Old")
    page.click("tbody th a")
    page.click("#delete")


def _edit_user(page: Page, issuer: str) -> None:
    _user(page, issuer)
    page.click("#edit")


def _consent(page: Page, issuer: str) -> None:
    _user(page, issuer)
    page.get_by_role("link", name="Withdraw").click()


def _stranger(page: Page, issuer: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{issuer}/console")
    _log_in(page, {**ADMINISTRATOR, "user_name": "jdoe"})


def _log_in(page: Page, person: Mapping[str, str]) -> None:
    for name, typed in person.items():
        page.fill(f"[name={name}]", typed)
    page.click("#log_in")


def _trial(page: Page, issuer: str) -> None:
    _application(page, issuer)
    page.click("#get_trial")


def _user(page: Page, issuer: str) -> None:
    page.goto(f"{issuer}/console/users?search=jdoe")
    page.click("tbody th a")


def _password(page: Page, issuer: str) -> None:
    _user(page, issuer)
    page.click("#set_password")
    page.fill("#password", "password1")
    page.fill("#repeat_password", "password2")
    page.click("#save")


def _disable_user(page: Page, issuer: str) -> None:
    _user(page, issuer)
    page.click("#disable")


SCREENS: dict[str, Walk] = {
    "overview": lambda page, issuer: page.goto(f"{issuer}/console"),
    "applications": lambda page, issuer: page.goto(f"{issuer}/console/applications"),
    "register": _form,
    "register-errors": _errors,
    "registered": _registered,
    "application": _application,
    "trial-token": _trial,
    "confirm": _disable,
    "users": lambda page, issuer: page.goto(f"{issuer}/console/users"),
    "user": _user,
    "user-new": lambda page, issuer: page.goto(f"{issuer}/console/users/new"),
    "user-password": _password,
    "user-disable": _disable_user,
    "domains": lambda page, issuer: page.goto(f"{issuer}/console/domains"),
    "ends": lambda page, issuer: page.goto(f"{issuer}/console/ends"),
    "keys": lambda page, issuer: page.goto(f"{issuer}/console/keys"),
    "keys-rotate": lambda page, issuer: page.goto(f"{issuer}/console/keys/rotate"),
    "audit": lambda page, issuer: page.goto(f"{issuer}/console/audit"),
    "endpoints": lambda page, issuer: page.goto(f"{issuer}/console/endpoints"),
    "application-edit": _edit,
    "application-delete": _delete,
    "register-certificate": _certificate,
    "new-secret": _new_secret,
    "user-edit": _edit_user,
    "user-consent": _consent,
    # The last, as it logs out.
    "not-administrator": _stranger,
}


def populate(world: World) -> None:
    """Applications of every kind, as a small company has them, and its people."""
    set_up(world)
    user = add_person(world)
    add_people(world)
    made: dict[str, Client] = {}
    account = world.stores.users.find("domain", "admon")
    administrator = None if account is None else account.user.user_id
    hour, sliding = 3600, LifeCycleType.SLIDING
    for name, kind, fields in (
        ("Entra ID provisioning", GrantType.BEARER_TOKEN, {"scopes": {"user_sync"}, "hours": None}),
        ("Invoice robot", GrantType.CLIENT_CREDENTIALS, {"scopes": {"rpa"}, "admin": True}),
        ("Payroll export", GrantType.CLIENT_CREDENTIALS, {"scopes": {"api", "odata_query"}}),
        ("Power BI reports", GrantType.CLIENT_CREDENTIALS, {"scopes": {"odata_query"}}),
        ("Old intranet", GrantType.CLIENT_CREDENTIALS, {"scopes": {"api"}, "off": True}),
    ):
        endless = "hours" in fields
        machine = kind is GrantType.CLIENT_CREDENTIALS
        made[name] = world.add_client(
            kind,
            name=name,
            user_id=(administrator if "admin" in fields else user.user_id) if machine else None,
            allowed_scopes=frozenset(fields["scopes"]),
            life_cycle=(
                LifeCycle(LifeCycleType.ABSOLUTE, None)
                if endless
                else LifeCycle(sliding, hour, 90 * 86_400)
            ),
            status=Status.DISABLED if "off" in fields else Status.ENABLED,
        )
    shop = add_web_client(world, name="Field service", allowed_scopes=frozenset({"api", "login"}))
    let_in(world, user, shop)
    made["Payroll export"] = end_soon(world, made["Payroll export"], 4.5, used_ago=5_400)
    made["Power BI reports"] = end_soon(world, made["Power BI reports"], 19.5, used_ago=60)
    use(world, made["Power BI reports"], made["Payroll export"], shop, made["Invoice robot"])
    add_figures(world)


def main() -> int:
    """Take them all. The exit status: 1 without Chromium, or when one is too heavy."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        sys.stderr.write("No Chromium is installed.\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    heavy = []
    with serving("127.0.0.1", populate) as world, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        issuer = world.settings.issuer
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=WINDOW, color_scheme=scheme)
            page.goto(f"{issuer}/console")
            _log_in(page, ADMINISTRATOR)
            page.wait_for_selector("#content")
            for name, walk in SCREENS.items():
                walk(page, issuer)
                # A click returns before the page that it leads to is there.
                page.wait_for_load_state("networkidle")
                file = FOLDER / f"{name}-{scheme}.png"
                page.screenshot(path=file)
                if file.stat().st_size > MAXIMUM_BYTES:
                    heavy.append(file.name)
        browser.close()
    sys.stderr.writelines(f"{name} is over {MAXIMUM_BYTES} bytes\n" for name in heavy)
    return 1 if heavy else 0


if __name__ == "__main__":
    sys.exit(main())
