"""RP-Initiated Logout: when it asks first, where it leads, and that the session is over."""

from typing import Any

import pytest

from chalicelib.oauth.model import Consent, GrantType, RedirectStrategy, Status
from tests.harness import Client, Reply, World
from tests.pages.browser import (
    LOGOUT,
    SESSION,
    Browser,
    add_person,
    add_web_client,
    answer_of,
    describe,
    exchange,
)

AFTERWARDS = "https://client.example/bye?tenant=7"


@pytest.fixture
def client(world: World) -> Client:
    scopes = frozenset({"login", "api"})
    client = add_web_client(world, consent=Consent.PREAPPROVED, allowed_scopes=scopes)
    return describe(world, client, post_logout_redirect_uris=(AFTERWARDS,))


def log_in(world: World, browser: Browser, client: Client, name: str = "jdoe") -> str:
    """The ID token of somebody who is logged in now."""
    code = answer_of(browser.arrive(client, name, scope="openid"))["code"]
    return str(exchange(world, client, code).body["id_token"])


def is_logged_in(browser: Browser, client: Client) -> bool:
    return "code" in answer_of(browser.authorize(client, prompt="none"))


def assert_is_over(reply: Reply, browser: Browser) -> None:
    assert SESSION not in browser.cookies
    assert any("Max-Age=0" in line for line in reply.headers["Set-Cookie"])


@pytest.mark.checklist("15")
def test_an_id_token_logs_out_at_once_and_on_the_server(
    world: World, browser: Browser, client: Client
) -> None:
    id_token = log_in(world, browser, client)
    cookie = browser.cookies[SESSION]
    reply = browser.get(LOGOUT, id_token_hint=id_token)
    assert_is_over(reply, browser)
    assert "You are logged out" in browser.page.text
    browser.cookies[SESSION] = cookie
    assert not is_logged_in(browser, client)


def test_it_leads_to_the_registered_uri_with_the_state(
    world: World, browser: Browser, client: Client
) -> None:
    id_token = log_in(world, browser, client)
    reply = browser.get(
        LOGOUT, id_token_hint=id_token, post_logout_redirect_uri=AFTERWARDS, state="a&b"
    )
    assert (reply.status, reply.headers["Location"]) == (303, AFTERWARDS + "&state=a%26b")
    assert_is_over(reply, browser)


def test_without_a_state_the_uri_stays_as_it_is(
    world: World, browser: Browser, client: Client
) -> None:
    id_token = log_in(world, browser, client)
    world.clock.sleep(2 * 3600)
    reply = browser.get(LOGOUT, id_token_hint=id_token, post_logout_redirect_uri=AFTERWARDS)
    assert reply.headers["Location"] == AFTERWARDS


@pytest.mark.parametrize(
    "uri", [AFTERWARDS + "&x=1", "https://client.example/bye", "https://evil.example/", "/"]
)
def test_another_uri_stays_on_our_own_page_and_logs_nobody_out(
    world: World, browser: Browser, client: Client, uri: str
) -> None:
    id_token = log_in(world, browser, client)
    for who in ({"id_token_hint": id_token}, {"client_id": client.client_id}):
        reply = browser.get(LOGOUT, post_logout_redirect_uri=uri, **who)
        assert (reply.status, "Location" in reply.headers) == (400, False)
    assert is_logged_in(browser, client)


def test_an_id_token_of_another_application_is_refused(
    world: World, browser: Browser, client: Client
) -> None:
    id_token = log_in(world, browser, client)
    other = add_web_client(world)
    reply = browser.get(LOGOUT, id_token_hint=id_token, client_id=other.client_id)
    assert reply.status == 400
    assert is_logged_in(browser, client)


@pytest.mark.parametrize("hint", [None, "nonsense", "changed", "other"])
def test_without_an_id_token_of_this_person_it_asks_first(
    world: World, browser: Browser, client: Client, hint: str | None
) -> None:
    add_person(world, "other")
    other = log_in(world, Browser(world), client, "other")
    own = log_in(world, browser, client)
    hints = {"changed": own[:-4] + "AAAA", "other": other}
    query = {} if hint is None else {"id_token_hint": hints.get(hint, hint)}
    assert browser.get(LOGOUT, **query).status == 200
    assert browser.page.by_id("user").text == "domain\\jdoe"
    assert is_logged_in(browser, client)
    browser.get(LOGOUT, **query)
    assert_is_over(browser.submit(), browser)


def test_a_client_id_and_a_yes_lead_to_the_registered_uri(
    world: World, browser: Browser, client: Client
) -> None:
    log_in(world, browser, client)
    reply = browser.get(
        LOGOUT, client_id=client.client_id, post_logout_redirect_uri=AFTERWARDS, state="s"
    )
    assert "form-action 'self' https://client.example;" in reply.headers["Content-Security-Policy"]
    assert client.application.name in browser.page.text
    reply = browser.submit()
    assert reply.headers["Location"] == AFTERWARDS + "&state=s"
    assert_is_over(reply, browser)


def test_a_uri_of_nobody_is_not_followed(world: World, browser: Browser, client: Client) -> None:
    log_in(world, browser, client)
    browser.get(LOGOUT, post_logout_redirect_uri=AFTERWARDS, state="s")
    reply = browser.submit()
    assert (reply.status, "Location" in reply.headers) == (200, False)
    assert_is_over(reply, browser)


@pytest.mark.checklist("14")
@pytest.mark.parametrize("wrong", [{"csrf_token": "A" * 43}, {"request": "client_id=x"}])
def test_a_confirmation_that_is_not_ours_is_refused(
    world: World, browser: Browser, client: Client, wrong: dict[str, str]
) -> None:
    log_in(world, browser, client)
    browser.get(LOGOUT)
    assert browser.submit(**wrong).status == 403
    assert is_logged_in(browser, client)


def test_a_post_of_another_site_comes_back_with_its_cookie(
    world: World, browser: Browser, client: Client
) -> None:
    id_token = log_in(world, browser, client)
    cookies = dict(browser.cookies)
    browser.cookies.clear()
    reply = browser.post(LOGOUT, {"id_token_hint": id_token})
    browser.cookies = cookies
    assert_is_over(browser.follow(reply), browser)


def test_a_post_of_the_same_site_logs_out_at_once(
    world: World, browser: Browser, client: Client
) -> None:
    id_token = log_in(world, browser, client)
    assert_is_over(browser.post(LOGOUT, {"id_token_hint": id_token}), browser)


def test_whoever_is_logged_out_already_is_told_so(browser: Browser, client: Client) -> None:
    assert browser.get(LOGOUT).status == 200
    assert browser.page.by_id("log_in_again")["href"] == "/login"
    reply = browser.get(
        LOGOUT, client_id=client.client_id, post_logout_redirect_uri=AFTERWARDS, state="s"
    )
    assert reply.headers["Location"] == AFTERWARDS + "&state=s"


def test_too_long_a_state_is_refused(browser: Browser, client: Client) -> None:
    reply = browser.get(LOGOUT, client_id=client.client_id, state="s" * 2049)
    assert reply.status == 400


def test_logging_out_in_one_browser_leaves_another_alone(
    world: World, browser: Browser, client: Client
) -> None:
    other = Browser(world)
    log_in(world, other, client)
    browser.get(LOGOUT, id_token_hint=log_in(world, browser, client))
    assert is_logged_in(other, client)


def test_nobody_is_sent_to_a_disabled_application(
    world: World, browser: Browser, client: Client
) -> None:
    world.change(client, status=Status.DISABLED, token_epoch=1)
    reply = browser.get(LOGOUT, client_id=client.client_id, post_logout_redirect_uri=AFTERWARDS)
    assert reply.status == 200
    assert "Location" not in reply.headers


def add_loopback(world: World, scope: str = "login", **fields: Any) -> Client:
    """An application that listens on a port of the person's own machine."""
    client = world.add_client(
        GrantType.AUTHORIZATION_CODE,
        redirect_strategy=RedirectStrategy.MOBILE_LOCALHOST_PORT,
        public=True,
        allowed_scopes=frozenset({scope, "api"}),
        **fields,
    )
    return describe(world, client, post_logout_redirect_uris=(AFTERWARDS,))


def ask_for_logout(browser: Browser, client: Client, uri: str) -> Reply:
    """A logout that returns to this URI, asked for by name."""
    return browser.get(LOGOUT, client_id=client.client_id, post_logout_redirect_uri=uri, state="s")


LOOPBACK = ("http://127.0.0.1:{}/", "http://[::1]:{}/", "https://localhost:{}/")


@pytest.mark.checklist("3")
@pytest.mark.parametrize("uri", LOOPBACK)
@pytest.mark.parametrize(("port", "allowed"), [(None, (1, 9000, 65_535)), (9000, (9000,))])
def test_an_application_on_the_device_may_return_to_its_port(
    world: World, browser: Browser, uri: str, port: int | None, allowed: tuple[int, ...]
) -> None:
    client = add_loopback(world, localhost_port=port)
    for one in (1, 9000, 65_535):
        reply = ask_for_logout(browser, client, uri.format(one))
        if one in allowed:
            assert (reply.status, reply.headers["Location"]) == (303, f"{uri.format(one)}?state=s")
        else:
            assert (reply.status, "Location" in reply.headers) == (400, False)
    assert ask_for_logout(browser, client, AFTERWARDS).status == 303


@pytest.mark.checklist("15")
def test_a_logout_of_the_device_ends_the_session_on_the_server(
    world: World, browser: Browser, client: Client
) -> None:
    log_in(world, browser, client)
    device = add_loopback(world)
    reply = ask_for_logout(browser, device, "http://127.0.0.1:9000/")
    assert "form-action 'self' http://127.0.0.1:9000" in reply.headers["Content-Security-Policy"]
    reply = browser.submit()
    assert reply.headers["Location"] == "http://127.0.0.1:9000/?state=s"
    assert_is_over(reply, browser)


@pytest.mark.checklist("1", "3")
@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:9000/",
        "https://127.0.0.1:9000/",
        "https://localhost.evil:9000/",
        "https://localhost:9000@evil.example/",
        "http://127.0.0.1.evil.example:9000/",
        "http://127.0.0.1@evil.example:9000/",
        "http://127.0.0.2:9000/",
        "http://127.0.0.1:9000",
        "http://127.0.0.1:9000/x",
        "http://127.0.0.1:9000/?x=1",
        "http://127.0.0.1:9000/#x",
        "http://127.0.0.1:09000/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1/",
        "HTTP://127.0.0.1:9000/",
        "http://127.0.0.1:9000/\\evil.example",
        "http://[::1%25lo]:9000/",
        "http://[0:0:0:0:0:0:0:1]:9000/",
        "javascript:alert(1)",
    ],
)
def test_anything_else_on_or_beside_the_device_is_refused(
    world: World, browser: Browser, client: Client, uri: str
) -> None:
    log_in(world, browser, client)
    reply = ask_for_logout(browser, add_loopback(world), uri)
    assert (reply.status, "Location" in reply.headers) == (400, False)
    assert is_logged_in(browser, client)


@pytest.mark.checklist("3")
def test_ports_of_the_device_are_of_no_other_application(
    world: World, browser: Browser, client: Client
) -> None:
    for other in (client, add_loopback(world, "odata_query")):
        reply = ask_for_logout(browser, other, "http://127.0.0.1:9000/")
        assert (reply.status, "Location" in reply.headers) == (400, False)
