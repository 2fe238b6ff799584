"""Every route of the console and whoever should not get in, from the app's own routes."""

from dataclasses import dataclass

import pytest

from chalicelib.oauth.model import GrantType, User
from chalicelib.registry.built_in import CONSOLE_CLIENT_ID
from tests.console.administrators import Console, set_up
from tests.console.test_login import COOKIE
from tests.faults.dynamodb import Snapshot
from tests.harness import Client, Reply, World
from tests.pages.browser import add_person
from tests.pages.documents import Document

# Where nobody has to be logged in: the way in itself.
DOORSTEP = {("GET", "/console/callback"), ("GET", "/console/login")}

ROUTES = [
    (method, path)
    for path, methods in World().process.app.routes.items()
    for method in methods
    if f"{path}/".startswith("/console/") and (method, path) not in DOORSTEP
]
FORMS = [route for route in ROUTES if route[0] == "POST"]


@dataclass
class Deployment:
    world: World
    client: Client
    console: Console
    person: User

    def call(self, route: tuple[str, str], form: dict[str, str] | None = None) -> Reply:
        """Call a route with ids that exist; asserts that it changes nothing but what it counts."""
        method, path = route[0], self.path_of(route)
        before = self.records()
        reply = self.console.get(path) if method == "GET" else self.console.post(path, form or {})
        assert self.records() == before
        return reply

    def path_of(self, route: tuple[str, str]) -> str:
        path = route[1].replace("{client_id}", self.client.client_id)
        path = path.replace("{secret_id}", self.client.application.secrets[0].secret_id)
        return path.replace("{user_id}", self.person.user_id)

    def records(self) -> object:
        tables = self.world.database.tables
        return {
            name: {key: item for key, item in table.items.items() if "attempts#" not in str(key)}
            for name, table in tables.items()
        }


@pytest.fixture(scope="module")
def logged_in() -> tuple[Deployment, Snapshot]:
    """Somebody logged in, once for all tests: the login takes longer than what they try."""
    world = World()
    set_up(world)
    person = add_person(world)
    # The first question makes the signing keys.
    assert world.process.call("GET", "/oauth2/server/jwks").status == 200
    console = Console(world)
    assert console.enter().status == 200
    client = world.add_client(GrantType.CLIENT_CREDENTIALS)
    return Deployment(world, client, console, person), world.database.snapshot()


@pytest.fixture
def deployment(logged_in: tuple[Deployment, Snapshot]) -> Deployment:
    """As furnished, in tables and a process of its own."""
    first, snapshot = logged_in
    world = World()
    world.database.restore(snapshot)
    console = Console(world)
    console.cookies, console.page = dict(first.console.cookies), first.console.page
    return Deployment(world, first.client, console, first.person)


def assert_nobody(reply: Reply, route: tuple[str, str]) -> None:
    """A page sends to the login, a form is refused; JSON is asked for by scripts alone."""
    if route[0] == "GET" and reply.status == 303:
        assert reply.headers["Location"].startswith("/oauth2/server/authorize?")
        assert f"client_id={CONSOLE_CLIENT_ID}" in reply.headers["Location"]
    else:
        assert reply.status == 401


@pytest.mark.checklist("52")
@pytest.mark.parametrize("route", ROUTES)
def test_nobody_gets_in_without_a_login(deployment: Deployment, route: tuple[str, str]) -> None:
    world, console = deployment.world, deployment.console
    valid = console.cookies.pop(COOKIE)
    assert_nobody(deployment.call(route), route)
    other = world.process.get_token(deployment.client).token
    for value in (
        other,
        deployment.client.secret,
        "nonsense",
        valid[:-1] + ("0" if valid[-1] != "0" else "1"),
    ):
        console.cookies[COOKIE] = value
        if route[1] != "/console/logout":
            assert_nobody(deployment.call(route), route)
    console.cookies[COOKIE] = valid
    world.clock.sleep(3601)
    if route[1] != "/console/logout":
        assert_nobody(deployment.call(route), route)


@pytest.mark.checklist("52", "49")
@pytest.mark.parametrize("route", ROUTES)
def test_nobody_gets_in_without_the_role(deployment: Deployment, route: tuple[str, str]) -> None:
    account = deployment.world.stores.users.find("domain", "admon")
    assert account is not None
    deployment.world.change_user(account.user, roles=frozenset())
    assert deployment.call(route).status == 403


@pytest.mark.checklist("14")
@pytest.mark.parametrize("route", FORMS)
def test_a_form_without_a_token_of_its_own_is_refused(
    deployment: Deployment, route: tuple[str, str]
) -> None:
    foreign = Console(deployment.world)
    foreign.enter()
    theirs = next(one for one in foreign.page.forms if one.action == "/console/logout")
    own = next(one for one in deployment.console.page.forms if one.action == "/console/logout")
    others = own.fields["csrf_token"] if route[1] != "/console/logout" else "x"
    for token in (None, "", "x", theirs.fields["csrf_token"], others, "1.2.3"):
        form = {} if token is None else {"csrf_token": token}
        assert deployment.call(route, form).status == 403


HOSTILE = ("\ud800", "x" * 9_000, "\0", "' OR 1=1", "%", "-1", "[]", "é" * 300)
PARAMETERS = (
    *("search", "cursor", "user_domain", "status", "grant_type", "scope", "sort", "user_id"),
    *("actor", "target", "action", "since", "until", "done"),
)


@pytest.mark.checklist("61")
@pytest.mark.parametrize("route", [route for route in ROUTES if route[0] == "GET"])
def test_no_query_makes_the_server_fail(deployment: Deployment, route: tuple[str, str]) -> None:
    world, path = deployment.world, deployment.path_of(route)
    headers = deployment.console._headers()
    # Lists read their queries; pages of one thing hardly do.
    names = [{name} for name in PARAMETERS] if "{" not in route[1] else [set(PARAMETERS)]
    for value in HOSTILE:
        for query in ({name: [value] for name in some} for some in names):
            reply = world.process.call("GET", path, headers=headers, query=query)
            assert reply.status < 500, query
    twice = {name: ["a", "b"] for name in PARAMETERS}
    assert world.process.call("GET", path, headers=headers, query=twice).status < 500


@pytest.mark.checklist("11")
@pytest.mark.parametrize("route", [route for route in ROUTES if route[0] == "GET"])
def test_every_answer_has_its_headers(deployment: Deployment, route: tuple[str, str]) -> None:
    reply = deployment.call(route)
    assert reply.status in (200, 303, 404, 409)
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
    assert "unsafe" not in reply.headers["Content-Security-Policy"]


@pytest.mark.checklist("61")
@pytest.mark.parametrize("route", FORMS)
def test_a_form_that_is_too_large_is_refused_by_a_page(
    deployment: Deployment, route: tuple[str, str]
) -> None:
    deployment.console.page = Document("")
    reply = deployment.call(route, {"note": "x" * 70_000})
    assert (reply.status, deployment.console.page.title) == (413, "That is too much at once")
    assert deployment.console.page.by_id("retry")["href"] == "/console"


@pytest.mark.parametrize("path", ["/console/logout", "/console/certificates"])
def test_the_path_of_a_form_opened_as_a_page_leads_home(deployment: Deployment, path: str) -> None:
    reply = deployment.call(("GET", path))
    assert (reply.status, reply.headers["Location"]) == (303, "/console")
