"""A Control Room's callbacks against the running server, many at once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from tests.flows.clients import TIMEOUT_SECONDS, Administrator, get_token
from tests.flows.server import Server

MANY = 32


def send(server: Server, credential: str, body: dict[str, Any]) -> requests.Response:
    return requests.post(
        server.url("/api/rpa/automation/callback"),
        json=body,
        headers={"Authorization": f"Bearer {credential}"},
        timeout=TIMEOUT_SECONDS,
    )


def callback() -> dict[str, Any]:
    return {"userId": "11", "deploymentId": str(uuid.uuid4()), "status": "RUN_COMPLETED"}


def test_a_registered_robot_sends_with_its_secret_and_many_repeats_are_one(server: Server) -> None:
    administrator = Administrator(server)
    robot = administrator.register(grant_type="bearer_token", allowed_scopes=["rpa"])
    body = callback()
    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(lambda _: send(server, robot["client_secret"], body), range(MANY)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["event_id"] for answer in answers}) == 1
    items = administrator.send("GET", "/rpa/callbacks?status=published").json()["items"]
    (listed,) = [item for item in items if item["deployment_id"] == body["deploymentId"]]
    assert listed["client_id"] == robot["client_id"]
    assert listed["callback"] == body


def test_a_token_without_the_scope_is_told_which_it_lacks(server: Server) -> None:
    application = server.credentials["applications"]["all"]
    token = get_token(server, application, scope="api")["access_token"]
    answer = send(server, token, callback())
    assert answer.status_code == 403
    assert 'scope="rpa"' in answer.headers["WWW-Authenticate"]
    token = get_token(server, application, scope="rpa")["access_token"]
    assert send(server, token, callback()).status_code == 200
