"""Sessions and consents of a user over the endpoints: listed, ended, withdrawn, audited."""

from typing import Any

import pytest

from chalicelib.directory.consents import Consents
from chalicelib.directory.sessions import Sessions
from chalicelib.oauth.ids import new_client_id, new_user_id
from chalicelib.oauth.model import Consent
from tests.endpoints.administration import Administration
from tests.fakes.clock import FakeClock
from tests.fakes.stores import FakeStores
from tests.harness import World
from tests.people import code_for, exchange, web_client

# Fixed, as it is part of the names of tests.
NO_ULID = "0" * 26
START_TEXT = "2027-01-15T08:00:00Z"


class Deployment:
    """An administrator, and a user who is logged in twice."""

    def __init__(self, stores: Any) -> None:
        clock = FakeClock()
        self.administration = Administration(stores, clock)
        self.sessions = Sessions(stores.sessions, clock)
        self.consents = Consents(stores.consents, clock)
        self.user_id = self.administration.add_user("jdoe")
        self.user = user = stores.users.load(self.user_id).user
        self.logins = [
            self.sessions.log_in(user, f"192.0.2.{number}", f"Browser/{number}")
            for number in range(2)
        ]
        self.path = f"/admin/users/{self.user_id}"

    @property
    def alive(self) -> list[bool]:
        return [self.sessions.find(cookie) is not None for _, cookie in self.logins]

    def actions(self) -> list[str]:
        trail = self.administration.stores.audit
        return [event.action for event in trail.list_events(self.user_id, None, 10).items]


@pytest.fixture(params=["fakes", "tables"])
def deployment(request: pytest.FixtureRequest, clock: FakeClock) -> Deployment:
    if request.param == "fakes":
        return Deployment(FakeStores())
    return Deployment(request.getfixturevalue("aws").stores(clock, lease_seconds=0.0))


def test_sessions_are_listed_without_anything_that_opens_them(deployment: Deployment) -> None:
    reply = deployment.administration.call("GET", f"{deployment.path}/sessions")
    assert (reply.status, reply.body["next"], reply.body["count"]) == (200, None, 2)
    by_browser = {item["user_agent"]: item for item in reply.body["items"]}
    session, cookie = deployment.logins[1]
    assert by_browser["Browser/1"] == {
        "session_id": session.session_id,
        "authenticated_at": START_TEXT,
        "last_used_at": START_TEXT,
        "ends_at": "2027-01-15T16:00:00Z",
        "maximum_ends_at": "2027-01-22T08:00:00Z",
        "source_ip": "192.0.2.1",
        "user_agent": "Browser/1",
    }
    assert cookie.partition(".")[2] not in str(reply.body)


@pytest.mark.checklist("15")
def test_one_session_is_ended(deployment: Deployment) -> None:
    session, _ = deployment.logins[0]
    path = f"{deployment.path}/sessions/{session.session_id}"
    assert deployment.administration.call("DELETE", path).status == 204
    assert deployment.alive == [False, True]
    assert deployment.administration.call("DELETE", path).status == 404
    assert deployment.actions()[:2] == ["session.ended", "user.created"]
    events = deployment.administration.call("GET", "/admin/audit").body["items"]
    (ended,) = [event for event in events if event["action"] == "session.ended"]
    assert ended["changes"] == {"session_id": session.session_id}
    assert ended["actor"]["user_id"] == deployment.administration.administrator


@pytest.mark.checklist("15")
def test_all_sessions_are_ended(deployment: Deployment) -> None:
    path = f"{deployment.path}/sessions"
    assert deployment.administration.call("DELETE", path).status == 204
    assert deployment.administration.call("DELETE", path).status == 204
    assert deployment.alive == [False, False]
    assert deployment.administration.call("GET", path).body["items"] == []
    assert deployment.actions()[:2] == ["sessions.ended", "user.created"]


@pytest.mark.checklist("50")
@pytest.mark.parametrize(
    ("path", "body"), [("disable", None), ("password", {"password": "a brand new one"})]
)
def test_disabling_and_a_new_password_end_every_session(
    deployment: Deployment, path: str, body: object
) -> None:
    reply = deployment.administration.call("POST", f"{deployment.path}/{path}", body)
    assert reply.status == 200
    assert deployment.alive == [False, False]
    listed = deployment.administration.call("GET", f"{deployment.path}/sessions")
    assert listed.body["items"] == []


def test_consents_are_listed_and_withdrawn(deployment: Deployment) -> None:
    client_id, scopes = new_client_id(), frozenset({"login", "api"})
    deployment.consents.remember(deployment.user, client_id, scopes)
    reply = deployment.administration.call("GET", f"{deployment.path}/consents")
    consent = {"client_id": client_id, "scopes": ["api", "login"], "granted_at": START_TEXT}
    assert (reply.status, reply.body) == (200, {"items": [consent], "next": None, "count": 1})
    path = f"{deployment.path}/consents/{client_id}"
    assert deployment.administration.call("DELETE", path).status == 204
    assert deployment.administration.call("DELETE", path).status == 404
    assert deployment.alive == [True, True]
    reply = deployment.administration.call("GET", f"{deployment.path}/consents")
    assert reply.body["items"] == []
    assert deployment.actions()[:2] == ["consent.withdrawn", "consent.given"]


def test_what_an_application_holds_ends_although_nobody_was_asked() -> None:
    """Preapproved, or with a consent that made room for others."""
    world = World()
    admon, user = world.add_user("admon", "administrator"), world.add_user()
    admin = world.add_client(user_id=admon.user_id, allowed_scopes=frozenset({"admin"}))
    client, other = web_client(world, consent=Consent.PREAPPROVED), web_client(world)
    held, kept = (exchange(world, one, code_for(world, one, user)).token for one in (client, other))
    bearer = {"Authorization": f"Bearer {world.process.get_token(admin).token}"}
    path = f"/admin/users/{user.user_id}/consents"

    def withdraw(client_id: str) -> int:
        return world.process.call("DELETE", f"{path}/{client_id}", headers=bearer).status

    assert withdraw(client.client_id) == 204
    assert world.process.whoami(held).status == 401
    assert world.process.whoami(kept).status == 200
    assert world.stores.audit.list_events(None, None, 1).items[0].action == "consent.withdrawn"
    before = world.database.snapshot()
    assert withdraw(new_client_id()) == 404
    assert world.database.snapshot() == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sessions"),
        ("DELETE", "/sessions"),
        ("DELETE", f"/sessions/{NO_ULID}"),
        ("GET", "/consents"),
        ("DELETE", f"/consents/app_{NO_ULID}"),
    ],
)
def test_what_is_not_there_is_not_found(deployment: Deployment, method: str, path: str) -> None:
    for user_id in (new_user_id(), "nonsense", new_client_id()):
        reply = deployment.administration.call(method, f"/admin/users/{user_id}{path}")
        assert (reply.status, reply.body["error"]) == (404, "not_found")
    for ending in ("sessions/nonsense", "consents/nonsense"):
        assert deployment.administration.call("DELETE", f"{deployment.path}/{ending}").status == 404
    assert deployment.alive == [True, True]
