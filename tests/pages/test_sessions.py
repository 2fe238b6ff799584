"""When a person who is logged in is asked again: prompt, max_age, hints, rights, ends."""

import pytest

from chalicelib.oauth.model import Consent, Status
from tests.harness import Client, World
from tests.pages.browser import (
    SESSION,
    Browser,
    add_person,
    add_web_client,
    answer_of,
    exchange,
)
from tests.signing import ISSUER


def test_a_session_makes_the_next_login_unnecessary(world: World, browser: Browser) -> None:
    browser.arrive(add_web_client(world))
    other = add_web_client(world, consent=Consent.PREAPPROVED)
    assert "code" in answer_of(browser.authorize(other))
    assert "code" in answer_of(browser.authorize(other, prompt="none"))


def test_prompt_none_never_shows_a_page(browser: Browser, client: Client) -> None:
    browser.arrive(client)
    answer = answer_of(browser.authorize(client, prompt="none"))
    assert (answer["error"], answer["iss"]) == ("consent_required", ISSUER)


@pytest.mark.parametrize("prompt", ["login", "select_account", "login consent"])
def test_prompt_login_asks_who_is_logged_in_already_and_asks_once(
    world: World, browser: Browser, prompt: str
) -> None:
    client = add_web_client(world)
    browser.arrive(client)
    browser.submit(decision="allow")
    assert browser.authorize(client, prompt=prompt).status == 200
    assert browser.page.has("password")
    known = "" if prompt == "select_account" else "jdoe"
    assert browser.page.by_id("user_name")["value"] == known
    reply = browser.follow(browser.log_in())
    if "consent" in prompt:
        assert browser.page.has("allow")
        reply = browser.submit(decision="allow")
    assert "code" in answer_of(reply)


@pytest.mark.parametrize(("max_age", "seconds", "asked"), [(100, 100, 0), (100, 101, 1), (0, 1, 1)])
def test_max_age_asks_after_that_many_seconds(
    world: World, browser: Browser, max_age: int, seconds: int, asked: int
) -> None:
    client = add_web_client(world, consent=Consent.PREAPPROVED)
    browser.arrive(client)
    world.clock.sleep(seconds)
    reply = browser.authorize(client, max_age=str(max_age))
    assert (reply.status == 200) is bool(asked)
    if asked:
        reply = browser.log_in()
        world.clock.sleep(2)
        reply = browser.follow(reply)
    assert "code" in answer_of(reply)


@pytest.mark.parametrize(
    ("hint", "name", "domain"),
    [
        ("domain\\jdoe", "jdoe", "domain"),
        ("jdoe@domain", "jdoe", "domain"),
        ("j@doe@domain", "j@doe", "domain"),
        ("jdoe", "jdoe", ""),
        ("@domain", "@domain", ""),
        ('"><script>', '"><script>', ""),
    ],
)
def test_a_login_hint_fills_the_form(
    browser: Browser, client: Client, hint: str, name: str, domain: str
) -> None:
    browser.authorize(client, login_hint=hint)
    assert browser.page.by_id("user_name")["value"] == name
    assert browser.page.by_id("user_domain")["value"] == domain


def test_an_id_token_of_another_person_is_no_hint_at_who_is_logged_in(
    world: World, browser: Browser
) -> None:
    add_person(world, "other")
    scopes = frozenset({"login"})
    client = add_web_client(world, consent=Consent.PREAPPROVED, allowed_scopes=scopes)
    answer = answer_of(browser.arrive(client, scope="openid"))
    id_token = exchange(world, client, answer["code"]).body["id_token"]
    assert "code" in answer_of(browser.authorize(client, prompt="none", id_token_hint=id_token))
    other = Browser(world)
    other.arrive(client, "other")
    answer = answer_of(other.authorize(client, prompt="none", id_token_hint=id_token))
    assert answer["error"] == "login_required"
    for name in ("other", "jdoe"):
        # Whoever it is: the client learns from its ID token who did log in.
        other.authorize(client, id_token_hint=id_token, prompt="login")
        assert "code" in answer_of(other.follow(other.log_in(name)))
    assert "code" in answer_of(other.authorize(client, prompt="none", id_token_hint="nonsense"))


@pytest.mark.checklist("49")
def test_a_person_gives_no_more_than_it_may(world: World, browser: Browser) -> None:
    add_person(world, "admon", "administrator")
    client = add_web_client(world, allowed_scopes=frozenset({"api", "admin"}))
    answer = answer_of(browser.arrive(client, scope="admin"))
    assert answer["error"] == "invalid_scope"
    browser.authorize(client, scope="admin", prompt="login")
    browser.follow(browser.log_in("admon"))
    assert "manage applications" in browser.page.by_id("scopes").text


@pytest.mark.checklist("50")
@pytest.mark.parametrize("change", ["status", "token_epoch"])
def test_a_session_ends_with_its_user(
    world: World, browser: Browser, client: Client, change: str
) -> None:
    browser.arrive(client)
    user = world.stores.users.find("domain", "jdoe")
    assert user is not None
    value = Status.DISABLED if change == "status" else user.user.token_epoch + 1
    world.change_user(user.user, **{change: value})
    assert SESSION in browser.cookies
    assert answer_of(browser.authorize(client, prompt="none"))["error"] == "login_required"


@pytest.mark.checklist("50")
def test_a_session_ends_by_its_own_time(world: World, browser: Browser, client: Client) -> None:
    browser.arrive(client)
    world.clock.sleep(8 * 3600)
    assert answer_of(browser.authorize(client, prompt="none"))["error"] == "login_required"
