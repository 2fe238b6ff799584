"""The consent page: what is asked, what each answer does, and what is remembered."""

from dataclasses import replace

import pytest

from chalicelib.oauth.model import Consent, GrantKind, RedirectStrategy, User
from tests.harness import Client, World
from tests.pages.browser import (
    CALLBACK,
    SESSION,
    Browser,
    add_person,
    add_web_client,
    answer_of,
    exchange,
)


def grants(world: World) -> int:
    """How many codes were issued."""
    kinds = [item.get("kind", {}).get("S") for item in world.tokens().values()]
    return kinds.count(GrantKind.AUTHORIZATION_CODE.value)


def jdoe(world: World) -> User:
    account = world.stores.users.find("domain", "jdoe")
    assert account is not None
    return account.user


def test_it_shows_who_asks_what_for_and_who_is_asked(world: World, browser: Browser) -> None:
    client = add_web_client(world, name="Expense reports", website="https://client.example/")
    browser.arrive(client, scope="api")
    page = browser.page
    assert page.title == "Access for Expense reports"
    assert page.by_id("user").text == "domain\\jdoe"
    assert page.by_id("destination").text == "client.example"
    assert "read and change business data in your name" in page.by_id("scopes").text
    assert page.by_id("website")["href"] == "https://client.example/"
    assert (page.by_id("allow")["value"], page.by_id("deny")["value"]) == ("allow", "deny")


def test_allow_is_remembered_for_the_same_scopes(
    world: World, browser: Browser, client: Client
) -> None:
    browser.arrive(client, scope="api")
    assert "code" in answer_of(browser.submit(decision="allow"))
    assert "code" in answer_of(browser.authorize(client, scope="api"))
    assert browser.authorize(client, scope="api odata_query").status == 200
    assert browser.page.has("allow")
    other = Browser(world)
    assert "code" in answer_of(other.arrive(client, scope="api"))


def test_deny_is_told_to_the_client_and_not_remembered(
    world: World, browser: Browser, client: Client
) -> None:
    browser.arrive(client)
    answer = answer_of(browser.submit(decision="deny"))
    assert (answer["error"], answer["state"]) == ("access_denied", "state-1")
    assert grants(world) == 0
    assert browser.authorize(client).status == 200


def test_prompt_consent_asks_again(browser: Browser, client: Client) -> None:
    browser.arrive(client)
    browser.submit(decision="allow")
    assert browser.authorize(client, prompt="consent").status == 200
    assert "code" in answer_of(browser.submit(decision="allow"))


def test_a_preapproved_application_asks_nobody(world: World, browser: Browser) -> None:
    client = add_web_client(world, consent=Consent.PREAPPROVED)
    assert "code" in answer_of(browser.arrive(client))


@pytest.mark.checklist("17")
def test_a_public_application_asks_each_time(world: World, browser: Browser) -> None:
    client = add_web_client(world, public=True)
    browser.arrive(client)
    assert "cannot prove who it is" in browser.page.text
    assert "code" in answer_of(browser.submit(decision="allow"))
    assert browser.authorize(client).status == 200
    assert browser.page.has("allow")
    assert answer_of(browser.authorize(client, prompt="none"))["error"] == "consent_required"
    # It is kept for the person to see and to withdraw, and counts for nothing else.
    assert list(world.stores.consents.load(jdoe(world).user_id).consents) == [client.client_id]


@pytest.mark.checklist("14")
@pytest.mark.parametrize("decision", ["allow", "deny"])
@pytest.mark.parametrize("token", ["", "nonsense", "A" * 43])
def test_a_form_without_its_token_is_refused_and_changes_nothing(
    world: World, browser: Browser, client: Client, token: str, decision: str
) -> None:
    browser.arrive(client)
    reply = browser.submit(decision=decision, csrf_token=token)
    assert (reply.status, grants(world)) == (403, 0)
    assert world.stores.consents.load(jdoe(world).user_id).consents == {}
    browser.get(browser.page.by_id("retry")["href"])
    assert "code" in answer_of(browser.submit(decision="allow"))


@pytest.mark.checklist("14")
def test_a_form_of_another_person_is_refused(world: World, client: Client) -> None:
    add_person(world, "mallory")
    victim, mallory = Browser(world), Browser(world)
    victim.arrive(client)
    mallory.arrive(client, "mallory")
    victim.page = mallory.page
    assert victim.submit(decision="allow").status == 403
    assert grants(world) == 0


@pytest.mark.checklist("14")
def test_a_used_form_is_refused(world: World, browser: Browser, client: Client) -> None:
    browser.arrive(client)
    page = browser.page
    browser.submit(decision="allow")
    browser.page = page
    assert browser.submit(decision="allow").status == 403
    assert grants(world) == 1


@pytest.mark.checklist("14")
def test_a_login_form_is_no_consent(browser: Browser, client: Client) -> None:
    browser.authorize(client)
    fields = browser.page.form.fields
    browser.log_in()
    assert browser.post("/consent", {**fields, "decision": "allow"}).status == 403


@pytest.mark.checklist("16")
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("request", "state-1", "state-2"),
        ("request", "callback", "callback2"),
        ("request", "scope=api", "scope=odata_query"),
        ("scope", "api", "api odata_query"),
        ("scope", "api", ""),
    ],
)
def test_what_was_shown_is_what_is_allowed(
    world: World, browser: Browser, name: str, old: str, new: str
) -> None:
    client = add_web_client(world, CALLBACK, CALLBACK + "2")
    browser.arrive(client, scope="api")
    value = browser.page.form.fields[name]
    assert old in value
    reply = browser.submit(decision="allow", **{name: value.replace(old, new)})
    assert (reply.status, grants(world)) == (403, 0)


@pytest.mark.checklist("49")
def test_rights_that_grew_while_the_page_was_open_are_asked_for(
    world: World, browser: Browser
) -> None:
    client = add_web_client(world, allowed_scopes=frozenset({"api", "admin"}))
    browser.arrive(client)
    world.change_user(jdoe(world), roles=frozenset({"administrator"}))
    assert browser.submit(decision="allow").status == 200
    assert "manage applications" in browser.page.by_id("scopes").text
    code = answer_of(browser.submit(decision="allow"))["code"]
    assert exchange(world, client, code).body["scope"] == "api admin"


def test_a_session_that_ended_meanwhile_begins_anew(
    world: World, browser: Browser, client: Client
) -> None:
    browser.arrive(client)
    world.clock.sleep(8 * 3600)
    reply = browser.submit(decision="allow")
    assert grants(world) == 0
    browser.follow(reply)
    assert browser.page.has("password")
    browser.follow(browser.log_in())
    assert "code" in answer_of(browser.submit(decision="allow"))


def test_a_browser_that_lost_its_session_is_told_so(
    world: World, browser: Browser, client: Client
) -> None:
    browser.arrive(client)
    del browser.cookies[SESSION]
    assert browser.submit(decision="allow").status == 403
    assert grants(world) == 0


@pytest.mark.parametrize("decision", ["", "yes", "ALLOW"])
def test_another_answer_is_none(
    world: World, browser: Browser, client: Client, decision: str
) -> None:
    browser.arrive(client)
    assert browser.submit(decision=decision).status == 400
    assert grants(world) == 0


def test_somebody_else_may_log_in_instead(world: World, browser: Browser, client: Client) -> None:
    add_person(world, "other")
    browser.arrive(client, login_hint="domain\\jdoe")
    browser.get(browser.page.by_id("switch_user")["href"])
    assert browser.page.by_id("user_name")["value"] == ""
    browser.follow(browser.log_in("other"))
    assert browser.page.by_id("user").text == "domain\\other"
    code = answer_of(browser.submit(decision="allow"))["code"]
    assert exchange(world, client, code).status == 200


def test_an_application_on_the_device_is_called_so(world: World, browser: Browser) -> None:
    client = add_web_client(world)
    client = world.change(
        client, redirect_strategy=RedirectStrategy.MOBILE_LOCALHOST_PORT, localhost_port=None
    )
    browser.arrive(client, redirect_uri="http://127.0.0.1:4711/")
    assert browser.page.by_id("destination").text == "an application on this device"


def test_form_post_and_title_answers_follow_the_consent_at_once(
    world: World, browser: Browser, client: Client
) -> None:
    browser.arrive(client, response_mode="form_post")
    assert browser.submit(decision="allow").status == 200
    code = browser.page.form.fields["code"]
    assert exchange(world, replace(client), code).status == 200


def test_its_path_opened_as_a_page_is_answered_by_a_page(browser: Browser) -> None:
    reply = browser.get("/consent")
    assert reply.status == 400
    assert browser.page.by_id("error_code").text == "invalid_request"
    assert "start again" in browser.page.by_id("error").text
