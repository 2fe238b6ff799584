"""The login page: who gets in, what everybody else is told, and what a form is bound to."""

from urllib.parse import quote

import pytest

from chalicelib.oauth.model import Consent, Status
from tests.faults.costs import measure
from tests.harness import Client, Reply, World
from tests.pages.browser import (
    AUTHORIZE,
    CALLBACK,
    FORM,
    PASSWORD,
    SESSION,
    Browser,
    add_person,
    add_web_client,
    answer_of,
    asking,
    describe,
)
from tests.signing import ISSUER


def test_it_shows_who_asks_and_what_for(world: World, browser: Browser) -> None:
    website = "https://client.example/about"
    client = add_web_client(world, name="Expense reports", website=website)
    browser.authorize(client, scope="api")
    page = browser.page
    assert page.title == "Log in to Expense reports"
    assert page.by_id("website")["href"] == website
    assert "read and change business data in your name" in page.text
    assert "ODATA" not in page.text
    assert page.form.action == "/login"
    assert {"user_name", "user_domain", "password"} <= page.form.fields.keys()


@pytest.mark.parametrize("typed", ["domain\\jdoe", "jdoe@domain", " JDOE@Domain "])
def test_without_a_domain_the_user_name_may_hold_it(
    browser: Browser, client: Client, typed: str
) -> None:
    browser.authorize(client)
    assert "required" not in browser.page.by_id("user_domain").attributes
    assert browser.submit(user_name=typed, user_domain="", password=PASSWORD).status == 303
    browser.get("/account")
    assert browser.page.by_id("user").text == "domain\\jdoe"


@pytest.mark.checklist("58")
@pytest.mark.parametrize(
    ("name", "domain"), [("nobody@domain", ""), ("jdoe", ""), ("jdoe@", ""), ("jdoe@domain", "x")]
)
def test_a_name_that_leads_to_nobody_costs_the_same_and_says_the_same(
    world: World, browser: Browser, client: Client, name: str, domain: str
) -> None:
    browser.authorize(client)

    def refused(name: str, domain: str) -> tuple[list[str], str]:
        fields = {"user_name": name, "user_domain": domain, "password": "wrong"}
        cost = measure(world, world.process, lambda _: browser.submit(**fields), 403)
        assert browser.page.by_id("user_name")["value"] == name
        return cost.calls, browser.page.by_id("error").text

    assert refused(name, domain) == refused("jdoe", "domain")


@pytest.mark.checklist("10")
def test_after_the_password_comes_a_303_without_it(browser: Browser, client: Client) -> None:
    browser.authorize(client)
    reply = browser.log_in()
    assert reply.status == 303
    assert reply.headers["Location"].startswith(AUTHORIZE + "?client_id=")
    assert PASSWORD not in str(reply.headers)


@pytest.mark.checklist("10")
def test_every_answer_to_a_post_is_a_page_or_a_303(browser: Browser, client: Client) -> None:
    browser.authorize(client)
    statuses = [browser.log_in("jdoe", "wrong").status, browser.log_in().status]
    browser.authorize(client)
    statuses.append(browser.submit(decision="allow").status)
    assert statuses == [403, 303, 303]


@pytest.mark.checklist("15")
def test_a_session_is_made_at_login_and_its_cookie_kept_from_scripts(
    browser: Browser, client: Client
) -> None:
    assert SESSION not in str(browser.authorize(client).headers)
    (cookie,) = [
        line for line in browser.log_in().headers["Set-Cookie"] if line.startswith(SESSION)
    ]
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")


@pytest.mark.checklist("15")
def test_a_planted_session_is_replaced_at_login(
    world: World, browser: Browser, client: Client
) -> None:
    add_person(world, "mallory")
    mallory = Browser(world)
    mallory.arrive(client, "mallory")
    planted = mallory.cookies[SESSION]
    browser.cookies[SESSION] = planted
    browser.authorize(client, prompt="login")
    browser.log_in()
    assert browser.cookies[SESSION] != planted
    assert answer_of(mallory.authorize(client, prompt="none"))["error"] == "login_required"


@pytest.mark.checklist("58")
def test_whoever_is_not_let_in_is_told_the_same(world: World, client: Client) -> None:
    disabled = add_person(world, "disabled")
    world.change_user(disabled, status=Status.DISABLED)
    world.add_user("passwordless")
    said = set()
    for name, password in {
        "jdoe": "wrong password",
        "nobody": PASSWORD,
        "disabled": PASSWORD,
        "passwordless": PASSWORD,
        "": PASSWORD,
    }.items():
        browser = Browser(world)
        browser.authorize(client)
        reply = browser.log_in(name, password)
        assert SESSION not in browser.cookies
        html = reply.body.replace(f'value="{name}"', 'value=""').replace("autofocus", "")
        html = "".join(html.split())
        token = browser.page.form.fields["csrf_token"]
        said.add((reply.status, html.replace(token, "")))
    assert len(said) == 1


def test_a_refusal_is_announced_and_the_names_stay(browser: Browser, client: Client) -> None:
    browser.authorize(client)
    browser.log_in("jdoe", "wrong")
    page = browser.page
    assert page.by_id("error")["role"] == "alert"
    assert page.title.startswith("Not logged in: ")
    assert page.by_id("user_name")["value"] == "jdoe"
    assert page.by_id("password")["aria-describedby"] == "error"
    assert page.by_id("password")["aria-invalid"] == "true"
    assert "value" not in page.by_id("password").attributes
    assert "autofocus" in page.by_id("password").attributes
    assert browser.log_in().status == 303


@pytest.mark.checklist("59")
def test_a_guesser_is_slowed_and_a_session_goes_on(world: World, client: Client) -> None:
    victim = Browser(world)
    victim.arrive(client)
    guesser = Browser(world)
    guesser.authorize(client)
    for _ in range(10):
        guesser.log_in("jdoe", "wrong")
    assert guesser.log_in().status == 403
    assert victim.authorize(client).status == 200
    assert victim.page.has("allow")
    world.clock.sleep(15 * 60)
    assert guesser.log_in().status == 303


SPOOFED = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-For": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;host=evil.example;proto=http",
}


@pytest.mark.checklist("60")
def test_no_header_changes_links_issuer_cookies_or_the_address_that_is_counted(
    world: World, browser: Browser, client: Client
) -> None:
    query = {name: [value] for name, value in asking(client).items()}
    reply = world.process.call("GET", AUTHORIZE, headers=SPOOFED, query=query)
    assert "evil" not in reply.body + str(reply.headers)
    assert "203.0.113.9" not in reply.body
    browser.authorize(client)
    typed = browser.page.form.fields | {"user_name": "jdoe", "user_domain": "domain"}
    for number in range(11):
        guess = SPOOFED | {"X-Forwarded-For": f"203.0.113.{number}"}
        assert browser.post("/login", typed | {"password": "wrong"}, **guess).status == 403
    assert browser.log_in().status == 403
    world.clock.sleep(15 * 60)
    reply = browser.post("/login", typed | {"password": PASSWORD}, **SPOOFED)
    assert reply.headers["Location"].startswith(AUTHORIZE + "?")
    assert browser.cookies.keys() == {SESSION, FORM}
    answer = browser.get(AUTHORIZE, **asking(client, prompt="none")).headers["Location"]
    assert answer.startswith(CALLBACK)
    assert f"iss={quote(ISSUER, safe='')}" in answer
    browser.get("/account")
    assert "192.0.2.1" in browser.page.text
    assert "203.0.113.9" not in browser.page.text


@pytest.mark.checklist("14")
@pytest.mark.parametrize("token", ["", "nonsense", "A" * 43])
def test_a_form_without_its_token_is_refused_and_changes_nothing(
    world: World, browser: Browser, client: Client, token: str
) -> None:
    browser.authorize(client)
    before = dict(world.tokens())
    form = browser.page.form.fields | {"user_name": "jdoe", "user_domain": "domain"}
    reply = browser.post("/login", form | {"password": PASSWORD, "csrf_token": token})
    assert reply.status == 403
    assert SESSION not in browser.cookies
    assert world.tokens() == before
    assert browser.get(browser.page.by_id("retry")["href"]).status == 200
    assert browser.page.has("log_in")


@pytest.mark.checklist("14")
def test_a_form_of_another_browser_is_refused(
    world: World, browser: Browser, client: Client
) -> None:
    foreign = Browser(world)
    foreign.authorize(client)
    browser.authorize(client)
    browser.page = foreign.page
    assert browser.log_in().status == 403
    assert SESSION not in browser.cookies


@pytest.mark.checklist("14")
def test_a_browser_without_cookies_is_refused(browser: Browser, client: Client) -> None:
    browser.authorize(client)
    browser.cookies.clear()
    assert browser.log_in().status == 403


@pytest.mark.checklist("14")
def test_a_used_form_is_refused(browser: Browser, client: Client) -> None:
    browser.authorize(client)
    page = browser.page
    assert browser.log_in().status == 303
    session = browser.cookies[SESSION]
    browser.page = page
    assert browser.log_in().status == 403
    assert browser.cookies[SESSION] == session


@pytest.mark.checklist("16")
@pytest.mark.parametrize(
    "swapped",
    [
        {"client_id": "app_" + "0" * 26},
        {"redirect_uri": CALLBACK + "2"},
        {"scope": "odata_query"},
        {"state": "state-2"},
        {"code_challenge": "b" * 43},
        {"nonce": "n"},
        {"prompt": "none"},
    ],
)
def test_a_request_swapped_between_get_and_post_is_refused(
    world: World, browser: Browser, swapped: dict[str, str]
) -> None:
    client = add_web_client(world, CALLBACK, CALLBACK + "2")
    browser.authorize(client)
    shown = browser.page.form.fields["request"]
    browser.authorize(client, **swapped)
    other = asking(client, **swapped)
    packed = "&".join(f"{name}={value}" for name, value in other.items())
    browser.authorize(client)
    assert browser.page.form.fields["request"] == shown
    before = dict(world.tokens())
    reply = browser.submit(
        request=packed, user_name="jdoe", user_domain="domain", password=PASSWORD
    )
    assert (reply.status, SESSION in browser.cookies) == (403, False)
    assert world.tokens() == before


@pytest.mark.checklist("16")
def test_a_form_for_one_application_is_none_for_another(
    world: World, browser: Browser, client: Client
) -> None:
    browser.authorize(add_web_client(world))
    token = browser.page.form.fields["csrf_token"]
    browser.authorize(client)
    form = browser.page.form.fields | {"csrf_token": token, "user_name": "jdoe"}
    form |= {"user_domain": "domain", "password": PASSWORD}
    assert browser.post("/login", form).status == 403
    assert browser.post("/login", form | {"request": ""}).status == 403


@pytest.mark.checklist("16")
def test_what_stands_beside_the_bound_request_counts_for_nothing(
    world: World, browser: Browser, client: Client
) -> None:
    other = add_web_client(world)
    browser.authorize(client)
    typed = {"user_name": "jdoe", "user_domain": "domain", "password": PASSWORD}
    reply = browser.submit(client_id=other.client_id, scope="admin", **typed)
    assert f"client_id={client.client_id}&" in reply.headers["Location"]
    assert "scope" not in reply.headers["Location"]


def test_an_application_changed_while_the_page_was_open_is_looked_at_again(
    world: World, browser: Browser, client: Client
) -> None:
    browser.authorize(client)
    world.change(client, status=Status.DISABLED)
    assert browser.log_in().status == 400
    assert SESSION not in browser.cookies


def test_a_request_refused_by_now_is_answered_to_the_client(
    world: World, browser: Browser, client: Client
) -> None:
    browser.authorize(client, scope="odata_query")
    world.change(client, allowed_scopes=frozenset({"api"}))
    assert answer_of(browser.log_in())["error"] == "invalid_scope"


def form_action(reply: Reply) -> str:
    """What the policy says of forms."""
    policy = str(reply.headers["Content-Security-Policy"])
    return next(part for part in policy.split("; ") if part.startswith("form-action"))


def test_redirects_after_the_form_are_allowed_to_the_clients_origin_alone(
    browser: Browser, client: Client
) -> None:
    assert form_action(browser.authorize(client)) == "form-action 'self' https://client.example"
    reply = browser.authorize(client, response_mode="form_post")
    assert form_action(reply) == "form-action 'self'"


def test_a_callback_may_redirect_to_the_applications_other_hosts(
    world: World, browser: Browser, client: Client
) -> None:
    client = describe(
        world,
        client,
        website="https://www.client.example/about",
        redirect_uris=(CALLBACK, "https://two.client.example/x"),
        post_logout_redirect_uris=("https://client.example/bye",),
    )
    allowed = (
        "form-action 'self' https://client.example https://two.client.example"
        " https://www.client.example"
    )
    assert form_action(browser.authorize(client)) == allowed
    assert form_action(browser.arrive(client)) == allowed
    browser.arrive(client, response_mode="form_post", prompt="login")
    reply = browser.submit(decision="allow")
    assert form_action(reply) == allowed


def test_somebody_may_log_in_without_an_application(world: World, browser: Browser) -> None:
    policy = browser.get("/login").headers["Content-Security-Policy"]
    assert "form-action 'self';" in policy
    assert browser.page.title == "Log in"
    browser.log_in("jdoe", "wrong")
    assert browser.page.has("error")
    browser.follow(browser.log_in())
    assert "domain\\jdoe" in browser.page.text
    client = add_web_client(world, consent=Consent.PREAPPROVED)
    assert "code" in answer_of(browser.authorize(client))


@pytest.mark.checklist("61", "8")
def test_a_malformed_form_is_a_page_too(browser: Browser) -> None:
    browser.get("/login")
    assert browser.post_raw("/login", "user_name=a&user_name=b").status == 400
    assert browser.post("/login", {"a": "b"}, **{"Content-Type": "text/plain"}).status == 400
    assert browser.post_raw("/login", "").status == 403
    assert browser.page.by_id("retry")["href"] == "/login"


def test_a_form_cookie_that_is_not_ours_is_replaced(browser: Browser, client: Client) -> None:
    browser.cookies[FORM] = "short"
    browser.authorize(client)
    assert len(browser.cookies[FORM]) == 43
    kept = browser.cookies[FORM]
    browser.authorize(client)
    assert browser.cookies[FORM] == kept
