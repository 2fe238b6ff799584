"""Groups through SCIM: roles and who holds them; the built-in one is guarded."""

from typing import Any

import pytest

from chalicelib.directory.groups import MAXIMUM_GROUPS_A_USER
from chalicelib.protected.scim import groups
from tests.scim import GROUP, Provisioner, administrators_client, error, operation


@pytest.fixture
def client() -> Provisioner:
    return Provisioner()


def ids(resource: Any) -> list[str]:
    return [one["value"] for one in resource.get("members", [])]


def roles_of(client: Provisioner, user: Any) -> frozenset[str]:
    account = client.world.stores.users.load(user["id"])
    assert account is not None
    return account.user.roles


def test_a_group_is_a_role_of_its_members(client: Provisioner) -> None:
    ada, bob = client.create("ada@x"), client.create("bob@x")
    group = client.create_group("Staff", externalId="g1", members=[{"value": ada["id"]}])
    assert ids(group) == [ada["id"]]
    assert group["members"][0]["$ref"].endswith(f"/Users/{ada['id']}")
    assert roles_of(client, ada) == {group["id"]}
    path = f"/Groups/{group['id']}"
    client.patched(path, operation("add", "members", [{"value": bob["id"]}]))
    assert ids(client.get(path)) == sorted([ada["id"], bob["id"]])
    read = client.get(f"/Users/{bob['id']}")["groups"]
    assert [(one["value"], one["display"]) for one in read] == [(group["id"], "Staff")]
    one = f'members[value eq "{ada["id"]}"]'
    assert ids(client.patched(path, operation("remove", one))) == [bob["id"]]
    put = client.call("PUT", path, {"schemas": [GROUP], "displayName": "Crew"})
    assert (put.status, put.body["displayName"], ids(put.body)) == (200, "Crew", [])
    assert roles_of(client, bob) == frozenset()


@pytest.mark.parametrize("path", ["members ", " members", "\tmembers", "MEMBERS"])
def test_a_path_with_spaces_about_it_removes_whom_it_selects_alone(
    client: Provisioner, path: str
) -> None:
    people = [client.create(f"{name}@x")["id"] for name in ("ada", "bob", "eve")]
    group = client.create_group(members=[{"value": one} for one in people])
    read = client.patched(
        f"/Groups/{group['id']}", operation("remove", path, [{"value": people[0]}])
    )
    assert ids(read) == sorted(people[1:])


def test_adding_and_removing_again_changes_nothing(client: Provisioner) -> None:
    ada = client.create("ada@x")
    group = client.create_group(members=[{"value": ada["id"]}])
    path, before = f"/Groups/{group['id']}", client.world.database.snapshot()
    client.patched(path, operation("add", "members", [{"value": ada["id"]}] * 2))
    client.patched(path, operation("remove", 'members[value eq "usr_nobody"]'))
    assert client.world.database.snapshot() == before


def test_who_is_not_there_is_passed_over(client: Provisioner) -> None:
    gone = client.create("gone@x")
    client.call("DELETE", f"/Users/{gone['id']}")
    members = [{"value": gone["id"]}, {"value": "fake"}, {"value": "../x"}, {"value": ""}]
    group = client.create_group(members=members)
    assert ids(group) == []
    assert ids(client.get(f"/Groups/{group['id']}")) == []


def test_names_and_external_ids_of_groups_are_unique(client: Provisioner) -> None:
    client.create_group("Staff", externalId="g1")
    other = client.create_group("Crew")
    for values in ({"displayName": "STAFF"}, {"displayName": "Administrator"}):
        reply = client.call("POST", "/Groups", {"schemas": [GROUP], **values})
        assert error(reply) == (409, "uniqueness")
    path = f"/Groups/{other['id']}"
    for name, value in (("displayName", "staff"), ("externalId", "g1")):
        assert error(client.patch(path, operation("replace", name, value))) == (409, "uniqueness")
    assert error(client.call("POST", "/Groups", {"schemas": [GROUP]}))[0] == 400


def test_a_deleted_group_leaves_nobody_behind(client: Provisioner) -> None:
    users = [client.create(f"user{number}@x") for number in range(45)]
    group = client.create_group(members=[{"value": one["id"]} for one in users])
    assert len(ids(client.get(f"/Groups/{group['id']}"))) == 45
    assert client.call("DELETE", f"/Groups/{group['id']}").status == 204
    assert error(client.call("GET", f"/Groups/{group['id']}")) == (404, None)
    assert all(roles_of(client, one) == frozenset() for one in users)
    client.create_group("Staff")


def test_a_deleted_user_leaves_its_groups(client: Provisioner) -> None:
    ada = client.create("ada@x")
    group = client.create_group(members=[{"value": ada["id"]}])
    version = client.get(f"/Groups/{group['id']}")["meta"]["version"]
    client.call("DELETE", f"/Users/{ada['id']}")
    read = client.get(f"/Groups/{group['id']}")
    assert ids(read) == []
    assert read["meta"]["version"] != version


def test_lookups_and_lists_find_groups(client: Provisioner) -> None:
    ada = client.create("ada@x")
    group = client.create_group("Staff", externalId="g1", members=[{"value": ada["id"]}])
    client.create_group("Crew")
    for expression in (
        'displayName eq "staff"',
        'externalId eq "g1"',
        f'id eq "{group["id"]}"',
        f'members eq "{ada["id"]}"',
        f'members.value eq "{ada["id"]}"',
        f'id eq "{group["id"]}" and members eq "{ada["id"]}"',
        'displayName sw "st"',
    ):
        assert [one["displayName"] for one in client.find(expression, "Groups")] == ["Staff"]
    assert client.find(f'id eq "{group["id"]}" and members eq "usr_x"', "Groups") == []
    listed = client.get("/Groups", sortBy="displayName", count="2")
    assert [one["displayName"] for one in listed["Resources"]] == ["administrator", "Crew"]
    assert listed["totalResults"] == 3
    for parameters in ({"excludedAttributes": "members"}, {"attributes": "displayName"}):
        read = client.get("/Groups", filter='displayName eq "Staff"', **parameters)
        assert "members" not in read["Resources"][0]
    read = client.get(f"/Groups/{group['id']}", attributes="members")
    assert ids(read) == [ada["id"]]


def test_a_user_is_in_a_bounded_number_of_groups(client: Provisioner) -> None:
    ada = client.create("ada@x")
    member = [{"value": ada["id"]}]
    for number in range(MAXIMUM_GROUPS_A_USER):
        client.create_group(f"Group {number}", members=member)
    one_more = client.create_group("One more")
    refused = client.patch(f"/Groups/{one_more['id']}", operation("add", "members", member))
    assert error(refused) == (400, "invalidValue")
    assert client.call("DELETE", f"/Users/{ada['id']}").status == 204


@pytest.mark.checklist("54")
def test_only_an_administrator_makes_administrators(client: Provisioner) -> None:
    ada = client.create("ada@x")
    member = [{"value": ada["id"]}]
    refused = client.patch("/Groups/administrator", operation("add", "members", member))
    assert error(refused) == (403, None)
    assert roles_of(client, ada) == frozenset()
    admin = administrators_client(client.world)
    admin.patched("/Groups/administrator", operation("add", "members", member))
    assert roles_of(client, ada) == {"administrator"}
    assert ada["id"] in ids(client.get("/Groups/administrator"))
    refused = client.patch("/Groups/administrator", operation("remove", "members", member))
    assert error(refused) == (403, None)
    admin.patched("/Groups/administrator", operation("remove", "members", member))
    assert roles_of(client, ada) == frozenset()


def test_nobody_renames_or_deletes_a_built_in_group(client: Provisioner) -> None:
    admin = administrators_client(client.world)
    for caller in (client, admin):
        rename = operation("replace", "displayName", "boss")
        assert error(caller.patch("/Groups/administrator", rename)) == (403, None)
        assert error(caller.call("DELETE", "/Groups/administrator")) == (403, None)


def test_two_who_add_at_once_both_succeed(client: Provisioner) -> None:
    """Another request's member, let in after this one read the list, stays."""
    ada, bob = client.create("ada@x"), client.create("bob@x")
    group = client.create_group()
    path, other = f"/Groups/{group['id']}", Provisioner(client.world, client.token)
    directory = client.world.database
    send, done = directory.send, []

    def interfere(name: str, arguments: Any) -> Any:
        if name == "TransactWriteItems" and not done:
            done.append(True)
            other.patched(path, operation("add", "members", [{"value": bob["id"]}]))
        return send(name, arguments)

    directory.send = interfere  # type: ignore[method-assign] - a request in between
    client.patched(path, operation("add", "members", [{"value": ada["id"]}]))
    assert ids(client.get(path)) == sorted([ada["id"], bob["id"]])


def test_groups_without_members_cost_no_query(client: Provisioner) -> None:
    for number in range(3):
        client.create_group(f"g{number}")
    asked: list[str] = []

    def count(name: str, _: Any, answer: Any) -> Any:
        asked.append(name)
        return answer()

    with client.world.database.intercepted(count):
        assert len(client.get("/Groups")["Resources"]) == 4
    # The list of names alone.
    assert asked.count("Query") == 1


def test_many_lists_of_members_are_refused_where_a_search_must_read_them(
    client: Provisioner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MAXIMUM_LISTS", 1)
    member = [{"value": client.create()["id"]}]
    for name in ("Staff", "Crew"):
        client.create_group(name, members=member)
    reply = client.call("GET", "/Groups", filter="members pr")
    assert error(reply) == (400, "tooMany")
    assert len(client.get("/Groups", excludedAttributes="members")["Resources"]) == 3
