"""The contract of `UserStore` and `CertificateFiles`, held to by the fakes and by the tables."""

import hashlib
from dataclasses import replace

import pytest

from chalicelib.directory.model import Account, Domain
from chalicelib.directory.stores import UserChanged, UserNameTaken
from chalicelib.oauth.model import Status
from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes.clock import START
from tests.fakes.stores import AnyStores
from tests.storage.samples import account, event, user


def create(stores: AnyStores, **changes: object) -> Account:
    one = account(user(**changes))
    stores.users.create(one, None, event(one.user.user_id))
    return one


def next_version(before: Account, **changes: object) -> Account:
    changed = replace(before.user, version=before.user.version + 1, **changes)
    return replace(before, user=changed, updated_at=START + 10)


def test_a_user_is_loaded_as_created(stores: AnyStores) -> None:
    one = account(
        user(roles=frozenset({"administrator"})),
        email="a@b.example",
        given_name="Ada",
        family_name="Byron",
    )
    stores.users.create(one, None, event(one.user.user_id))
    assert stores.users.load(one.user.user_id) == one
    assert stores.users.load("usr_none") is None


def test_a_user_is_found_by_folded_name(stores: AnyStores) -> None:
    one = create(stores, user_name="Admon", user_domain="Domain")
    assert stores.users.find("DOMAIN", "ADMON") == one
    assert stores.users.find("other", "admon") is None


def test_a_name_is_taken_within_its_domain_alone(stores: AnyStores) -> None:
    create(stores, user_name="Ada", user_domain="one")
    create(stores, user_name="Ada", user_domain="two")
    with pytest.raises(UserNameTaken):
        create(stores, user_name="ADA", user_domain="ONE")


def test_replacing_changes_the_user_and_keeps_the_password(stores: AnyStores) -> None:
    before = account()
    stores.users.create(before, "hash-1", event(before.user.user_id))
    after = next_version(before, status=Status.DISABLED, token_epoch=1)
    stores.users.replace(before, after, event(before.user.user_id))
    assert stores.users.load(before.user.user_id) == after
    assert stores.users.load_password_hash(before.user.user_id) == "hash-1"


def test_a_new_password_replaces_the_old(stores: AnyStores) -> None:
    before = create(stores)
    assert stores.users.load_password_hash(before.user.user_id) is None
    after = next_version(before, token_epoch=1)
    stores.users.replace(before, after, event(before.user.user_id), password_hash="hash-2")
    assert stores.users.load_password_hash(before.user.user_id) == "hash-2"


def test_replacing_an_old_version_is_refused(stores: AnyStores) -> None:
    before = create(stores)
    after = next_version(before)
    stores.users.replace(before, after, event(before.user.user_id))
    with pytest.raises(UserChanged):
        stores.users.replace(
            before, after, event(before.user.user_id), password_hash="never written"
        )
    assert stores.users.load_password_hash(before.user.user_id) is None


def test_writing_again_with_the_same_event_is_the_same_success(stores: AnyStores) -> None:
    before, made = account(), event("usr_x")
    stores.users.create(before, None, made)
    stores.users.create(before, None, made)
    after, change = next_version(before), event("usr_x")
    stores.users.replace(before, after, change)
    stores.users.replace(before, after, change)
    assert stores.users.load(before.user.user_id) == after


def test_a_rename_frees_the_old_name_and_refuses_a_taken_one(stores: AnyStores) -> None:
    create(stores, user_name="taken")
    before = create(stores, user_name="old")
    with pytest.raises(UserNameTaken):
        stores.users.replace(
            before, next_version(before, user_name="Taken"), event(before.user.user_id)
        )
    after = next_version(before, user_name="new")
    stores.users.replace(before, after, event(before.user.user_id))
    assert stores.users.find("domain", "old") is None
    assert stores.users.find("domain", "new") == after
    create(stores, user_name="old")


def test_users_are_listed_by_prefix_and_domain_in_pages(stores: AnyStores) -> None:
    for name, domain in (("Anna", "x"), ("anton", "y"), ("berta", "x"), ("ANNA", "y")):
        create(stores, user_name=name, user_domain=domain)
    page = stores.users.list_users("AN", None, None, 2)
    found = list(page.items)
    assert page.next is not None
    page = stores.users.list_users("AN", None, page.next, 2)
    found += page.items
    assert sorted(one.user.user_name for one in found[:2]) == ["ANNA", "Anna"]
    assert [one.user.user_name for one in found[2:]] == ["anton"]
    in_x = stores.users.list_users("", "X", None, 10)
    assert [one.user.user_name for one in in_x.items] == ["Anna", "berta"]
    assert in_x.next is None


def test_a_domain_is_listed_as_long_as_a_user_is_in_it(stores: AnyStores) -> None:
    for name, domain in (("anna", "West"), ("berta", "west"), ("carl", "East"), ("dora", "north")):
        create(stores, user_name=name, user_domain=domain)
    assert stores.users.list_domains("", None, 10).items == [
        Domain("East", 1),
        Domain("north", 1),
        Domain("west", 2),
    ]
    assert [one.name for one in stores.users.list_domains("E", None, 10).items] == ["East"]
    page = stores.users.list_domains("", None, 2)
    assert [one.name for one in page.items] == ["East", "north"]
    assert [one.name for one in stores.users.list_domains("", page.next, 2).items] == ["west"]
    carl = stores.users.find("east", "carl")
    assert carl is not None
    stores.users.replace(carl, next_version(carl, user_domain="North"), event("usr_x"))
    assert stores.users.list_domains("", None, 10).items == [Domain("North", 2), Domain("west", 2)]


def test_a_user_who_was_not_written_is_not_counted(stores: AnyStores) -> None:
    before, made = account(user(user_name="anna", user_domain="west")), event("usr_x")
    stores.users.create(before, None, made)
    stores.users.create(before, None, made)
    with pytest.raises(UserNameTaken):
        create(stores, user_name="Anna", user_domain="west")
    stores.users.replace(before, next_version(before, user_name="other"), event("usr_x"))
    assert stores.users.list_domains("", None, 10).items == [Domain("west", 1)]


def test_certificate_files_are_kept_by_hash(stores: AnyStores) -> None:
    content = b"a certificate"
    name = hashlib.sha256(content).hexdigest()
    stores.certificate_files.save(name, content, "application/x-pem-file")
    stores.certificate_files.save(name, content, "application/x-pem-file")
    assert stores.certificate_files.load(name) == content


def test_a_missing_certificate_file_is_a_fault(stores: AnyStores) -> None:
    with pytest.raises(StoreUnavailable):
        stores.certificate_files.load("00" * 32)


def test_health_is_silent_when_the_tables_answer(stores: AnyStores) -> None:
    stores.database.check_health()
