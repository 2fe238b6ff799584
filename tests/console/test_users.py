"""Users and domains at the console: listed, created, changed, and what they hold ended."""

import pytest

from chalicelib.audit import Actor
from chalicelib.directory.groups import Groups
from chalicelib.directory.model import Account
from chalicelib.directory.provisioning import Provisioning
from chalicelib.oauth.model import GrantType, Status, User
from tests.console.administrators import Console
from tests.harness import Reply, World
from tests.pages.browser import PASSWORD, Browser, add_person, add_web_client, answer_of

USERS = "/console/users"
NEW = "/console/users/new"
ACTOR = Actor(None, None, None, "127.0.0.1")
LONG = "a passphrase of some length"


def rows(console: Console) -> list[str]:
    return [
        one.text.split("\n")[1].strip()
        for one in console.page.all("th")
        if one.attributes.get("scope") == "row"
    ]


def find(world: World, name: str, domain: str = "domain") -> Account:
    account = world.stores.users.find(domain, name)
    assert account is not None
    return account


def send(console: Console, form_id: str, **typed: str) -> Reply:
    form = next(one for one in console.page.forms if one.attributes.get("id") == form_id)
    fields = {name: value for name, value in {**form.fields, **typed}.items() if value != "-"}
    return console.arrive_at(console.post(form.action, fields))


def confirm(console: Console, path: str) -> Reply:
    console.get(path)
    assert console.page.has("confirm")
    return send(console, "confirm_form")


@pytest.fixture(name="person")
def person_fixture(world: World) -> User:
    return find(world, "jdoe").user


@pytest.fixture(name="path")
def path_fixture(person: User) -> str:
    return f"{USERS}/{person.user_id}"


def test_users_are_listed_and_narrowed(world: World, console: Console) -> None:
    add_person(world, "alice", "administrator")
    console.get(NEW, user_domain="Other")
    send(console, "user_form", user_name="Albert", given_name="Al", family_name="Bert")
    confirm(console, f"{USERS}/{find(world, 'albert', 'other').user.user_id}/disable")
    for query, expected in (
        ({}, ["admon", "Albert", "alice", "jdoe"]),
        ({"search": "AL"}, ["Albert", "alice"]),
        ({"user_domain": "OTHER"}, ["Albert"]),
        ({"status": "disabled"}, ["Albert"]),
        ({"status": "enabled", "search": "a"}, ["admon", "alice"]),
        ({"status": "deleted"}, []),
        ({"search": "nobody"}, []),
    ):
        assert console.get(USERS, **query).status == 200
        assert rows(console) == expected, query
    console.get(USERS, search="al")
    for shown in ("Al Bert", "Other", "Administrator", "Disabled", "Enabled"):
        assert shown in console.page.text


@pytest.mark.parametrize(
    "query",
    [{"status": "gone"}, {"cursor": "x"}, {"search": "x" * 101}, {"user_domain": "x" * 101}],
)
def test_what_no_form_of_ours_sends_is_refused(console: Console, query: dict[str, str]) -> None:
    assert console.get(USERS, **query).status == 400
    assert console.page.has("error")


def test_lists_go_on(world: World, console: Console) -> None:
    for number in range(60):
        world.add_user(f"person{number:02}")
    seen: list[str] = []
    console.get(USERS, search="person")
    while True:
        seen += rows(console)
        if not console.page.has("next"):
            break
        console.get(USERS + console.page.by_id("next")["href"])
    assert seen == [f"person{number:02}" for number in range(60)]


def test_a_status_is_looked_for_in_a_bounded_number_of_users(
    world: World, console: Console
) -> None:
    for number in range(210):
        world.add_user(f"person{number:03}")
    world.change_user(find(world, "person205").user, status=Status.DISABLED)
    console.get(USERS, status="disabled")
    assert rows(console) == []
    assert console.page.has("cut_short")
    console.get(USERS + console.page.by_id("next")["href"])
    assert rows(console) == ["person205"]


def test_domains_are_listed_with_the_number_of_their_users(console: Console) -> None:
    console.get(NEW)
    send(console, "user_form", user_name="x", user_domain="Other & more")
    console.get("/console/domains")
    assert rows(console) == ["domain", "Other & more"]
    assert [one.text for one in console.page.all("td")] == ["2", "1"]
    console.get("/console/domains", search="other")
    (link,) = [one for one in console.page.all("a") if one.text == "Other & more"]
    console.get(link["href"])
    assert rows(console) == ["x"]
    assert console.get("/console/domains", cursor="x").status == 400


def test_a_user_is_created_and_can_log_in(world: World, console: Console) -> None:
    console.get(NEW)
    typed = {
        "user_name": "Ada",
        "user_domain": "domain",
        "email": "ada@example.com",
        "given_name": "Ada",
        "administrator": "on",
        "password": PASSWORD,
        "repeat_password": PASSWORD,
    }
    assert send(console, "user_form", **typed).status == 200
    assert console.page.by_id("notice").text == "Created."
    account = find(world, "ada")
    assert (account.email, account.given_name) == ("ada@example.com", "Ada")
    assert account.user.roles == {"administrator"}
    assert Console(world).enter(name="ada").status == 200
    (event,) = world.stores.audit.list_events(account.user.user_id, None, 10).items
    assert (event.action, event.actor.user_name) == ("user.created", "domain\\admon")


def test_every_wrong_field_is_told_at_once_and_nothing_typed_is_lost(
    world: World, console: Console
) -> None:
    console.get(NEW)
    typed = {
        "user_name": "a\\b",
        "email": "nothing",
        "given_name": "Zoë",
        "administrator": "on",
        "password": "password1",
        "repeat_password": "other",
    }
    reply = send(console, "user_form", **typed)
    assert reply.status == 400
    for name in ("user_name", "user_domain", "email", "password", "repeat_password"):
        assert console.page.has(f"{name}_error"), name
    for name in ("user_name", "email", "given_name"):
        assert console.page.by_id(name)["value"] == typed[name]
    assert "checked" in console.page.by_id("administrator").attributes
    assert "password1" not in reply.body
    fixed = {"user_name": "jdoe", "user_domain": "DOMAIN", "email": ""}
    assert send(console, "user_form", **fixed).status == 409
    assert console.page.has("user_name_error")
    assert send(console, "user_form", user_name="zoe").status == 200
    assert find(world, "zoe").given_name == "Zoë"


def test_a_user_is_changed(world: World, console: Console, person: User, path: str) -> None:
    console.get(path)
    console.get(console.page.by_id("edit")["href"])
    send(console, "user_form", email="j@example.com", administrator="on")
    assert console.page.by_id("notice").text == "Saved."
    assert find(world, "jdoe").user.roles == {"administrator"}
    console.get(f"{path}/edit")
    assert "checked" in console.page.by_id("administrator").attributes
    # A box without its mark is not sent.
    send(console, "user_form", administrator="-", email="")
    account = find(world, "jdoe")
    assert (account.user.roles, account.email) == (frozenset(), None)
    console.get(f"{path}/edit")
    assert send(console, "user_form", user_name="").status == 400
    assert find(world, "jdoe").user.user_id == person.user_id


def test_a_change_of_somebody_else_is_told(world: World, console: Console, path: str) -> None:
    console.get(f"{path}/edit")
    world.change_user(find(world, "jdoe").user, roles=frozenset({"administrator"}))
    assert send(console, "user_form", given_name="Jane").status == 412
    assert "Somebody changed this user" in console.page.by_id("problem").text
    assert console.page.by_id("given_name")["value"] == "Jane"
    assert find(world, "jdoe").given_name is None
    assert send(console, "user_form", administrator="on").status == 200
    assert find(world, "jdoe").given_name == "Jane"


@pytest.mark.checklist("54", "53")
def test_a_form_sets_nothing_but_its_fields(
    world: World, console: Console, person: User, path: str
) -> None:
    console.get(f"{path}/edit")
    more = {"user_id": "usr_x", "roles": "root", "status": "disabled", "external_id": "1"}
    assert send(console, "user_form", **more, token_epoch="7").status == 200
    account = find(world, "jdoe")
    assert account.user.user_id == person.user_id
    assert account.user.roles == frozenset()
    assert (account.user.enabled, account.external_id) == (True, None)


@pytest.mark.checklist("54")
def test_a_new_user_has_nothing_but_its_fields(world: World, console: Console) -> None:
    console.get(NEW)
    ids = {"user_id": "usr_x", "id": "usr_x", "external_id": "1", "status": "disabled"}
    more = {**ids, "roles": "administrator", "groups": "root", "token_epoch": "7"}
    assert send(console, "user_form", user_name="Ada", user_domain="domain", **more).status == 200
    account = find(world, "ada")
    assert account.user == User(account.user.user_id, "Ada", "domain")
    assert (account.user.user_id == "usr_x", account.external_id) == (False, None)


def test_groups_of_provisioning_survive_a_change(world: World, console: Console) -> None:
    person = find(world, "jdoe").user
    groups = Groups(world.stores.groups, world.stores.users, world.clock)
    group = groups.create({"display_name": "Night shift"}, ACTOR)
    groups.apply(group.group_id, groups.plan(group, [person.user_id], []), ACTOR)
    console.get(f"{USERS}/{person.user_id}")
    assert "Night shift" in console.page.text
    console.get(f"{USERS}/{person.user_id}/edit")
    send(console, "user_form", given_name="Jane")
    assert find(world, "jdoe").user.roles == {group.group_id}
    console.get(USERS, search="jdoe")
    assert "1 group" in console.page.text


def test_a_deleted_user_is_shown_and_cannot_be_changed(
    world: World, console: Console, path: str, person: User
) -> None:
    console.get(f"{path}/edit")
    form = next(one for one in console.page.forms if one.attributes["id"] == "user_form")
    Provisioning(world.stores.users, world.clock).delete(person.user_id, ACTOR)
    console.get(USERS, status="deleted")
    assert rows(console) == ["jdoe"]
    console.get(path)
    assert console.page.has("deleted")
    assert not console.page.has("edit")
    assert console.post(form.action, form.fields).status == 409


@pytest.mark.checklist("50")
def test_a_disabled_user_is_out_at_once(world: World, console: Console, path: str) -> None:
    browser = Browser(world)
    browser.get("/login")
    browser.log_in()
    confirm(console, f"{path}/disable")
    assert "Disabled" in console.page.text
    assert browser.get("/account").status == 200
    assert browser.page.has("password")
    browser.log_in()
    assert browser.page.has("password")
    send(console, "enable_form")
    assert find(world, "jdoe").user.enabled
    assert browser.log_in().status == 303


@pytest.mark.checklist("62")
def test_a_password_is_set(world: World, console: Console, path: str) -> None:
    console.get(f"{path}/password")
    for typed in (("short", "short"), ("password1", "password1"), (LONG, "another"), ("", "")):
        reply = send(console, "password_form", password=typed[0], repeat_password=typed[1])
        assert reply.status == 400
        assert console.page.has("errors")
        assert "another" not in reply.body
    assert send(console, "password_form", password=LONG, repeat_password=LONG).status == 200
    assert "Every token" in console.page.by_id("notice").text
    browser = Browser(world)
    browser.get("/login")
    assert browser.log_in().status == 401 or browser.page.has("password")
    assert browser.log_in(password=LONG).status == 303


def test_browser_sessions_are_ended(world: World, console: Console, path: str) -> None:
    browsers = [Browser(world) for _ in range(3)]
    for browser in browsers:
        browser.get("/login")
        browser.log_in()
    console.get(path)
    forms = [one for one in console.page.forms if one.action == f"{path}/sessions"]
    assert len(forms) == 3
    assert console.arrive_at(console.post(forms[0].action, forms[0].fields)).status == 200
    swapped = {**forms[1].fields, "session_id": forms[2].fields["session_id"]}
    assert console.post(forms[1].action, swapped).status == 403
    confirm(console, f"{path}/sessions/end")
    assert console.page.has("no_sessions")
    for browser in browsers:
        browser.get("/account")
        assert browser.page.has("password")


def test_a_consent_is_withdrawn(world: World, console: Console, path: str) -> None:
    client = add_web_client(world, name="Field service")
    browser = Browser(world)
    browser.arrive(client, scope="api")
    assert "code" in answer_of(browser.submit(decision="allow"))
    console.get(path)
    assert "Field service" in console.page.text
    withdraw = f"{path}/consents/{client.client_id}"
    assert withdraw in [one.attributes.get("href") for one in console.page.all("a")]
    console.get(withdraw)
    assert console.page.by_id("subject").text == "Field service, by domain\\jdoe"
    confirm(console, withdraw)
    assert console.page.has("no_consents")
    console.get(withdraw)
    assert send(console, "confirm_form").status == 404


def test_applications_that_act_as_a_user_are_listed(
    world: World, console: Console, path: str, person: User
) -> None:
    for number in range(10):
        name = f"Robot {number}"
        world.add_client(GrantType.CLIENT_CREDENTIALS, name=name, user_id=person.user_id)
    world.add_client(name="Another")
    console.get(path)
    assert "Robot 7" in console.page.text
    assert "Robot 8" not in console.page.text
    console.get(console.page.by_id("more_acting")["href"])
    assert "domain\\jdoe" in console.page.by_id("acting_as").text
    shown = [
        name for name in (f"Robot {number}" for number in range(10)) if name in console.page.text
    ]
    assert len(shown) == 10
    assert "Another" not in console.page.text
    form = console.page.form_of(user_id=person.user_id)
    assert form.fields["search"] == ""
    assert console.get("/console/applications", user_id="x").status == 400


def test_when_applications_and_secrets_were_used_last_is_shown(
    world: World, console: Console
) -> None:
    client = world.add_client(name="Payroll")
    secret_id = client.application.secrets[0].secret_id
    now = world.clock.now()
    console.get("/console/applications", search="payroll")
    assert "14 Jan 2027" not in console.page.text
    console.get(f"/console/applications/{client.client_id}")
    assert "no use known" in console.page.text
    uses = {(client.client_id, None): now - 86_400, (client.client_id, secret_id): now - 2 * 86_400}
    world.stores.usage.add([], uses)
    console.get("/console/applications", search="payroll")
    assert "14 Jan 2027" in console.page.text
    console.get(f"/console/applications/{client.client_id}")
    assert "14 January 2027" in console.page.by_id("last_used").text
    assert "last used 13 January 2027" in console.page.text


@pytest.mark.checklist("13")
def test_names_are_escaped_and_visible(world: World, console: Console) -> None:
    user = world.add_user("</title><script>\u202e")
    for path in (USERS, f"{USERS}/{user.user_id}", f"{USERS}/{user.user_id}/disable"):
        reply = console.get(path)
        assert "<script>alert" not in reply.body
        assert "</title><script>" not in reply.body
        assert "\u202e" not in reply.body


@pytest.mark.parametrize("below", ["", "/edit", "/password", "/disable", "/sessions/end"])
@pytest.mark.parametrize("user_id", ["x", "usr_" + "0" * 26])
def test_a_user_whom_there_is_not_is_not_found(console: Console, user_id: str, below: str) -> None:
    assert console.get(f"{USERS}/{user_id}{below}").status == 404
    assert console.page.has("error")


def test_ones_own_account_is_marked(world: World, console: Console) -> None:
    own = find(world, "admon").user
    console.get(f"{USERS}/{own.user_id}")
    assert "You" in console.page.text
    assert not console.page.has("disable")
    console.get(f"{USERS}/{own.user_id}/sessions/end")
    assert "your own account" in console.page.text


def test_nobody_locks_out_the_own_account(world: World, console: Console) -> None:
    path = f"{USERS}/{find(world, 'admon').user.user_id}"
    assert confirm(console, f"{path}/disable").status == 409
    console.get(f"{path}/edit")
    assert send(console, "user_form", administrator="-", given_name="Ada").status == 409
    assert console.page.has("roles_error")
    assert console.page.by_id("given_name")["value"] == "Ada"
    account = find(world, "admon")
    assert account.user.enabled
    assert account.user.roles == {"administrator"}
