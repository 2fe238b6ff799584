"""A fault at every AWS call of what people and their applications do: success, or 503 and no half.

What the model of `test_person_interleavings` plays beneath the endpoints goes through them here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from chalicelib.directory.consents import Consents
from chalicelib.oauth.model import User
from tests.faults.operations import Operation, Send
from tests.faults.test_injection import FAULTS, Fault, Trial, answer_lost, kills, throttled
from tests.harness import Client, Process, Reply, World
from tests.pages.browser import AUTHORIZE, LOGOUT, SESSION, Browser, add_person, asking
from tests.people import REDIRECT_URI, TOKEN, VERIFIER, code_for, exchange, web_client

SCOPES = frozenset({"api", "openid", "offline_access"})
SCOPE = " ".join(sorted(SCOPES))


@dataclass(frozen=True)
class Scene:
    """A person who agreed, and the application."""

    world: World
    user: User
    client: Client


def scene(world: World) -> Scene:
    # Every process loads its key anew, and an elliptic one costs far less.
    user, client = add_person(world), web_client(world, id_token_signed_response_alg="ES256")
    Consents(world.stores.consents, world.clock).remember(user, client.client_id, SCOPES)
    return Scene(world, user, client)


def present(client: Client, **form: str) -> Send:
    return lambda process: process.post_form(TOKEN, form, client.basic)


def _exchange(world: World) -> Send:
    begun = scene(world)
    # The key ring is made at first use, which `test_key_rotation` plays.
    tokens(begun)
    code = code_for(world, begun.client, begun.user, scope=SCOPE)
    pair = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
    return present(begun.client, grant_type="authorization_code", code=code, **pair)


def tokens(begun: Scene) -> dict[str, str]:
    code = code_for(begun.world, begun.client, begun.user, scope=SCOPE)
    held: dict[str, str] = exchange(begun.world, begun.client, code).body
    return held


def _refresh(world: World) -> Send:
    begun = scene(world)
    token = tokens(begun)["refresh_token"]
    return present(begun.client, grant_type="refresh_token", refresh_token=token)


def _userinfo(world: World) -> Send:
    token = tokens(scene(world))["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    return lambda process: process.call("GET", "/oauth2/server/userinfo", headers=bearer)


EXCHANGE = Operation("exchange a code", _exchange)
REFRESH = Operation("refresh", _refresh)
USERINFO = Operation("userinfo", _userinfo)
TOKEN_OPERATIONS = (EXCHANGE, REFRESH, USERINFO)
by_operation = pytest.mark.parametrize("operation", TOKEN_OPERATIONS, ids=lambda one: one.name)
by_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)


def calls_of(operation: Operation) -> int:
    trial = Trial(operation)
    assert trial.send().status == operation.status
    return trial.calls


def is_alive(trial: Trial, reply: Reply) -> bool:
    """Whether the access token of an answer lets somebody in."""
    return trial.world.process.whoami(reply.body["access_token"]).status == 200


def assert_unavailable(reply: Reply) -> None:
    assert reply.status == 503, reply
    assert int(reply.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in reply.headers
    assert "Location" not in reply.headers


@by_fault
@by_operation
def test_one_fault_at_any_call_changes_nothing_for_the_application(
    operation: Operation, fault: Fault
) -> None:
    for last in range(calls_of(operation)):
        trial = Trial(operation)
        reply = trial.send(fault, last)
        assert reply.status == 200, (last, reply)
        if operation is not USERINFO:
            assert is_alive(trial, reply)


@by_fault
@by_operation
def test_storage_that_stays_away_is_a_503_and_the_next_try_gets_its_answer(
    operation: Operation, fault: Fault
) -> None:
    for last in range(calls_of(operation)):
        trial = Trial(operation)
        assert_unavailable(trial.send(fault, last, persistent=True))
        again = trial.send()
        if operation is EXCHANGE and again.status != 200:
            # The code was used and nobody heard of it: a second try is a replay.
            assert fault is answer_lost
            assert again.body["error"] == "invalid_grant"
        else:
            assert again.status == 200, (last, again)


@pytest.mark.checklist("18")
def test_an_exchange_killed_at_any_call_gives_its_code_back_or_is_a_replay() -> None:
    statuses = []
    for trial in kills(EXCHANGE):
        statuses.append(trial.send().status)
        assert codes(trial) == 2
    assert set(statuses) == {200, 400}
    # Only the write uses the code up, and only where it happened.
    assert statuses.count(400) == 1


@pytest.mark.checklist("43")
def test_a_refresh_killed_at_any_call_gives_its_answer_to_the_next_try() -> None:
    answers = []
    for trial in kills(REFRESH):
        reply = trial.send()
        assert reply.status == 200
        assert is_alive(trial, reply)
        answers.append(reply.body["refresh_token"])
        assert trial.send().body == reply.body
    # Before and after each of the read and the write.
    assert len(answers) == 4


# Pages


def browsing(world: World) -> tuple[Scene, Browser]:
    return scene(world), Browser(world)


def sending(browser: Browser, **typed: str) -> Send:
    """The form of the browser's page, filled in and not yet sent."""
    form, cookies = browser.page.form, cookies_of(browser)
    return lambda process: process.post_form(form.action, form.fields | typed, cookies)


def cookies_of(browser: Browser) -> dict[str, str]:
    pairs = [f"{name}={value}" for name, value in browser.cookies.items()]
    return {"Cookie": "; ".join(pairs), "Accept": "text/html"}


def request_of(begun: Scene, **changes: str) -> dict[str, str]:
    return asking(begun.client, scope=SCOPE, **changes)


def _log_in(world: World) -> Send:
    begun, browser = browsing(world)
    browser.get(AUTHORIZE, **request_of(begun))
    person = {"user_name": "jdoe", "user_domain": "domain"}
    return sending(browser, **person, password="correct horse battery")


def logged_in(world: World) -> tuple[Scene, Browser]:
    begun, browser = browsing(world)
    browser.get(AUTHORIZE, **request_of(begun))
    browser.log_in()
    return begun, browser


def _consent(world: World) -> Send:
    begun, browser = logged_in(world)
    browser.get(AUTHORIZE, **request_of(begun, prompt="consent"))
    return sending(browser, decision="allow")


def getting(browser: Browser, path: str, query: dict[str, str]) -> Send:
    cookies, values = cookies_of(browser), {name: [value] for name, value in query.items()}

    def send(process: Process) -> Reply:
        return process.call("GET", path, headers=cookies, query=values)

    return send


def _authorize(world: World) -> Send:
    begun, browser = logged_in(world)
    return getting(browser, AUTHORIZE, request_of(begun))


def _log_out(world: World) -> Send:
    begun, browser = logged_in(world)
    held = tokens(begun)
    return getting(browser, LOGOUT, {"id_token_hint": held["id_token"]})


LOG_IN = Operation("log in", _log_in, 303)
CONSENT = Operation("consent", _consent, 303)
AUTHORIZATION = Operation("authorize", _authorize, 303)
LOG_OUT = Operation("log out", _log_out)
PAGES = (LOG_IN, CONSENT, AUTHORIZATION, LOG_OUT)
by_page = pytest.mark.parametrize("operation", PAGES, ids=lambda one: one.name)


def sessions(trial: Trial) -> int:
    found = trial.world.stores.users.find("domain", "jdoe")
    assert found is not None
    return len(trial.world.stores.sessions.load(found.user.user_id).sessions.sessions)


def codes(trial: Trial) -> int:
    kinds = [item.get("kind", {}).get("S") for item in trial.world.tokens().values()]
    return kinds.count("authorization_code")


COUNTED: dict[Operation, Callable[[Trial], int]] = {
    LOG_IN: sessions,
    CONSENT: codes,
    AUTHORIZATION: codes,
    LOG_OUT: sessions,
}


@by_page
def test_an_answer_lost_at_any_call_changes_nothing_for_the_person(operation: Operation) -> None:
    whole = Trial(operation)
    before = COUNTED[operation](whole)
    assert whole.send().status == operation.status
    change = COUNTED[operation](whole) - before
    assert change == (-1 if operation is LOG_OUT else 1)
    for last in range(whole.calls):
        trial = Trial(operation)
        reply = trial.send(answer_lost, last)
        assert reply.status == operation.status, (last, reply)
        assert COUNTED[operation](trial) - before == change, last


@by_page
@pytest.mark.checklist("46")
def test_storage_that_stays_away_is_a_page_that_keeps_the_browsers_session(
    operation: Operation,
) -> None:
    for last in range(calls_of(operation)):
        trial = Trial(operation)
        reply = trial.send(throttled, last, persistent=True)
        assert_unavailable(reply)
        assert reply.headers["Content-Type"].startswith("text/html")
        assert SESSION not in str(reply.headers)
        again = trial.send()
        assert again.status == operation.status, (last, again)
