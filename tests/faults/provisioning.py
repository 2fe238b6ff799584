"""The requests of SCIM that write, for faults at each of their calls."""

import json
from collections.abc import Callable
from typing import Any

from tests.faults.operations import Operation, Send
from tests.harness import World
from tests.scim import GROUP, SCIM, USER, Provisioner, operation

Made = dict[str, str]
"""The ids of a user, of a group that the user is in, and of one that the user is not in."""

_OFF = {"Operations": [operation("replace", "active", value=False)]}
_MOVED = {"Operations": [operation("replace", "userName", "ada@west")]}
_NEW = {"schemas": [USER], "userName": "bob@x", "externalId": "e2", "emails": [{"value": "b@x.y"}]}


def _request(
    method: str, path: Callable[[Made], str], body: Callable[[Made], Any]
) -> Callable[[World], Send]:
    def prepare(world: World) -> Send:
        client = Provisioner(world)
        user = client.create("ada@x", externalId="e1", emails=[{"value": "a@x.y"}])["id"]
        held = client.create_group("Held", members=[{"value": user}])["id"]
        made = {"user": user, "held": held, "other": client.create_group("Other")["id"]}
        headers = {"Authorization": f"Bearer {client.token}", "Content-Type": SCIM}
        where, content = f"/scim/v2{path(made)}", json.dumps(body(made))
        return lambda process: process.call(method, where, headers=headers, body=content)

    return prepare


def _members(op: str) -> Callable[[Made], Any]:
    return lambda made: {"Operations": [operation(op, "members", [{"value": made["user"]}])]}


def _user(made: Made) -> str:
    return f"/Users/{made['user']}"


LEAVE = Operation(
    "let out of a group",
    _request("PATCH", lambda made: f"/Groups/{made['held']}", _members("remove")),
)
PROVISIONING = (
    Operation("provision a user", _request("POST", lambda _: "/Users", lambda _: _NEW), 201),
    Operation("deactivate a user", _request("PATCH", _user, lambda _: _OFF)),
    Operation("move a user", _request("PATCH", _user, lambda _: _MOVED)),
    Operation("delete a user", _request("DELETE", _user, lambda _: {}), 204),
    Operation(
        "create a group",
        _request("POST", lambda _: "/Groups", lambda _: {"schemas": [GROUP], "displayName": "New"}),
        201,
    ),
    Operation(
        "let into a group",
        _request("PATCH", lambda made: f"/Groups/{made['other']}", _members("add")),
    ),
    LEAVE,
)
