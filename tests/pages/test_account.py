"""A person's own account: what it lists, what its buttons end, and who may press them."""

import pytest

from chalicelib.audit import AuditEvent
from chalicelib.directory.form_tokens import FormTokens
from chalicelib.endpoints.account_page import CONSENT_FORM, OTHERS, SESSION_FORM
from chalicelib.endpoints.password_page import PASSWORD_FORM
from chalicelib.pages.browser_names import browser_name
from chalicelib.pages.rendering import moment
from tests.harness import Client, Reply, World
from tests.pages.browser import (
    PASSWORD,
    SESSION,
    Browser,
    add_person,
    add_web_client,
    answer_of,
    exchange,
)

NEW = "another horse battery"
PATHS = ("/account", "/account/password")


def logged_in(world: World, name: str = "jdoe", password: str = PASSWORD) -> Browser:
    browser = Browser(world)
    browser.get("/login")
    assert browser.log_in(name, password).status == 303
    return browser


def press(browser: Browser, **fields: str) -> Reply:
    """A button of the account page, by the fields of its form."""
    form = browser.page.form_of(**fields)
    return browser.post(form.action, form.fields)


def change_password(browser: Browser, **typed: str) -> Reply:
    browser.get("/account/password")
    values = {"password": PASSWORD, "new_password": NEW, "repeat_password": NEW, **typed}
    return browser.submit(**values)


def newest_event(world: World) -> AuditEvent:
    return world.stores.audit.list_events(None, None, 1).items[0]


@pytest.mark.parametrize("path", PATHS)
def test_whoever_is_not_logged_in_logs_in_and_comes_back(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 200
    assert browser.log_in("jdoe", "wrong").status == 403
    reply = browser.log_in()
    assert (reply.status, reply.headers["Location"]) == (303, path)
    browser.follow(reply)
    assert browser.page.by_id("user").text == "domain\\jdoe"


@pytest.mark.parametrize("path", ["/account/sessions", "/account/consents"])
def test_the_path_of_a_button_opened_as_a_page_leads_to_the_account(
    browser: Browser, path: str
) -> None:
    reply = browser.get(path)
    assert (reply.status, reply.headers["Location"]) == (303, "/account")


@pytest.mark.parametrize("path", ["/consent", "https://evil.example/", "//evil.example", "/x"])
def test_a_login_leads_nowhere_but_to_pages_of_ours(browser: Browser, path: str) -> None:
    browser.get("/account")
    form = browser.page.form.fields | {"user_name": "jdoe", "user_domain": "domain"}
    reply = browser.post("/login", form | {"password": PASSWORD, "request": path})
    assert reply.status == 403
    assert SESSION not in browser.cookies


@pytest.mark.parametrize("path", PATHS)
def test_an_out_of_date_login_form_leads_back_to_the_page(browser: Browser, path: str) -> None:
    browser.get(path)
    browser.cookies.clear()
    assert browser.log_in().status == 403
    assert browser.page.by_id("retry")["href"] == path


def test_it_lists_the_sessions_and_ends_another(world: World) -> None:
    browser, other = logged_in(world), logged_in(world)
    world.clock.sleep(120)
    browser.get("/account")
    assert browser.page.text.count("Browser/1.0") == 2
    assert browser.page.by_id("session_1").text.split()[:2] == ["This", "browser,"]
    (session_id,) = [
        form.fields["session_id"] for form in browser.page.forms if form.fields.get("session_id")
    ]
    reply = press(browser, session_id=session_id)
    browser.follow(reply)
    assert browser.page.by_id("notice").text == "Logged out there."
    assert not [form for form in browser.page.forms if "session_id" in form.fields]
    other.get("/account")
    assert other.page.has("password")
    event = newest_event(world)
    assert (event.action, event.actor.client_id) == ("session.ended", None)
    assert event.actor.user_name == "domain\\jdoe"


def test_all_other_sessions_end_at_once(world: World) -> None:
    browser, others = logged_in(world), [logged_in(world), logged_in(world)]
    browser.get("/account")
    assert "withdraw it below" in browser.page.by_id("sessions_note").text
    browser.follow(press(browser, session_id=""))
    assert browser.page.by_id("notice").text == "Logged out everywhere else."
    assert not browser.page.has("sessions_note")
    for other in others:
        other.get("/account")
        assert other.page.has("password")
    assert newest_event(world).action == "sessions.ended"


@pytest.mark.checklist("49", "50")
def test_it_lists_the_consents_and_withdraws_one(
    world: World, browser: Browser, client: Client
) -> None:
    client = world.change(client, name="Expense reports")
    browser.arrive(client, scope="api")
    code = answer_of(browser.submit(decision="allow"))["code"]
    token = exchange(world, client, code).token
    unused = answer_of(browser.authorize(client, scope="api"))["code"]
    assert world.process.whoami(token).status == 200
    browser.get("/account")
    assert "Expense reports" in browser.page.text
    assert "read and change business data in your name" in browser.page.text
    browser.follow(press(browser, client_id=client.client_id))
    assert not browser.page.has("consent_1")
    assert world.process.whoami(token).status == 401
    assert exchange(world, client, unused).body["error"] == "invalid_grant"
    browser.authorize(client, scope="api")
    assert browser.page.has("allow")
    event = newest_event(world)
    assert event.action == "consent.withdrawn"
    assert event.actor.user_name == "domain\\jdoe"


@pytest.mark.checklist("14")
def test_nobody_ends_or_reads_what_is_anothers(world: World) -> None:
    add_person(world, "mallory")
    victim, mallory = logged_in(world), logged_in(world, "mallory")
    logged_in(world)
    mallory.get("/account")
    victim.get("/account")
    before = world.database.snapshot()
    for form in victim.page.forms:
        assert mallory.post(form.action, form.fields).status == 403
        assert mallory.page.by_id("retry")["href"] == "/account"
    assert world.database.snapshot() == before


@pytest.mark.checklist("14")
def test_a_session_of_another_person_is_not_found_although_the_form_is_good(world: World) -> None:
    """The form token binds the session id; without that, ids of others would find nothing."""
    add_person(world, "mallory")
    victim, mallory = logged_in(world), logged_in(world, "mallory")
    user = world.stores.users.find("domain", "jdoe")
    assert user is not None
    logged_in(world, "mallory")
    mallory.get("/account")
    (session,) = world.stores.sessions.load(user.user.user_id).sessions.sessions.values()
    form = next(form for form in mallory.page.forms if form.fields.get("session_id"))
    swapped = form.fields | {"session_id": session.session_id}
    assert mallory.post(form.action, swapped).status == 403
    assert victim.get("/account").status == 200
    assert victim.page.has("change_password")


@pytest.mark.checklist("14")
@pytest.mark.parametrize("token", ["", "nonsense", "A" * 43])
def test_a_button_without_its_token_changes_nothing(world: World, token: str) -> None:
    browser = logged_in(world)
    logged_in(world)
    before = world.database.snapshot()
    for path, field in (("sessions", "session_id"), ("consents", "client_id")):
        form = {"csrf_token": token, field: ""}
        assert browser.post(f"/account/{path}", form).status == 403
    typed = {"password": PASSWORD, "new_password": NEW, "repeat_password": NEW}
    assert browser.post("/account/password", {"csrf_token": token, **typed}).status == 403
    assert world.database.snapshot() == before


@pytest.mark.checklist("14")
def test_a_session_that_is_none_writes_nothing(world: World) -> None:
    """Whoever makes the session up can also make the token of its forms."""
    browser = Browser(world)
    browser.cookies[SESSION] = "x"
    forms = FormTokens(world.stores.attempts, world.clock)
    before = world.database.snapshot()
    for path, field, purpose, bound in (
        ("sessions", "session_id", SESSION_FORM, [OTHERS]),
        ("consents", "client_id", CONSENT_FORM, ["app_a"]),
        ("password", "password", PASSWORD_FORM, []),
    ):
        value = bound[0] if bound else PASSWORD
        form = {"csrf_token": forms.issue("x", purpose, *bound), field: value}
        reply = browser.post(f"/account/{path}", form)
        assert (reply.status, "done=ended" in reply.headers["Location"]) == (303, True)
    assert world.database.snapshot() == before


@pytest.mark.checklist("14")
def test_buttons_of_a_page_opened_before_work_all_the_same(world: World, browser: Browser) -> None:
    """Two tabs: each form is used up by itself alone."""
    clients = [add_web_client(world, name=name) for name in ("First", "Second")]
    browser.arrive(clients[0], scope="api")
    browser.submit(decision="allow")
    browser.authorize(clients[1], scope="api")
    browser.submit(decision="allow")
    browser.get("/account")
    buttons = [browser.page.form_of(client_id=client.client_id) for client in clients]
    for button in buttons:
        assert browser.post(button.action, button.fields).status == 303
    browser.get("/account")
    assert not browser.page.has("consent_1")
    assert browser.post(buttons[0].action, buttons[0].fields).status == 403


def test_a_login_in_another_tab_leads_on_from_a_form_that_is_out_of_date(
    world: World, browser: Browser, client: Client
) -> None:
    browser.authorize(client)
    waiting = browser.page.form
    browser.get("/login")
    assert browser.log_in().status == 303
    before = world.database.snapshot()
    typed = {"user_name": "jdoe", "user_domain": "domain", "password": PASSWORD}
    assert browser.post(waiting.action, waiting.fields | typed).status == 403
    assert world.database.snapshot() == before
    assert "logged in already, as domain\\jdoe" in browser.page.by_id("error").text
    assert browser.page.by_id("retry").text == "Go on"
    browser.get(browser.page.by_id("retry")["href"])
    assert browser.page.has("allow")


def test_the_issuer_itself_leads_to_the_account(browser: Browser) -> None:
    reply = browser.get("/")
    assert (reply.status, reply.headers["Location"]) == (303, "/account")


def test_an_application_that_asks_each_time_shows_when_it_was_allowed_last(
    world: World, browser: Browser
) -> None:
    client = add_web_client(world, public=True)
    browser.arrive(client, scope="api")
    browser.submit(decision="allow")
    world.clock.sleep(7200)
    browser.authorize(client, scope="api")
    browser.submit(decision="allow")
    browser.get("/account")
    assert moment(world.clock.now()) in browser.page.by_id("consent_1").text


@pytest.mark.checklist("14")
def test_a_button_works_once(world: World) -> None:
    browser = logged_in(world)
    logged_in(world)
    browser.get("/account")
    form = browser.page.form_of(session_id="")
    assert browser.post(form.action, form.fields).status == 303
    assert browser.post(form.action, form.fields).status == 403


def test_a_button_of_a_session_that_is_over_leads_to_the_login(world: World) -> None:
    browser = logged_in(world)
    logged_in(world)
    browser.get("/account")
    world.clock.sleep(8 * 3600)
    before = world.database.snapshot()["grantline-audit_events"]
    browser.follow(press(browser, session_id=""))
    assert browser.page.has("password")
    assert "nothing was changed" in browser.page.by_id("notice").text
    assert world.database.snapshot()["grantline-audit_events"] == before


@pytest.mark.checklist("15", "50", "62")
def test_a_changed_password_ends_everything_else_and_keeps_this_browser(
    world: World, browser: Browser, client: Client
) -> None:
    other = logged_in(world)
    browser.arrive(client)
    tokens = exchange(world, client, answer_of(browser.submit(decision="allow"))["code"])
    code = answer_of(browser.authorize(client))["code"]
    old_session = browser.cookies[SESSION]
    reply = change_password(browser)
    assert (reply.status, reply.headers["Location"]) == (303, "/account?done=password")
    assert browser.cookies[SESSION] != old_session
    browser.follow(reply)
    assert "Your password was changed" in browser.page.by_id("notice").text
    assert world.process.whoami(tokens.token).status == 401
    assert exchange(world, client, code).body["error"] == "invalid_grant"
    other.get("/account")
    assert other.page.has("password")
    thief = Browser(world)
    thief.cookies[SESSION] = old_session
    thief.get("/account")
    assert thief.page.has("password")
    thief.get("/login")
    assert thief.log_in().status == 403
    logged_in(world, password=NEW)
    assert newest_event(world).action == "user.password_changed"


@pytest.mark.checklist("62")
def test_what_is_wrong_is_said_at_its_field(world: World) -> None:
    browser = logged_in(world)
    reply = change_password(browser, new_password="password1", repeat_password="other")
    page = browser.page
    assert reply.status == 403
    assert page.title.startswith("Not changed: ")
    assert page.by_id("error")["role"] == "alert"
    assert page.by_id("new_password_error").text == ("It is one of the commonest passwords.")
    assert page.by_id("new_password")["aria-describedby"] == "new_password_hint new_password_error"
    assert page.by_id("repeat_password")["aria-invalid"] == "true"
    assert "aria-invalid" not in page.by_id("password").attributes
    assert "autofocus" in page.by_id("new_password").attributes
    assert "password1" not in reply.body
    assert change_password(browser).status == 303


@pytest.mark.checklist("58", "59")
def test_a_wrong_old_password_is_slowed_and_the_session_goes_on(world: World) -> None:
    browser = logged_in(world)
    bodies = set()
    for _ in range(10):
        reply = change_password(browser, password="wrong")
        token = browser.page.form.fields["csrf_token"]
        bodies.add(reply.body.replace(token, ""))
    reply = change_password(browser)
    assert reply.status == 403
    bodies.add(reply.body.replace(browser.page.form.fields["csrf_token"], ""))
    assert len(bodies) == 1
    assert "aria-invalid" in browser.page.by_id("password").attributes
    browser.get("/account")
    assert browser.page.has("change_password")
    world.clock.sleep(15 * 60)
    assert change_password(browser).status == 303


@pytest.mark.checklist("14")
def test_a_used_password_form_is_refused(world: World) -> None:
    browser = logged_in(world)
    browser.get("/account/password")
    form = browser.page.form
    assert change_password(browser).status == 303
    typed = {"password": NEW, "new_password": PASSWORD, "repeat_password": PASSWORD}
    assert browser.post(form.action, form.fields | typed).status == 403
    assert browser.page.by_id("retry")["href"] == "/account/password"


def test_a_password_form_of_a_session_that_is_over_leads_to_the_login(world: World) -> None:
    browser = logged_in(world)
    browser.get("/account/password")
    world.clock.sleep(8 * 3600)
    typed = {"password": PASSWORD, "new_password": NEW, "repeat_password": NEW}
    reply = browser.submit(**typed)
    assert (reply.status, reply.headers["Location"]) == (303, "/account/password?done=ended")
    browser.follow(reply)
    assert browser.page.has("log_in")
    assert "nothing was changed" in browser.page.by_id("notice").text
    browser.follow(browser.log_in())
    assert not browser.page.has("notice")


def test_a_notice_is_one_of_ours(world: World) -> None:
    browser = logged_in(world)
    assert "evil" not in browser.get("/account", done="evil").body
    assert not browser.page.has("notice")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/150.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 20_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/150.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Browser/1.0", "Browser/1.0"),
        ("", "An unnamed browser"),
    ],
)  # fmt: skip
def test_browsers_have_names_that_people_know(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name
