"""Every page: its headers, what makes it usable, and that nobody's words break it."""

import re
from collections.abc import Callable

import pytest

from chalicelib.oauth.model import Consent
from chalicelib.oauth.redirect_strategy import TITLE_BAR_REDIRECT_URI
from tests.harness import Reply, World
from tests.pages.browser import LOGOUT, Browser, add_person, add_web_client
from tests.pages.test_strategies import add_title_bar

NASTY = "</title><script>alert(1)</script>\"'&lt;\u202e\u2066\x00\x07\u200b"


def _login(world: World, browser: Browser) -> Reply:
    client = add_web_client(world, name=NASTY, website="https://client.example/")
    return browser.authorize(client, login_hint=NASTY)


def _refused(world: World, browser: Browser) -> Reply:
    _login(world, browser)
    return browser.log_in(NASTY, "wrong")


def _consent(world: World, browser: Browser) -> Reply:
    website = "https://client.example/"
    client = add_web_client(world, name=NASTY, website=website, public=True)
    return browser.arrive(client, state=NASTY)


def _form_post(world: World, browser: Browser) -> Reply:
    client = add_web_client(world, name=NASTY, consent=Consent.PREAPPROVED)
    return browser.arrive(client, response_mode="form_post")


def _title(world: World, browser: Browser) -> Reply:
    client = add_title_bar(world, name=NASTY)
    return browser.arrive(client, redirect_uri=TITLE_BAR_REDIRECT_URI, state=NASTY)


def _title_error(world: World, browser: Browser) -> Reply:
    client = add_title_bar(world, name=NASTY)
    return browser.authorize(client, redirect_uri=TITLE_BAR_REDIRECT_URI, prompt="none")


def _error(world: World, browser: Browser) -> Reply:
    return browser.authorize(add_web_client(world), redirect_uri=NASTY)


def _out_of_date(world: World, browser: Browser) -> Reply:
    browser.authorize(add_web_client(world))
    browser.cookies.clear()
    return browser.log_in()


def _plain_login(_: World, browser: Browser) -> Reply:
    return browser.get("/login")


def _logged_in(_: World, browser: Browser) -> Reply:
    browser.get("/login")
    return browser.follow(browser.log_in())


def _logout(world: World, browser: Browser) -> Reply:
    _logged_in(world, browser)
    client = add_web_client(world, name=NASTY)
    return browser.get(LOGOUT, client_id=client.client_id, state=NASTY)


def _logged_out(world: World, browser: Browser) -> Reply:
    _logout(world, browser)
    return browser.submit()


def _account(world: World, browser: Browser) -> Reply:
    client = add_web_client(world, name=NASTY)
    browser.arrive(client)
    browser.submit(decision="allow")
    other = Browser(world)
    other.get("/login")
    other.log_in()
    return browser.get("/account", done="session")


def _password(world: World, browser: Browser) -> Reply:
    _logged_in(world, browser)
    return browser.get("/account/password")


def _password_refused(world: World, browser: Browser) -> Reply:
    _password(world, browser)
    return browser.submit(password=NASTY, new_password=NASTY, repeat_password="other")


PAGES: dict[str, Callable[[World, Browser], Reply]] = {
    "login": _login,
    "refused": _refused,
    "consent": _consent,
    "form_post": _form_post,
    "title": _title,
    "title_error": _title_error,
    "error": _error,
    "out_of_date": _out_of_date,
    "plain_login": _plain_login,
    "logged_in": _logged_in,
    "logout": _logout,
    "logged_out": _logged_out,
    "account": _account,
    "password": _password,
    "password_refused": _password_refused,
}


@pytest.fixture(params=PAGES, scope="module")
def shown(request: pytest.FixtureRequest) -> tuple[str, Reply, Browser]:
    world = World()
    add_person(world)
    browser = Browser(world)
    return request.param, PAGES[request.param](world, browser), browser


Shown = tuple[str, Reply, Browser]


@pytest.mark.checklist("11")
def test_every_page_has_its_headers(shown: Shown) -> None:
    name, reply, _ = shown
    headers = reply.headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy.pop("form-action").split(" ")[0] == "'self'"
    assert policy.pop("script-src", None) == ("'self'" if name == "form_post" else None)
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


STANDING_ALONE = {"plain_login", "logged_in", "account", "password", "password_refused"}


@pytest.mark.checklist("11")
def test_what_no_application_led_to_is_out_of_reach_of_its_windows(shown: Shown) -> None:
    """HTML, "Cross-origin opener policies". A login in a popup has to tell its opener."""
    name, reply, _ = shown
    expected = "same-origin" if name in STANDING_ALONE else None
    assert reply.headers.get("Cross-Origin-Opener-Policy") == expected


@pytest.mark.checklist("11")
def test_nothing_comes_from_another_host_or_is_written_into_the_page(shown: Shown) -> None:
    name, _, browser = shown
    page = browser.page
    loaded = [one.attributes.get("src", "") for one in page.elements if "src" in one.attributes]
    loaded += [link["href"] for link in page.all("link")]
    assert loaded
    assert all(re.fullmatch(r"/static/[a-z]+\.[0-9a-f]{16}\.[a-z]+", url) for url in loaded)
    assert len(page.all("script")) == (1 if name == "form_post" else 0)
    assert all(script.text == "" for script in page.all("script"))
    assert page.all("style") == []
    for element in page.elements:
        assert not [key for key in element.attributes if key == "style" or key.startswith("on")]


@pytest.mark.checklist("13")
def test_the_words_of_others_are_escaped_and_visible(shown: Shown) -> None:
    _, reply, browser = shown
    assert "alert(1)" not in "".join(script.text for script in browser.page.all("script"))
    assert "<script>alert" not in reply.body
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00-\x09\x0b-\x1f]", reply.body)
    assert reply.body.count("</title>") == 1


def test_every_page_is_usable_by_everybody(shown: Shown) -> None:
    _, reply, browser = shown
    page = browser.page
    assert reply.body.startswith("<!DOCTYPE html>\n")
    assert page.only("html")["lang"] == "en"
    assert page.only("h1").text.strip()
    assert page.title.strip() == page.title != ""
    assert page.only("main")
    assert all("alt" in image.attributes for image in page.all("img"))
    ids = [one["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    labelled = {label["for"] for label in page.all("label")}
    for field in page.all("input"):
        if field["type"] != "hidden":
            assert field["id"] in labelled
            assert field["autocomplete"]
    for one in page.elements:
        for reference in ("aria-describedby", "aria-labelledby", "for"):
            assert set(one.attributes.get(reference, "").split()) <= set(ids)
    assert all(button["type"] == "submit" for button in page.all("button"))
    viewport = [one["content"] for one in page.all("meta") if one.attributes.get("name")]
    assert "width=device-width, initial-scale=1" in viewport


def test_links_lead_to_us_or_to_the_applications_website(shown: Shown) -> None:
    _, _, browser = shown
    for link in browser.page.all("a"):
        assert link["href"].startswith("/") or link["id"] == "website"
        assert link.text.strip()
