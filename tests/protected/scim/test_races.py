"""What another request does between reading and writing is never undone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest

from chalicelib.directory.groups import MAXIMUM_GROUPS_A_USER
from tests.harness import World
from tests.scim import GROUP, PATCH, USER, Provisioner, administrators_client, operation


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


def people(client: Provisioner, number: int) -> list[str]:
    return [client.create(f"u{one}@x")["id"] for one in range(number)]


def entries(*user_ids: str) -> list[dict[str, str]]:
    return [{"value": one} for one in user_ids]


def is_member(client: Provisioner, group_id: str, user_id: str) -> bool:
    account = client.world.stores.users.load(user_id)
    assert account is not None
    return group_id in account.user.roles


@contextmanager
def stale_index(world: World, group_id: str, change: Callable[[], object]) -> Iterator[None]:
    """The list of members as it was before `change`, which left their number as it was."""
    recorded: list[Any] = []

    def record(name: str, _: Any, answer: Callable[[], Any]) -> Any:
        result = answer()
        if name == "Query":
            recorded.append(deepcopy(result))
        return result

    with world.database.intercepted(record):
        world.stores.groups.list_members(group_id, 2)
    change()
    with world.database.intercepted(
        lambda name, _, answer: deepcopy(recorded[0]) if name == "Query" else answer()
    ):
        yield


@pytest.mark.parametrize(
    "remove",
    [
        lambda one: operation("remove", "members", entries(one)),
        lambda one: operation("remove", f'members[value eq "{one}"]'),
    ],
)
def test_a_removal_is_not_lost_to_a_list_that_is_behind(
    client: Provisioner, remove: Callable[[str], dict[str, Any]]
) -> None:
    first, second, third = people(client, 3)
    group_id = client.create_group("Staff", members=entries(first, second))["id"]
    swap = (
        operation("remove", "members", entries(second)),
        operation("add", "members", entries(third)),
    )
    path = f"/Groups/{group_id}"
    with stale_index(client.world, group_id, lambda: client.patched(path, *swap)):
        assert client.patch(path, remove(third)).status == 200
    assert not is_member(client, group_id, third)
    assert [one["value"] for one in client.get(path)["members"]] == [first]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_whole_list_is_not_written_beside_one_that_is_behind(
    client: Provisioner, method: str
) -> None:
    first, second, third = people(client, 3)
    group_id = client.create_group("Staff", members=entries(first, second))["id"]
    swap = (
        operation("remove", "members", entries(second)),
        operation("add", "members", entries(third)),
    )
    path = f"/Groups/{group_id}"
    put = {"schemas": [GROUP], "displayName": "Staff", "members": entries(first)}
    patch = {"schemas": [PATCH], "Operations": [operation("replace", "members", entries(first))]}
    body = put if method == "PUT" else patch
    with stale_index(client.world, group_id, lambda: client.patched(path, *swap)):
        assert client.call(method, path, body).status == 503
    assert client.call(method, path, body).status == 200
    assert not is_member(client, group_id, third)


def test_a_whole_list_lets_nobody_stay_who_came_meanwhile(client: Provisioner) -> None:
    first, second = people(client, 2)
    group_id = client.create_group("Staff")["id"]
    path = f"/Groups/{group_id}"
    body = {"schemas": [GROUP], "displayName": "Staff", "members": entries(first)}

    def join() -> None:
        client.patched(path, operation("add", "members", entries(second)))

    with before_first(client.world, "TransactWriteItems", join):
        assert client.call("PUT", path, body).status == 200
    assert not is_member(client, group_id, second)


def test_a_version_holds_for_members_too(client: Provisioner) -> None:
    first, second = people(client, 2)
    group = client.create_group("Staff", members=entries(first))
    path = f"/Groups/{group['id']}"
    body = {"Operations": [operation("remove", "members", entries(first))]}

    def join() -> None:
        client.patched(path, operation("add", "members", entries(second)))

    with before_first(client.world, "TransactWriteItems", join):
        headers = {"If-Match": group["meta"]["version"]}
        assert client.call("PATCH", path, body, headers=headers).status == 412
    assert is_member(client, group["id"], first)


def test_a_group_is_read_while_somebody_joins(client: Provisioner) -> None:
    first, second = people(client, 2)
    group_id = client.create_group("Staff", members=entries(first))["id"]

    def join() -> None:
        client.patched(f"/Groups/{group_id}", operation("add", "members", entries(second)))

    with before_first(client.world, "Query", join):
        assert len(client.get(f"/Groups/{group_id}")["members"]) == 2


def test_a_change_of_members_that_is_refused_changes_nothing(client: Provisioner) -> None:
    (user_id,) = people(client, 1)
    for number in range(MAXIMUM_GROUPS_A_USER):
        client.create_group(f"g{number}", members=entries(user_id))
    body = {"schemas": [GROUP], "displayName": "Late", "members": entries(user_id)}
    assert client.call("POST", "/Groups", body).status == 400
    assert client.find('displayName eq "Late"', "Groups") == []
    group_id = client.create_group("Early")["id"]
    assert client.call("PUT", f"/Groups/{group_id}", body).status == 400
    assert client.get(f"/Groups/{group_id}")["displayName"] == "Early"


def test_a_user_who_was_deleted_meanwhile_is_not_there(client: Provisioner) -> None:
    path = f"/Users/{client.create()['id']}"

    def delete() -> None:
        assert client.call("DELETE", path).status == 204

    with before_first(client.world, "TransactWriteItems", delete):
        assert client.patch(path, operation("replace", "title", "Dr")).status == 404
