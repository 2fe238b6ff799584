"""What another request does between reading and writing is never undone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.harness import World
from tests.scim import USER, Provisioner, administrators_client, operation


@pytest.fixture
def client() -> Provisioner:
    return Provisioner()


@contextmanager
def before_first(world: World, name: str, act: Callable[[], object]) -> Iterator[None]:
    """`act` comes between the caller and its first operation of this name."""
    pending = [act]

    def intercept(operation_name: str, _: Any, answer: Callable[[], Any]) -> Any:
        if operation_name == name and pending:
            pending.pop()()
        return answer()

    with world.database.intercepted(intercept):
        yield
    assert not pending


def disable(world: World, user_id: str) -> None:
    headers = {"Authorization": f"Bearer {administrators_client(world).token}"}
    assert (
        world.process.call("POST", f"/admin/users/{user_id}/disable", headers=headers).status == 200
    )


def test_a_put_without_active_leaves_a_user_who_was_disabled_meanwhile(client: Provisioner) -> None:
    user_id = client.create("ada@x")["id"]
    body = {"schemas": [USER], "userName": "ada@x", "title": "Dr"}
    with before_first(client.world, "TransactWriteItems", lambda: disable(client.world, user_id)):
        reply = client.call("PUT", f"/Users/{user_id}", body)
    assert reply.status == 200
    assert reply.body["active"] is False
    account = client.world.stores.users.load(user_id)
    assert account is not None
    assert not account.user.enabled


def test_a_member_who_was_deleted_meanwhile_stays_deleted(client: Provisioner) -> None:
    """A batch is no snapshot: it may tell the rest of a user from before the deletion."""
    user_id = client.create("ada@x", externalId="e1")["id"]
    group_id = client.create_group("Staff")["id"]
    pending = [user_id]

    def intercept(_: str, arguments: Any, answer: Callable[[], Any]) -> Any:
        requested = arguments.get("RequestItems", {}).values()
        keys = {one["key"]["S"] for table in requested for one in table.get("Keys", ())}
        if f"detail#{user_id}" not in keys or not pending:
            return answer()
        pending.pop()
        old = answer()
        assert client.call("DELETE", f"/Users/{user_id}").status == 204
        new = answer()
        for table, items in new["Responses"].items():
            before = {one["key"]["S"]: one for one in old["Responses"][table]}
            details = [one["key"]["S"].startswith("detail#") for one in items]
            items[:] = [
                before[one["key"]["S"]] if is_detail else one
                for one, is_detail in zip(items, details, strict=True)
            ]
        return new

    with client.world.database.intercepted(intercept):
        client.patch(f"/Groups/{group_id}", operation("add", "members", [{"value": user_id}]))
    assert client.call("GET", f"/Users/{user_id}").status == 404
    client.create("ada@x", externalId="e1")


def test_a_deletion_that_lost_a_race_is_decided_anew(client: Provisioner) -> None:
    user_id = client.create("ada@x")["id"]

    def rename() -> None:
        client.patched(f"/Users/{user_id}", operation("replace", "title", "Dr"))

    with before_first(client.world, "TransactWriteItems", rename):
        assert client.call("DELETE", f"/Users/{user_id}").status == 204


def test_a_deletion_of_a_version_is_not_decided_anew(client: Provisioner) -> None:
    user = client.create("ada@x")

    def rename() -> None:
        client.patched(f"/Users/{user['id']}", operation("replace", "title", "Dr"))

    with before_first(client.world, "TransactWriteItems", rename):
        headers = {"If-Match": user["meta"]["version"]}
        assert client.call("DELETE", f"/Users/{user['id']}", headers=headers).status == 412
