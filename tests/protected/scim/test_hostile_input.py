"""No input makes a 5xx, and none is worked on before it was counted."""

from typing import Any

import pytest

from tests.harness import World
from tests.scim import USER, Provisioner, administrators_client, error, operation

DISABLED, ENABLED = (operation("replace", "active", value) for value in (False, True))
HALF = '"\\ud800"'


@pytest.fixture
def client() -> Provisioner:
    return Provisioner()


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [("Users", "userName"), ("Users", "emails.value"), ("Groups", "displayName")],
)
def test_half_a_character_in_a_filter_is_refused(
    client: Provisioner, kind: str, attribute: str
) -> None:
    reply = client.call("GET", f"/{kind}", filter=f"{attribute} eq {HALF}")
    assert error(reply) == (400, "invalidFilter")


def test_a_whole_character_and_an_escaped_backslash_in_a_filter_are_read(
    client: Provisioner,
) -> None:
    assert client.find('displayName eq "\\ud83d\\ude00"') == []
    assert client.find('displayName eq "\\\\ud800"') == []


@pytest.mark.parametrize(
    "hostile",
    [
        operation("add", f"phoneNumbers[type eq {HALF}].value", "1"),
        operation("add", value={f"phoneNumbers[type eq {HALF}].value": "1"}),
        {"op": "add", "Path": f"emails[{'(' * 50}type eq 1{')' * 50}].value", "value": "x"},
        operation("add", value={"emails[" + " or ".join(["type pr"] * 60) + "].value": "x"}),
        operation("add", value={"emails[" + "\tor\t".join(["type pr"] * 60) + "].value": "x"}),
        operation("add", value={f'photos[type eq "{n}"].value': "x" for n in range(101)}),
        operation("add", "phoneNumbers", [{"value": str(n)} for n in range(101)]),
    ],
)
def test_an_operation_that_would_cost_too_much_is_refused(
    client: Provisioner, hostile: dict[str, Any]
) -> None:
    user_id = client.create()["id"]
    assert client.patch(f"/Users/{user_id}", hostile).status == 400


def test_a_user_has_bounded_lists(client: Provisioner) -> None:
    phones = [{"value": str(n)} for n in range(101)]
    body = {"schemas": [USER], "userName": "ada@x", "phoneNumbers": phones}
    assert error(client.call("POST", "/Users", body)) == (400, "invalidValue")


@pytest.mark.parametrize("cursor", ["AQ", "x", "\u00e9", "A" * 200, "AQ" + "A" * 400])
def test_a_cursor_that_was_not_issued_is_refused(client: Provisioner, cursor: str) -> None:
    assert error(client.call("GET", "/Users", cursor=cursor)) == (400, "invalidCursor")


def test_cursors_hold_in_every_process_of_a_deployment_and_in_no_other() -> None:
    world = World()
    client = Provisioner(world)
    for name in ("ada@x", "bob@x"):
        client.create(name)
    cursor = client.get("/Users", cursor="", count="1")["nextCursor"]
    world.process = world.open_process()
    assert len(client.get("/Users", cursor=cursor, count="1")["Resources"]) == 1
    reply = Provisioner().call("GET", "/Users", cursor=cursor, count="1")
    assert error(reply) == (400, "invalidCursor")


def test_provisioning_lifts_what_it_did_and_not_what_an_administrator_did() -> None:
    world = World()
    client, administrator = Provisioner(world), administrators_client(world)
    path = f"/Users/{client.create()['id']}"
    client.patched(path, DISABLED)
    assert client.patched(path, ENABLED)["active"]

    headers = {"Authorization": f"Bearer {administrator.token}"}
    disable = f"/admin{path.lower()}/disable"
    assert world.process.call("POST", disable, headers=headers).status == 200
    client.patched(path, DISABLED)
    assert client.patch(path, ENABLED).status == 403
    assert client.patched(path, operation("replace", "title", "Dr"))["active"] is False
    assert administrator.patched(path, ENABLED)["active"]


def test_provisioning_neither_enables_nor_renames_administrators() -> None:
    world = World()
    client, administrator = Provisioner(world), administrators_client(world)
    path = f"/Users/{world.add_user('boss', 'administrator').user_id}"
    renamed = operation("replace", "userName", "joe@domain")
    assert client.patch(path, renamed).status == 403
    client.patched(path, DISABLED)
    assert client.patch(path, ENABLED).status == 403
    assert administrator.patched(path, ENABLED)["active"]
    assert administrator.patched(path, renamed)["userName"] == "joe@domain"
