"""Project A, a Grantline of its own, logs its people in through project B, the running server."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode, urlsplit

import jwt
import pytest
import requests

from chalicelib.oauth.model import Status
from tests.flows.clients import TIMEOUT_SECONDS, Administrator
from tests.flows.server import Server
from tests.flows.test_login import VERIFIER as LONGER_VERIFIER
from tests.flows.test_login import request_url, visit
from tests.flows.upstream import BEGIN, CALLBACK, Registration, Upstream, UpstreamRefused
from tests.flows.visitor import Visitor
from tests.harness import Client, World
from tests.pages.browser import VERIFIER, add_web_client, asking
from tests.served import serving

# Where B sends people: the address that a browser knows A by.
PUBLIC_NAME = "https://a.example"


@dataclass(frozen=True)
class Project:
    """Project A: its deployment, its way to B, and an application that it serves."""

    world: World
    upstream: Upstream
    client: Client

    def url(self, path: str) -> str:
        return self.world.settings.issuer + path


@pytest.fixture(name="registration")
def registration_fixture(server: Server) -> Registration:
    """A, registered with B as any web application is."""
    redirect_uri = PUBLIC_NAME + CALLBACK
    registered = Administrator(server).register(
        grant_type="authorization_code",
        allowed_scopes=["login"],
        redirect_strategy="web_application",
        redirect_uris=[redirect_uri],
        user_name=None,
        user_domain=None,
    )
    return Registration(
        server.issuer, registered["client_id"], registered["client_secret"], redirect_uri
    )


@pytest.fixture(name="project")
def project_fixture(registration: Registration) -> Iterator[Project]:
    made: list[Upstream] = []

    def prepare(world: World) -> None:
        # ID tokens of B are of this very moment.
        world.clock.seconds = time.time()
        made.append(Upstream(world, registration))
        made[0].add_to(world.process.app)

    # Another name of the loopback interface than B's, so that cookies stay apart.
    with serving("localhost", prepare) as world:
        client = add_web_client(world, allowed_scopes=frozenset({"api", "login"}))
        yield Project(world, made[0], client)


def travel(project: Project, server: Server, decision: str = "allow") -> Visitor:
    """From A's login to B and back, as the browser of B's seeded user."""
    request = asking(project.client, scope="openid profile", nonce="nonce-a")
    path = f"/oauth2/server/authorize?{urlencode(request)}"
    visitor = Visitor(project.world.settings.issuer, server.issuer)
    visitor.open(project.url(path))
    assert visitor.title.startswith("Log in")
    visitor.open(project.url(f"{BEGIN}?return_to={quote(path, safe='')}"))
    assert visitor.url.startswith(server.issuer)
    visitor.log_in(server.credentials["user"])
    visitor.submit({"decision": decision})
    assert visitor.url.startswith(PUBLIC_NAME)
    # A reverse proxy of A hands the request on.
    visitor.open(project.url(f"{CALLBACK}?{urlsplit(visitor.url).query}"))
    return visitor


def subject_of(server: Server) -> str:
    """B's own id of its seeded user."""
    user = server.credentials["user"]["user_name"]
    found = Administrator(server).send("GET", f"/users?search={user}").json()["items"]
    return str(found[0]["id"])


def test_people_of_one_project_log_in_through_another(server: Server, project: Project) -> None:
    person = project.world.add_user("jane")
    project.upstream.known[subject_of(server)] = ("domain", "jane")
    visitor = travel(project, server)
    assert "domain\\jane" in visitor.html
    visitor.submit({"decision": "allow"})
    answer = requests.post(
        project.url("/oauth2/server/token"),
        data={
            "grant_type": "authorization_code",
            "code": visitor.answer["code"],
            "redirect_uri": "https://client.example/callback",
            "code_verifier": VERIFIER,
        },
        headers=project.client.basic,
        timeout=TIMEOUT_SECONDS,
    ).json()
    claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
    assert (claims["iss"], claims["sub"]) == (project.world.settings.issuer, person.user_id)
    assert claims["nonce"] == "nonce-a"


def test_somebody_whom_only_the_other_project_knows_stays_outside(
    server: Server, project: Project
) -> None:
    visitor = travel(project, server)
    assert (visitor.status, visitor.html) == (403, "nobody here is that person")


def test_a_user_disabled_here_stays_outside(server: Server, project: Project) -> None:
    person = project.world.add_user("jane")
    project.upstream.known[subject_of(server)] = ("domain", "jane")
    project.world.change_user(person, status=Status.DISABLED)
    assert travel(project, server).status == 403


def test_a_refusal_over_there_logs_nobody_in_here(server: Server, project: Project) -> None:
    visitor = travel(project, server, decision="deny")
    assert (visitor.status, visitor.html) == (403, "access_denied")


def test_an_answer_of_another_browser_is_refused(project: Project) -> None:
    visitor = Visitor(project.world.settings.issuer)
    visitor.open(project.url(f"{CALLBACK}?code=glc_1&state=planted"))
    assert (visitor.status, visitor.html) == (403, "state")


def test_an_id_token_for_another_client_or_login_is_refused(
    server: Server, registration: Registration
) -> None:
    world = World()
    upstream = Upstream(world, registration)
    app = {"client_id": registration.client_id, "redirect_uri": registration.redirect_uri}
    visitor = visit(server, request_url(server, app, scope="openid", nonce="nonce-1"))
    token = requests.post(
        server.url("/oauth2/server/token"),
        data={
            "grant_type": "authorization_code",
            "code": visitor.answer["code"],
            "redirect_uri": registration.redirect_uri,
            "code_verifier": LONGER_VERIFIER,
        },
        auth=(registration.client_id, registration.client_secret),
        timeout=TIMEOUT_SECONDS,
    ).json()
    assert upstream.verify(token, "nonce-1") == subject_of(server)
    signed, _, signature = token["id_token"].rpartition(".")
    for changes, nonce in (
        ({}, "nonce-2"),
        ({"access_token": "another"}, "nonce-1"),
        ({"id_token": f"{signed}.{signature[::-1]}"}, "nonce-1"),
    ):
        with pytest.raises(UpstreamRefused):
            upstream.verify({**token, **changes}, nonce)
    other = Upstream(world, replace(registration, client_id="app_other"))
    with pytest.raises(UpstreamRefused, match="InvalidAudience"):
        other.verify(token, "nonce-1")
