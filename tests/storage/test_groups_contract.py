"""The contract of `GroupStore`, and of what `UserStore` writes for groups and provisioning."""

from dataclasses import replace

import pytest

from chalicelib.directory.model import Account, Group
from chalicelib.directory.stores import (
    ExternalIdTaken,
    GroupChanged,
    GroupNameTaken,
    UserChanged,
)
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.model import Status
from chalicelib.storage import user_writes
from chalicelib.storage.stores import Stores
from tests.fakes.clock import START
from tests.fakes.stores import AnyStores
from tests.storage.samples import account, event, user

# Groups have no fake: these run on both kinds of tables.
on_tables = pytest.mark.parametrize("stores", ["tables", "memory"], indirect=True)


def group(name: str = "Staff", **changes: object) -> Group:
    return replace(Group(f"grp_{new_ulid()}", name, START, START), **changes)


def made(stores: Stores, name: str = "Staff", **changes: object) -> Group:
    one = group(name, **changes)
    stores.groups.create(one, event(one.group_id))
    return one


def member(stores: Stores, *roles: str) -> Account:
    one = account(user(roles=frozenset(roles)))
    stores.users.create(one, None, event(one.user.user_id))
    return one


def with_roles(before: Account, *roles: str) -> Account:
    changed = replace(before.user, version=before.user.version + 1, roles=frozenset(roles))
    return replace(before, user=changed)


@on_tables
def test_a_group_is_found_by_id_name_and_external_id(stores: Stores) -> None:
    groups = stores.groups
    one = made(stores, "Staff", external_id="g1")
    assert groups.load(one.group_id) == one
    assert groups.find("STAFF") == one
    assert groups.find_by_external_id("g1") == one
    assert groups.find_by_external_id("G1") is None
    assert groups.load("grp_none") is None
    assert groups.list_groups(None, 10).items == [one]


@on_tables
def test_names_and_external_ids_are_taken_once(stores: Stores) -> None:
    made(stores, "Staff", external_id="g1")
    with pytest.raises(GroupNameTaken):
        made(stores, "staff")
    with pytest.raises(ExternalIdTaken):
        made(stores, "Crew", external_id="g1")
    assert len(stores.groups.list_groups(None, 10).items) == 1


@on_tables
def test_a_rename_frees_the_old_name(stores: Stores) -> None:
    before = made(stores, "Staff", external_id="g1")
    after = replace(before, display_name="Crew", external_id=None, version=2, updated_at=START + 1)
    change = event(before.group_id)
    stores.groups.replace(before, after, change)
    stores.groups.replace(before, after, change)
    assert stores.groups.load(before.group_id) == after
    made(stores, "Staff", external_id="g1")
    with pytest.raises(GroupChanged):
        stores.groups.replace(before, after, event(before.group_id))


@on_tables
def test_who_holds_a_role_is_listed_and_counted(stores: Stores) -> None:
    one = made(stores)
    users = [member(stores) for _ in range(3)]
    changes = [(before, with_roles(before, one.group_id)) for before in users]
    joined = event(one.group_id)
    stores.users.replace_all(changes, joined)
    stores.users.replace_all(changes, joined)
    read = stores.groups.load(one.group_id)
    assert read is not None
    assert (read.members, read.version) == (3, 2)
    ids = sorted(before.user.user_id for before in users)
    assert stores.groups.list_members(one.group_id, 3) == ids
    # As many as the group says at the next try.
    assert stores.groups.list_members(one.group_id, 4) == ids
    with pytest.raises(UserChanged):
        stores.users.replace_all(changes, event(one.group_id))
    with pytest.raises(GroupChanged):
        stores.groups.delete(read, event(one.group_id))


@on_tables
def test_nobody_joins_a_group_that_is_gone(stores: Stores) -> None:
    one, ada = made(stores), member(stores)
    stores.groups.delete(one, event(one.group_id))
    assert stores.groups.find("Staff") is None
    with pytest.raises(GroupChanged):
        stores.users.replace_all([(ada, with_roles(ada, one.group_id))], event("x"))
    assert stores.users.load(ada.user.user_id) == ada
    assert stores.groups.load(one.group_id) is None


@on_tables
def test_a_built_in_role_is_a_group_that_is_always_there(stores: Stores) -> None:
    found = stores.groups.load("administrator")
    assert found is not None
    assert (found.display_name, found.members) == ("administrator", 0)
    ada = member(stores, "administrator")
    found = stores.groups.load("administrator")
    assert found is not None
    assert found.members == 1
    assert stores.groups.list_members("administrator", 1) == [ada.user.user_id]
    stores.users.replace(ada, with_roles(ada), event(ada.user.user_id))
    assert stores.groups.list_members("administrator", 0) == []


def test_users_are_found_by_external_id_and_address(stores: AnyStores) -> None:
    attributes = {"emails": [{"value": "Second@x.y"}]}
    one = account(user(), email="ada@x.y", external_id="e1", attributes=attributes)
    stores.users.create(one, None, event(one.user.user_id))
    assert stores.users.find_by_external_id("e1") == one
    assert stores.users.find_by_external_id("E1") is None
    for address in ("ADA@x.y", "second@x.y"):
        assert stores.users.find_by_mail(address, 10) == [one]
    other = account(user(), external_id="e1")
    with pytest.raises(ExternalIdTaken):
        stores.users.create(other, None, event(other.user.user_id))
    changed = replace(one.user, version=2)
    after = replace(one, user=changed, email=None, external_id="e2", attributes={})
    stores.users.replace(one, after, event(one.user.user_id))
    assert stores.users.find_by_external_id("e1") is None
    assert stores.users.find_by_external_id("e2") == after
    assert stores.users.find_by_mail("ada@x.y", 10) == []


def test_a_deleted_user_frees_everything_and_stays_on_record(stores: AnyStores) -> None:
    one = account(user(user_name="ada"), email="ada@x.y", external_id="e1")
    stores.users.create(one, "hash", event(one.user.user_id))
    ended = replace(one.user, version=2, status=Status.DISABLED, token_epoch=1)
    after = replace(one, user=ended, external_id=None, deleted_at=START + 5)
    change = event(one.user.user_id)
    stores.users.delete(one, after, change)
    stores.users.delete(one, after, change)
    assert stores.users.load(one.user.user_id) == after
    assert stores.users.load_password_hash(one.user.user_id) is None
    assert stores.users.find("domain", "ada") is None
    assert stores.users.find_by_external_id("e1") is None
    assert stores.users.count() == 0
    assert stores.users.list_users("", None, None, 10).items == []
    assert stores.users.list_users("AD", None, None, 10, deleted=True).items == [after]
    with pytest.raises(UserChanged):
        stores.users.delete(one, after, event(one.user.user_id))
    again = account(user(user_name="ada"), external_id="e1")
    stores.users.create(again, None, event(again.user.user_id))
    assert stores.users.count() == 1


def test_a_walk_skips_without_reading(stores: AnyStores) -> None:
    names = [f"u{number}" for number in range(7)]
    for name in names:
        one = account(user(user_name=name))
        stores.users.create(one, None, event(one.user.user_id))

    def walked(skip: int, *, forward: bool = True) -> list[str]:
        page = stores.users.walk(None, skip, 3, forward=forward)
        return [found.user.user_name for found in page.items]

    assert walked(0) == names[:3]
    assert walked(5) == names[5:]
    assert walked(7) == walked(9) == []
    assert walked(1, forward=False) == names[5:2:-1]
    page = stores.users.walk(None, 2, 2)
    assert page.next is not None
    page = stores.users.walk(page.next, 0, 2)
    assert [found.user.user_name for found in page.items] == names[4:6]


@on_tables
def test_a_change_of_members_may_hold_a_group_to_its_version(stores: Stores) -> None:
    one, ada, bob = made(stores), member(stores), member(stores)
    joined = [(ada, with_roles(ada, one.group_id))]
    with pytest.raises(GroupChanged):
        stores.users.replace_all(joined, event("x"), if_group_version=one.version + 1)
    stores.users.replace_all(joined, event("x"), if_group_version=one.version)
    late = [(bob, with_roles(bob, one.group_id))]
    with pytest.raises(GroupChanged):
        stores.users.replace_all(late, event("x"), if_group_version=one.version)


@on_tables
def test_the_first_member_of_a_built_in_role_finds_it_at_no_version(stores: Stores) -> None:
    ada, bob = member(stores), member(stores)
    first = [(ada, with_roles(ada, "administrator"))]
    stores.users.replace_all(first, event("x"), if_group_version=0)
    second = [(bob, with_roles(bob, "administrator"))]
    with pytest.raises(GroupChanged):
        stores.users.replace_all(second, event("x"), if_group_version=0)


@on_tables
def test_nobody_joins_a_group_that_became_full(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_writes, "MAXIMUM_MEMBERS", 1)
    one, ada, bob = made(stores), member(stores), member(stores)
    stores.users.replace_all([(ada, with_roles(ada, one.group_id))], event("x"))
    with pytest.raises(GroupChanged):
        stores.users.replace_all([(bob, with_roles(bob, one.group_id))], event("x"))
    inside = stores.users.load(ada.user.user_id)
    assert inside is not None
    stores.users.replace_all([(inside, with_roles(inside))], event("x"))
    read = stores.groups.load(one.group_id)
    assert read is not None
    assert read.members == 0
