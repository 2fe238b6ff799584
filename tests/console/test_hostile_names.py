"""What others named, said and sent, on every page of the console and in every answer to a form."""

import re
from typing import Any

import pytest

from chalicelib.audit import Actor
from chalicelib.directory.consents import Consents
from chalicelib.directory.sessions import Sessions
from chalicelib.directory.users import Users
from chalicelib.oauth.model import Status, User
from tests.console.administrators import Console
from tests.console.test_access import ROUTES
from tests.harness import Client, Reply, World
from tests.pages.browser import add_person, describe
from tests.pages.documents import Document

SEEN = "\"'><img src=x onerror=alert(1)></title></textarea><script>alert(1)</script>{{7*7}}"
# No form takes such a mark; what was stored before the rule, or an agent sends, may hold it.
NASTY = f"{SEEN}\u202e"


@pytest.fixture(name="person")
def person_fixture(world: World) -> User:
    return add_person(world, SEEN)


@pytest.fixture(name="client")
def client_fixture(world: World, person: User) -> Client:
    client = world.add_client(name=NASTY, user_id=person.user_id)
    actor = Actor(client.client_id, person.user_id, NASTY, "192.0.2.1")
    changes = {"given_name": SEEN, "family_name": SEEN}
    Users(world.stores.users, world.clock).update(person.user_id, changes, actor)
    account = world.stores.users.load(person.user_id)
    assert account is not None
    Sessions(world.stores.sessions, world.clock).log_in(account.user, "192.0.2.1", NASTY)
    scopes = frozenset({"api"})
    Consents(world.stores.consents, world.clock).remember(account.user, client.client_id, scopes)
    return describe(world, client, description=SEEN, website="https://x.example/\"'><b onload=a>")


def assert_harmless(reply: Reply) -> None:
    """No element, attribute, script or invisible character that is not the console's own."""
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    if not str(reply.headers.get("Content-Type", "")).startswith("text/html"):
        return
    policy = str(reply.headers["Content-Security-Policy"])
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    # What was typed into a text area comes back as it was.
    assert "\u202e" not in re.sub(r"<textarea.*?</textarea>", "", reply.body, flags=re.DOTALL)
    page = Document(reply.body)
    assert not page.all("b")
    for element in page.elements:
        named: dict[str, Any] = element.attributes
        assert not [name for name in named if name.startswith("on")]
        if element.tag in ("script", "img", "link"):
            assert (named.get("src") or named.get("href", "")).startswith("/static/")
            assert element.text.strip() == ""


def path_of(path: str, client: Client, person: User) -> str:
    path = path.replace("{client_id}", client.client_id).replace("{user_id}", person.user_id)
    return path.replace("{secret_id}", client.application.secrets[0].secret_id)


@pytest.mark.checklist("13", "11")
@pytest.mark.parametrize("path", sorted(path for method, path in ROUTES if method == "GET"))
def test_names_are_text_on_every_page(
    console: Console, client: Client, person: User, path: str
) -> None:
    reply = console.get(path_of(path, client, person))
    assert reply.status in (200, 303, 404, 409)
    assert_harmless(reply)
    for name in ("search", "target", "actor", "user_domain", "done", "cursor", "since"):
        assert_harmless(console.get(path_of(path, client, person), **{name: NASTY}))


@pytest.mark.checklist("13", "11", "14")
@pytest.mark.parametrize("path", sorted(path for method, path in ROUTES if method == "POST"))
def test_every_answer_to_a_form_is_as_harmless(
    world: World, console: Console, client: Client, person: User, path: str
) -> None:
    path = path_of(path, client, person)
    names = ("name", "description", "website", "certificate", "user_name", "password", "typed")
    typed = dict.fromkeys((*names, "overlap", "session_id", "version", "user_domain"), NASTY)
    assert_harmless(console.post(path, typed))
    if path.endswith("/delete"):
        world.change(client, status=Status.DISABLED)
    # Where its form stands: on the page of that path, or on that of the thing that it changes.
    above = path.rpartition("/")[0]
    for place in (path, above, above.rpartition("/")[0] or "/console"):
        console.get(place)
        for form in [one for one in console.page.forms if one.action == path]:
            assert_harmless(console.post(path, form.fields))
            console.get(place)
            again = [one for one in console.page.forms if one.action == path]
            if again:
                assert_harmless(console.post(path, {**again[0].fields, **typed}))
            return
    bare = ("/enable", "/certificate", "/certificates")
    assert path.endswith(bare), "no form leads here"
