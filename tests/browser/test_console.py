"""The console in Chromium: every screen, and every grant from the form to a token."""

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from chalicelib.local import certificate
from chalicelib.oauth.clock import SystemClock
from chalicelib.oauth.ids import new_ulid
from chalicelib.registry.built_in import CONSOLE_CLIENT_ID
from tests.browser.pages import LOOKS, PHONE, PLAIN_LOOKS, Visit, visiting
from tests.flows.server import Server

WITHOUT_SCRIPTS = {"java_script_enabled": False}


@contextmanager
def at_console(browser: Browser, server: Server, **context: Any) -> Iterator[Visit]:
    """An administrator who has just logged in."""
    with visiting(browser, server, **context) as visit:
        visit.page.goto(server.url("/console"))
        visit.log_in(**server.credentials["administrator"])
        expect(visit.page.locator("#content")).to_be_visible()
        visit.page.goto(server.url("/console/applications"))
        yield visit


def fill(visit: Visit, grant_type: str, name: str) -> None:
    """What every grant type asks for, typed as a person does."""
    page = visit.page
    page.goto(visit.server.url("/console/register"))
    page.fill("#name", name)
    page.check(f"#grant_type_{grant_type}")
    if grant_type != "client_certificate":
        page.check("#scope_api")
    if grant_type in ("client_credentials", "client_certificate", "all"):
        page.fill("#user_name", "jdoe")
        page.fill("#user_domain", "domain")
    if grant_type in ("authorization_code", "all"):
        page.check("#redirect_strategy_web_application")
        page.fill("#redirect_uris", "https://client.example/callback")


def run_snippet(visit: Visit, **environ: str) -> str:
    """The first shell snippet of the page as it stands, run; the access token that it printed."""
    text = visit.page.locator("#snippet_1").text_content() or ""
    ran = subprocess.run(  # noqa: S603 - what a reader would paste
        ["/bin/bash", "-c", text],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return str(json.loads(ran.stdout)["access_token"])


def whoami(server: Server, token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(server.url("/oauth2/server/whoami"), headers=headers, timeout=10)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def key_pair(folder: Path) -> tuple[Path, Path]:
    made = certificate.generate(f"Robot {new_ulid()}", SystemClock().now())
    key, cer = folder / "robot.key", folder / "robot.cer"
    key.write_bytes(made.private_key)
    cer.write_bytes(made.certificate)
    return key, cer


@pytest.mark.parametrize("look", [*LOOKS, *PLAIN_LOOKS])
def test_every_screen_can_be_read_and_used(
    browser: Browser, server: Server, look: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    def look_at(name: str) -> None:
        visit.assert_accessible()
        visit.assert_fits()
        visit.keep(f"console-{name}-{request.node.callspec.id}")

    with at_console(browser, server, **look) as visit:
        page = visit.page
        look_at("applications")
        page.goto(server.url("/console/applications?search=nothing-like-it"))
        look_at("none")
        page.goto(server.url("/console/endpoints"))
        look_at("endpoints")
        page.goto(server.url("/console/register"))
        look_at("register")
        page.click("#save")
        expect(page.locator("#errors")).to_be_visible()
        if look.get("our_scripts", True):
            expect(page.locator("#errors")).to_be_focused()
        look_at("errors")
        fill(visit, "all", f"Shop {new_ulid()}")
        page.click("#save")
        look_at("registered")
        page.click("#to_application")
        look_at("application")
        page.click("#get_trial")
        look_at("trial")
        page.click("#to_application")
        page.click("#edit")
        look_at("edit")
        page.click("#cancel")
        page.click("#disable")
        look_at("confirm")
        page.goto(server.url("/console/applications/app_nothing"))
        look_at("refusal")


@pytest.mark.parametrize("look", LOOKS)
def test_every_question_and_credential_can_be_read(
    browser: Browser,
    server: Server,
    look: dict[str, Any],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    def look_at(name: str, control: str) -> None:
        expect(page.locator(control)).to_be_visible()
        visit.assert_accessible()
        visit.assert_fits()
        visit.keep(f"console-{name}-{request.node.callspec.id}")

    _, cer = key_pair(tmp_path)
    with at_console(browser, server, **look) as visit:
        page = visit.page
        fill(visit, "client_certificate", f"Read {new_ulid()}")
        page.set_input_files("#certificate_file", cer)
        expect(page.locator("#certificate_preview")).to_contain_text("CN=Robot")
        look_at("preview", "#save")
        page.click("#save")
        look_at("registered-certificate", "#to_application")
        page.click("#to_application")
        look_at("certificate", "#download_certificate")
        page.get_by_text("Replace it").click()
        page.fill("#certificate", "nonsense")
        page.click("#replace")
        look_at("certificate-refused", "#certificate_error")
        name = f"Read {new_ulid()}"
        fill(visit, "client_credentials", name)
        page.click("#save")
        page.click("#to_application")
        page.click("#rotate")
        look_at("new-secret", "#client_secret")
        page.click("#to_application")
        for link, below in ("revoke", "revoke-tokens"), ("disable", "disable"):
            page.click(f"#{link}")
            look_at(below, "#confirm")
            page.click("#cancel")
        page.get_by_role("link", name="Cut now").first.click()
        look_at("cut", "#confirm")
        page.click("#cancel")
        page.click("#disable")
        page.click("#confirm")
        look_at("disabled", "#notice")
        page.click("#delete")
        look_at("delete", "#typed")
        page.fill("#typed", "another")
        page.click("#confirm")
        look_at("delete-refused", "#typed_error")
        page.goto(server.url(f"/console/applications/{CONSOLE_CLIENT_ID}"))
        look_at("built-in", "#edit")
        page.click("#edit")
        look_at("built-in-edit", "#save")


@pytest.mark.parametrize("grant_type", ["client_credentials", "bearer_token", "all"])
def test_an_application_with_a_secret_gets_a_token_by_its_snippet(
    browser: Browser, server: Server, grant_type: str
) -> None:
    with at_console(browser, server) as visit:
        fill(visit, grant_type, f"My {grant_type} {new_ulid()}")
        visit.page.click("#save")
        secret = visit.page.locator("#client_secret").text_content() or ""
        client_id = visit.page.locator("#client_id").text_content()
        token = run_snippet(visit, GRANTLINE_CLIENT_SECRET=secret)
    assert whoami(server, token)["client_id"] == client_id


def test_a_certificate_is_previewed_and_signs_for_a_token(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    key, cer = key_pair(tmp_path)
    with at_console(browser, server) as visit:
        page = visit.page
        fill(visit, "client_certificate", f"My certificate {new_ulid()}")
        expect(page.locator("#scope_api")).to_be_hidden()
        page.set_input_files("#certificate_file", cer)
        expect(page.locator("#certificate_preview")).to_contain_text("CN=Robot")
        expect(page.locator("#certificate_preview")).to_contain_text("days left")
        page.click("#save")
        expect(page.locator("#snippet_1")).to_be_visible()
        expect(page.locator("#client_secret")).to_have_count(0)
        token = run_snippet(visit, GRANTLINE_PRIVATE_KEY_FILE=str(key))
        page.click("#to_application")
        with page.expect_download() as download:
            page.click("#download_certificate")
        assert download.value.path().read_bytes() == cer.read_bytes()
    assert whoami(server, token)["scope"] == "odata_query"


def test_a_person_logs_in_to_what_was_registered(browser: Browser, server: Server) -> None:
    with at_console(browser, server) as visit:
        fill(visit, "authorization_code", f"My login {new_ulid()}")
        visit.page.check("#scope_login")
        visit.page.click("#save")
        pair = [
            visit.page.locator(one).text_content() or "" for one in ("#client_id", "#client_secret")
        ]
        assert pair[0] in (visit.page.locator("#snippet_1").text_content() or "")
    applications = server.credentials["applications"]
    one = {"client_id": pair[0], "redirect_uri": "https://client.example/callback"}
    applications["mine"] = one
    try:
        with visiting(browser, server) as visit:
            visit.authorize("mine")
            visit.log_in()
            visit.decide("allow")
            code = visit.answer["code"]
    finally:
        del applications["mine"]
    basic = b64encode(":".join(pair).encode()).decode()
    answer = requests.post(
        server.url("/oauth2/server/token"),
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": one["redirect_uri"],
            "code_verifier": "v" * 64,
        },
        headers={"Authorization": f"Basic {basic}"},
        timeout=10,
    )
    assert whoami(server, answer.json()["access_token"])["user_name"] == "jdoe"


def test_fields_appear_as_they_are_asked_for(browser: Browser, server: Server) -> None:
    asked = {
        "authorization_code": {"#redirect_uris", "#localhost_port", "#scope_api"}
        - {"#localhost_port"},
        "client_certificate": {"#user_name", "#certificate_file"},
        "client_credentials": {"#user_name", "#scope_api"},
        "bearer_token": {"#scope_api"},
        "all": {"#user_name", "#redirect_uris", "#scope_api"},
    }
    every = {"#user_name", "#redirect_uris", "#certificate_file", "#scope_api"}
    with at_console(browser, server) as visit:
        page = visit.page
        page.goto(server.url("/console/register"))
        page.evaluate("document.getElementById('redirect_strategy_web_application').checked = true")
        for grant_type, shown in asked.items():
            page.check(f"#grant_type_{grant_type}")
            for control in every:
                expect(page.locator(control), f"{grant_type}: {control}").to_be_visible(
                    visible=control in shown
                )
        page.check("#redirect_strategy_mobile_localhost_port")
        expect(page.locator("#localhost_port")).to_be_visible()
        expect(page.locator("#redirect_uris")).to_be_hidden()
        expect(page.locator("#maximum_lifetime_minutes")).to_be_hidden()
        page.check("#life_cycle_type_sliding")
        expect(page.locator("#maximum_lifetime_minutes")).to_be_visible()
        expect(page.locator("#post_logout_redirect_uris")).to_be_hidden()
        page.check("#scope_login")
        expect(page.locator("#post_logout_redirect_uris")).to_be_visible()


def test_users_are_suggested_while_one_types(browser: Browser, server: Server) -> None:
    with at_console(browser, server) as visit:
        page = visit.page
        page.goto(server.url("/console/register"))
        page.check("#grant_type_client_credentials")
        page.locator("#user_name").press_sequentially("adm")
        option = page.locator("#user_suggestions option").first
        expect(option).to_have_attribute("value", "domain\\admon")
        # What a browser does when an entry of the list is chosen.
        page.fill("#user_name", "domain\\admon")
        expect(page.locator("#user_name")).to_have_value("admon")
        expect(page.locator("#user_domain")).to_have_value("domain")
        expect(page.locator("#user_note")).to_contain_text("administrator")


def test_what_is_shown_once_is_copied_downloaded_and_not_reloaded(
    browser: Browser, server: Server
) -> None:
    allowed = ["clipboard-read", "clipboard-write"]
    with at_console(browser, server, permissions=allowed) as visit:
        page = visit.page
        fill(visit, "bearer_token", f"Copied {new_ulid()}")
        page.click("#save")
        secret = page.locator("#client_secret").text_content() or ""
        page.click("[data-copy=client_secret]")
        expect(page.locator("[data-copy=client_secret]")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == secret
        with page.expect_download() as download:
            page.click("#download")
        assert json.loads(download.value.path().read_text())["client_secret"] == secret
        page.reload()
        expect(page.locator("#problem")).to_be_visible()
        assert secret not in page.content()


def test_everything_works_without_scripts(browser: Browser, server: Server, tmp_path: Path) -> None:
    _, cer = key_pair(tmp_path)
    name = f"Plain {new_ulid()}"
    with at_console(browser, server, **WITHOUT_SCRIPTS) as visit:
        page = visit.page
        fill(visit, "client_certificate", "")
        page.set_input_files("#certificate_file", cer)
        page.click("#save")
        expect(page.locator("#name_error")).to_be_visible()
        expect(page.locator("#certificate_subject")).to_contain_text("CN=Robot")
        page.fill("#name", name)
        page.click("#save")
        page.click("#to_application")
        page.click("#disable")
        page.click("#confirm")
        expect(page.locator("#notice")).to_contain_text("Disabled.")
        page.click("#delete")
        page.fill("#typed", name)
        page.click("#confirm")
        page.fill("#search", name)
        page.click("#apply")
        expect(page.locator("#empty")).to_be_visible()
        page.click("#log_out")
        expect(page.locator("body")).to_contain_text("logged out")


def test_credentials_need_no_script_on_a_phone(browser: Browser, server: Server) -> None:
    with at_console(browser, server, viewport=PHONE, **WITHOUT_SCRIPTS) as visit:
        page = visit.page
        fill(visit, "bearer_token", f"Plain {new_ulid()}")
        page.click("#save")
        expect(page.locator("#client_secret")).to_contain_text("gls_")
        page.click("#to_application")
        page.click("#get_trial")
        expect(page.locator("#access_token")).to_contain_text("gla_")
        token = page.locator("#access_token").text_content() or ""
        assert whoami(server, token)["client_id"] in (page.text_content("main") or "")
        page.click("#to_application")
        page.click("#rotate")
        expect(page.locator("#client_secret")).to_contain_text("gls_")
        page.click("#to_application")
        page.get_by_role("link", name="Cut now").first.click()
        page.click("#confirm")
        expect(page.locator("#notice")).to_be_visible()
        expect(page.locator("#secret_2")).to_have_count(0)
        page.click("#revoke")
        page.click("#confirm")
        expect(page.locator("#notice")).to_be_visible()
        page.click("#edit")
        page.fill("#description", "Typed without a script")
        page.click("#save")
        expect(page.locator("#notice")).to_be_visible()
        expect(page.locator("main")).to_contain_text("Typed without a script")
        visit.assert_fits()


def test_the_keyboard_is_enough(browser: Browser, server: Server) -> None:
    with at_console(browser, server) as visit:
        page = visit.page
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#content")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator("#register")).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/register")
