"""Where a code may go: the title of a browser, a port of this device."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib.oauth.model import Consent, GrantType, RedirectStrategy
from chalicelib.oauth.redirect_strategy import TITLE_BAR_REDIRECT_URI
from tests.harness import Client, World
from tests.pages.browser import Browser, answer_of, exchange


def add_mobile(world: World, strategy: RedirectStrategy, **fields: Any) -> Client:
    return world.add_client(
        GrantType.AUTHORIZATION_CODE,
        redirect_strategy=strategy,
        consent=Consent.PREAPPROVED,
        **fields,
    )


def add_title_bar(world: World, **fields: Any) -> Client:
    return add_mobile(world, RedirectStrategy.MOBILE_TITLE_BAR_BROWSER, **fields)


def add_localhost(world: World, port: int | None, **fields: Any) -> Client:
    strategy = RedirectStrategy.MOBILE_LOCALHOST_PORT
    return add_mobile(world, strategy, localhost_port=port, **fields)


@pytest.mark.checklist("13")
def test_the_title_holds_code_and_state_alone(world: World, browser: Browser) -> None:
    client = add_title_bar(world)
    reply = browser.arrive(client, redirect_uri=TITLE_BAR_REDIRECT_URI)
    title = browser.page.title
    assert reply.status == 200
    assert title.startswith("code=glc_")
    assert title.endswith("&state=state-1")
    assert f"<title>{title}</title>" in reply.body
    assert list(parse_qs(title)) == ["code", "state"]
    assert "Return to" in browser.page.text
    code = parse_qs(title)["code"][0]
    assert exchange(world, client, code, redirect_uri=TITLE_BAR_REDIRECT_URI).status == 200


def test_the_title_is_shown_after_a_consent_as_well(world: World, browser: Browser) -> None:
    client = add_title_bar(world, public=True)
    client = world.change(client, consent=Consent.REQUIRED)
    policy = browser.arrive(client, redirect_uri=None).headers["Content-Security-Policy"]
    assert "form-action 'self';" in policy
    assert browser.page.by_id("destination").text == "the application that opened this browser"
    assert browser.submit(decision="allow").status == 200
    assert browser.page.title.startswith("code=")


@pytest.mark.checklist("21")
def test_what_the_request_left_out_the_exchange_leaves_out(world: World, browser: Browser) -> None:
    """RFC 6749 §4.1.3: the two have to be the same."""
    client = add_title_bar(world)
    browser.arrive(client, redirect_uri=None)
    code = parse_qs(browser.page.title)["code"][0]
    named = exchange(world, client, code, redirect_uri=TITLE_BAR_REDIRECT_URI)
    assert (named.status, named.body["error"]) == (400, "invalid_grant")
    assert exchange(world, client, code, redirect_uri="").status == 200


@pytest.mark.parametrize(
    ("parameters", "title"),
    [
        ({"prompt": "none"}, "error=login_required&state=state-1"),
        ({"prompt": "none", "state": None}, "error=login_required"),
        ({"scope": "nonsense"}, "error=invalid_scope&state=state-1"),
        ({"response_mode": "form_post", "prompt": "none"}, "error=login_required&state=state-1"),
        # PKCE is required there whatever the registration says.
        (
            {"code_challenge": None, "code_challenge_method": None},
            "error=invalid_request&state=state-1",
        ),
    ],
)
@pytest.mark.checklist("6")
def test_the_title_holds_the_error(
    world: World, browser: Browser, parameters: dict[str, str | None], title: str
) -> None:
    client = add_title_bar(world, require_pkce=False)
    reply = browser.authorize(client, **{"redirect_uri": TITLE_BAR_REDIRECT_URI, **parameters})
    assert (reply.status, browser.page.title) == (200, title)
    assert "was given no access" in browser.page.text


def test_a_denial_is_in_the_title(world: World, browser: Browser) -> None:
    client = world.change(add_title_bar(world), consent=Consent.REQUIRED)
    browser.arrive(client, redirect_uri=TITLE_BAR_REDIRECT_URI)
    browser.submit(decision="deny")
    assert browser.page.title == "error=access_denied&state=state-1"


@pytest.mark.checklist("13")
@pytest.mark.parametrize(
    "state", ["</title><script>alert(1)</script>", "a\r\nb: c", "\u202ecode=x", "&lt;&code=evil"]
)
def test_no_state_breaks_out_of_the_title(world: World, browser: Browser, state: str) -> None:
    client = add_title_bar(world, name="</title><script>\u202e")
    reply = browser.arrive(client, redirect_uri=TITLE_BAR_REDIRECT_URI, state=state)
    assert browser.page.all("script") == []
    assert reply.body.count("</title>") == 1
    parsed = parse_qs(browser.page.title)
    assert (list(parsed), parsed["state"]) == (["code", "state"], [state])
    assert "\u202e" not in reply.body


@pytest.mark.checklist("1")
@pytest.mark.parametrize(
    "uri", [TITLE_BAR_REDIRECT_URI + "/", TITLE_BAR_REDIRECT_URI.upper(), "https://evil.example/"]
)
def test_a_title_bar_has_one_redirect_uri(world: World, browser: Browser, uri: str) -> None:
    assert browser.authorize(add_title_bar(world), redirect_uri=uri).status == 400


@pytest.mark.parametrize(
    "uri", ["https://localhost:4711/", "http://127.0.0.1:4711/", "http://[::1]:4711/"]
)
@pytest.mark.parametrize("port", [4711, None])
def test_a_port_of_the_localhost_gets_the_code(
    world: World, browser: Browser, uri: str, port: int | None
) -> None:
    client = add_localhost(world, port)
    reply = browser.arrive(client, redirect_uri=uri)
    assert reply.headers["Location"].startswith(uri + "?code=")
    assert exchange(world, client, answer_of(reply)["code"], redirect_uri=uri).status == 200


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://localhost:4711/", "https://localhost:4711"),
        ("http://127.0.0.1:4711/", "http://127.0.0.1:4711"),
        ("http://[::1]:4711/", "http:"),
    ],
)
def test_the_policy_lets_a_form_be_answered_there(
    world: World, browser: Browser, uri: str, source: str
) -> None:
    reply = browser.authorize(add_localhost(world, None), redirect_uri=uri)
    assert f"form-action 'self' {source};" in reply.headers["Content-Security-Policy"]


@pytest.mark.checklist("3")
@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:4711/",
        "https://localhost.evil:4711/",
        "https://localhost:4711.evil.example/",
        "https://evil.example:4711/",
        "http://127.0.0.1.evil.example:4711/",
        "http://127.0.0.2:4711/",
        "http://127.0.0.1:4711",
        "http://127.0.0.1:4711/x",
        "http://127.0.0.1:4711/?x=1",
        "http://127.0.0.1:4711/#",
        "http://127.0.0.1/",
        "http://127.0.0.1:/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:04711/",
        "http://127.0.0.1:65536/",
        "http://user@127.0.0.1:4711/",
        "http://127.0.0.1:4711@evil.example/",
        "http://127.0.0.1:\u0664\u0667\u0661\u0661/",
    ],
)
def test_on_the_localhost_only_the_port_may_vary(world: World, browser: Browser, uri: str) -> None:
    reply = browser.authorize(add_localhost(world, None), redirect_uri=uri)
    assert (reply.status, "Location" in reply.headers) == (400, False)


@pytest.mark.checklist("3")
def test_a_fixed_port_does_not_vary(world: World, browser: Browser) -> None:
    client = add_localhost(world, 4711)
    assert browser.authorize(client, redirect_uri="http://127.0.0.1:4712/").status == 400


@pytest.mark.checklist("3")
def test_a_code_is_bound_to_the_port_it_went_to(world: World, browser: Browser) -> None:
    client = add_localhost(world, None)
    code = answer_of(browser.arrive(client, redirect_uri="http://127.0.0.1:4711/"))["code"]
    reply = exchange(world, client, code, redirect_uri="http://127.0.0.1:4712/")
    assert (reply.status, reply.body["error"]) == (400, "invalid_grant")


@pytest.mark.checklist("6")
def test_a_mobile_application_never_goes_without_a_challenge(
    world: World, browser: Browser
) -> None:
    client = add_localhost(world, None, require_pkce=False)
    reply = browser.authorize(
        client,
        redirect_uri="http://127.0.0.1:4711/",
        code_challenge=None,
        code_challenge_method=None,
    )
    assert answer_of(reply)["error"] == "invalid_request"
