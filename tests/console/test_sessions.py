"""The console's token counts in the browser session of its login, and nowhere else."""

from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest

from chalicelib.directory.csrf import csrf_token
from chalicelib.directory.sessions import Sessions
from chalicelib.endpoints.console.desk import LOGOUT_FORM
from chalicelib.oauth.model import Introspection
from tests.console.administrators import Console
from tests.console.test_login import ATTEMPT, CALLBACK, COOKIE, asked
from tests.harness import World
from tests.pages.browser import SESSION, Browser, answer_of
from tests.protected.authorizers.gateways import (
    REFUSED,
    Event,
    Outcome,
    each_kind,
    meet,
    recorded,
)

VERIFIER, STATE = "a" * 43, "s" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.checklist("16", "21")
def test_a_code_with_its_verifier_is_worth_nothing_in_another_browser(
    world: World, console: Console
) -> None:
    # An administrator follows a link of the attacker's making, who then sees the code.
    parameters = {**asked(world, Console(world)), "code_challenge": CHALLENGE, "state": STATE}
    answer = answer_of(console.get("/oauth2/server/authorize", **parameters))
    assert console.get(CALLBACK, **answer).status == 400
    attacker = Browser(world)
    attacker.cookies[ATTEMPT] = f"{STATE}~{VERIFIER}~/console?"
    assert attacker.get(CALLBACK, **answer).status == 400
    assert COOKIE not in attacker.cookies
    # The code was spent, and what came of it was revoked.
    console.cookies[ATTEMPT] = f"{STATE}~{VERIFIER}~/console?"
    assert console.get(CALLBACK, **answer).status == 400


def test_a_token_of_the_console_opens_no_other_door(world: World, console: Console) -> None:
    token = console.cookies[COOKIE]
    headers = {"Authorization": f"Bearer {token}"}
    assert world.process.call("GET", "/admin/users", headers=headers).status == 401
    assert world.process.whoami(token).status == 401
    assert console.get("/console/applications").status == 200


@each_kind
def test_a_token_of_the_console_opens_no_api_behind_a_gateway(
    world: World, console: Console, kind: str
) -> None:
    event = recorded(kind, console.cookies[COOKIE])

    def ask(event: Event) -> object:
        return world.process.app.handler_map["authorize_requests"](event, None)

    assert meet(kind, event, ask) == Outcome(REFUSED[kind], {})
    Sessions(world.stores.sessions, world.clock).end(console.cookies[SESSION])
    assert meet(kind, event, ask) == Outcome(REFUSED[kind], {})


@pytest.mark.checklist("47")
def test_introspection_knows_no_token_of_the_console(world: World, console: Console) -> None:
    service = world.add_client(introspection=Introspection.ANY)
    token = console.cookies[COOKIE]
    assert world.process.introspect(token, service).body == {"active": False}
    Sessions(world.stores.sessions, world.clock).end(console.cookies[SESSION])
    assert console.get("/console/applications").status == 303
    assert world.process.introspect(token, service).body == {"active": False}


def test_a_logout_elsewhere_is_one_here(world: World, console: Console) -> None:
    console.get("/account")
    console.get(console.page.by_id("log_out")["href"])
    console.submit()
    assert SESSION not in console.cookies
    assert console.get("/console/applications").status == 303
    # Nor is the next person at this browser the one before.
    world.add_user("eve")
    assert console.get("/console/applications").status == 303


def test_ending_the_sessions_of_an_administrator_ends_the_console(
    world: World, console: Console
) -> None:
    other = Console(world)
    other.enter()
    other.get("/account")
    form = next(form for form in other.page.forms if form.fields.get("session_id") == "")
    assert other.post(form.action, form.fields).status == 303
    assert console.get("/console/applications").status == 303
    assert other.get("/console/applications").status == 200


@pytest.mark.checklist("14")
def test_a_form_that_anybody_can_make_writes_nothing(world: World) -> None:
    before = world.database.snapshot()
    for shown_at in (str(world.clock.now()), "999999999999"):
        cookie, nonce = "made-up", "n" * 22
        mac = csrf_token(cookie, LOGOUT_FORM, shown_at, nonce)
        form = {"csrf_token": f"{shown_at}.{nonce}.{mac}"}
        world.process.post_form("/console/logout", form, {"Cookie": f"{COOKIE}={cookie}"})
    assert world.database.snapshot() == before


@pytest.mark.checklist("11")
def test_no_window_has_a_hand_on_the_console(console: Console) -> None:
    reply = console.get("/console/applications")
    assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
