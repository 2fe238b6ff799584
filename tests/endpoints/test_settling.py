"""What was taken away is gone for whoever is told that it is, also by a repeated request."""

import json

import pytest

from chalicelib.oauth.model import GrantType, LifeCycle, LifeCycleType
from tests.harness import World


@pytest.mark.checklist("45", "49")
@pytest.mark.parametrize("target", ["user", "application"])
def test_a_repeated_change_answers_only_when_no_lease_is_left(target: str) -> None:
    world = World(lease_seconds=1.0)
    admin = world.add_user("admon", "administrator")
    client = world.add_client(user_id=admin.user_id, allowed_scopes=frozenset({"api", "admin"}))
    other = world.add_user("other", "administrator")
    token = world.process.get_token(client).token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    path = f"/admin/users/{other.user_id}"
    body: dict[str, object] = {"roles": []}
    if target == "application":
        changed = world.add_client(GrantType.BEARER_TOKEN)
        path, body = f"/admin/applications/{changed.client_id}", {"allowed_scopes": ["api"]}
    for _ in range(2):
        started = world.clock.wall()
        reply = world.process.call("PATCH", path, headers=headers, body=json.dumps(body))
        assert reply.status == 200, reply.body
        assert world.clock.wall() - started >= 1.0


@pytest.mark.checklist("42")
def test_an_older_secret_gains_nothing_by_a_wider_scope() -> None:
    world = World()
    endless = LifeCycle(LifeCycleType.ABSOLUTE, None)
    scopes = frozenset({"user_sync"})
    client = world.add_client(GrantType.BEARER_TOKEN, life_cycle=endless, allowed_scopes=scopes)
    world.change(client, allowed_scopes=frozenset({"user_sync", "login"}))
    assert world.process.whoami(client.secret).body["scope"] == "user_sync"


def test_a_refused_method_is_logged_like_any_request(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    assert world.process.call("GET", "/oauth2/server/token").status == 405
    line = vars(caplog.records[-1])
    assert (line["status"], line["outcome"], line["method"]) == (405, "invalid_request", "GET")
