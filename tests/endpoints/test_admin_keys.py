"""The signing keys over the endpoints: listed without private halves, rotated, audited."""

from typing import Any

import pytest

from chalicelib.oauth.signing_keys import PUBLISHED_SECONDS
from tests.harness import Reply, World


class Deployment:
    """A deployment, and an administrator's token."""

    def __init__(self) -> None:
        self.world = World()
        user = self.world.add_user("admon", "administrator")
        client = self.world.add_client(user_id=user.user_id, allowed_scopes=frozenset({"admin"}))
        self.user, self.client = user, client

    def call(self, method: str, path: str) -> Reply:
        token = self.world.process.get_token(self.client).token
        headers = {"Authorization": f"Bearer {token}"}
        return self.world.process.call(method, path, headers=headers)

    def states(self, reply: Reply) -> list[str]:
        return [item["state"] for item in reply.body["items"] if item["alg"] == "RS256"]

    def events(self) -> list[Any]:
        return list(self.world.stores.audit.list_events("signing_keys", None, 10).items)


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()


@pytest.mark.checklist("36")
def test_keys_are_listed_without_their_private_halves(deployment: Deployment) -> None:
    reply = deployment.call("GET", "/admin/keys")
    assert (reply.status, reply.body["next"], reply.body["count"]) == (200, None, 2)
    published = deployment.world.process.call("GET", "/oauth2/server/jwks").body["keys"]
    assert {item["kid"] for item in reply.body["items"]} == {key["kid"] for key in published}
    for item in reply.body["items"]:
        assert set(item) == {"kid", "alg", "state", "created_at", "activated_at", "retired_at"}
        assert (item["created_at"], item["retired_at"]) == ("2027-01-15T08:00:00Z", None)


def test_a_rotation_publishes_the_next_keys_once_and_names_who_asked(
    deployment: Deployment,
) -> None:
    before = deployment.call("GET", "/admin/keys").body["items"]
    reply = deployment.call("POST", "/admin/keys/rotate")
    assert reply.status == 200
    assert deployment.states(reply) == ["active", "next"]
    assert deployment.states(deployment.call("POST", "/admin/keys/rotate")) == ["active", "next"]
    (event,) = deployment.events()
    assert event.action == "signing_keys.rotated"
    assert event.actor.user_id == deployment.user.user_id
    known = {item["kid"] for item in before}
    new = [item["kid"] for item in reply.body["items"] if item["kid"] not in known]
    assert event.changes == dict.fromkeys(new, "next")
    deployment.world.clock.sleep(PUBLISHED_SECONDS)
    reply = deployment.call("POST", "/admin/keys/rotate")
    assert deployment.states(reply) == ["retiring", "active"]
    assert len(deployment.events()) == 2


def test_the_schedule_writes_no_event(deployment: Deployment) -> None:
    app = deployment.world.process.app
    app.handler_map["rotate_keys"]({"start": True}, None)
    assert deployment.states(deployment.call("GET", "/admin/keys")) == ["active", "next"]
    assert deployment.events() == []
