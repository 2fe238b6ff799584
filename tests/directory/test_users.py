"""Creating and changing users, and what that does to what they hold."""

from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from chalicelib.administration.refusals import (
    Conflict,
    FieldsRefused,
    FieldsTaken,
    NotFound,
    VersionMismatch,
)
from chalicelib.audit import Actor
from chalicelib.directory.model import Account
from chalicelib.directory.passwords import verify_password
from chalicelib.directory.stores import UserChanged
from chalicelib.directory.users import Users
from chalicelib.oauth.model import Status
from tests.fakes.clock import START, FakeClock
from tests.fakes.stores import FakeStores
from tests.names import full_width

ACTOR = Actor("app_console", "usr_admon", "domain\\admon", "192.0.2.1")


@pytest.fixture
def stores() -> FakeStores:
    return FakeStores()


@pytest.fixture
def users(stores: FakeStores) -> Users:
    return Users(stores.users, FakeClock())


def form(**changes: Any) -> dict[str, Any]:
    values = {"user_name": "jdoe", "user_domain": "domain", **changes}
    return {name: value for name, value in values.items() if value is not ...}


def test_a_user_is_created_with_everything(users: Users, stores: FakeStores) -> None:
    values = form(
        password="correct horse",
        email="jdoe@example.com",
        given_name="Jo",
        family_name="Doe",
        roles=["administrator"],
    )
    account = users.create(values, ACTOR)
    assert account.user.user_id.startswith("usr_")
    assert account.user.roles == {"administrator"}
    assert (account.email, account.given_name, account.family_name) == (
        "jdoe@example.com", "Jo", "Doe",
    )  # fmt: skip
    assert account.created_at == START
    verify_password("correct horse", stores.memory.passwords[account.user.user_id])
    (event,) = stores.memory.events.values()
    assert (event.action, event.target) == ("user.created", account.user.user_id)
    assert "correct horse" not in repr(stores.memory)
    assert "argon2" not in repr(stores.memory.events)


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"user_name": ...}, "user_name", "is required"),
    ({"user_name": ""}, "user_name", "must have at least 1"),
    ({"user_name": " "}, "user_name", "must not be empty"),
    ({"user_name": "x" * 101}, "user_name", "must have at most 100"),
    ({"user_name": "a\\b"}, "user_name", "must not hold a backslash"),
    ({"user_name": "a\u202eb"}, "user_name", "must not hold control"),
    ({"user_name": "a\nb"}, "user_name", "must not hold control"),
    ({"user_name": 7}, "user_name", "must be a text"),
    ({"user_domain": ...}, "user_domain", "is required"),
    ({"user_domain": "a@b"}, "user_domain", "must not hold an @"),
    ({"user_domain": "a\\b"}, "user_domain", "must not hold a backslash"),
    ({"email": "jdoe"}, "email", "must be an e-mail address"),
    ({"email": "a@b@c"}, "email", "must be an e-mail address"),
    ({"email": "x@" + "y" * 253}, "email", "must have at most 254"),
    ({"given_name": "x" * 101}, "given_name", "must have at most 100"),
    ({"family_name": "a\x07"}, "family_name", "must not hold control"),
    ({"roles": ["root"]}, "roles", "must be 'administrator'"),
    ({"roles": "administrator"}, "roles", "must be a list"),
    ({"roles": ["administrator"] * 2}, "roles", "must"),
    ({"password": "short"}, "password", "must have at least 8"),
    ({"password": "x" * 257}, "password", "must have at most 256"),
    ({"password": "password1"}, "password", "is one of the commonest"),
    ({"id": "usr_mine"}, "id", "is not a field of this form"),
    ({"status": "disabled"}, "status", "is not a field of this form"),
    ({"externalId": "1"}, "externalId", "is not a field of this form"),
]


@pytest.mark.checklist("54", "62")
@pytest.mark.parametrize(("changes", "field", "beginning"), WRONG)
def test_a_wrong_field_is_named_with_its_reason(
    users: Users, stores: FakeStores, changes: dict[str, Any], field: str, beginning: str
) -> None:
    with pytest.raises(FieldsRefused) as caught:
        users.create(form(**changes), ACTOR)
    assert set(caught.value.fields) == {field}
    assert caught.value.fields[field].startswith(beginning)
    assert stores.memory.accounts == {}


def test_every_wrong_field_is_named_at_once(users: Users) -> None:
    with pytest.raises(FieldsRefused) as caught:
        users.create({"user_domain": "a@b", "email": 1, "password": "x", "id": "y"}, ACTOR)
    assert set(caught.value.fields) == {"user_name", "user_domain", "email", "password", "id"}


@pytest.mark.parametrize("name", ["jdoe@example.com", "José", "山田", "o'brien"])
def test_a_user_name_may_be_a_mail_address_or_foreign(users: Users, name: str) -> None:
    assert users.create(form(user_name=name), ACTOR).user.user_name == name


@pytest.mark.parametrize("name", ["jdoe", "JDoe", full_width("jdoe"), " jdoe "])
def test_a_name_is_taken_within_its_domain(users: Users, name: str) -> None:
    users.create(form(), ACTOR)
    with pytest.raises(FieldsTaken) as caught:
        users.create(form(user_name=name, user_domain="DOMAIN"), ACTOR)
    assert set(caught.value.fields) == {"user_name"}
    assert users.create(form(user_name=name, user_domain="other"), ACTOR)


@pytest.mark.checklist("56")
def test_of_32_parallel_creations_of_equal_names_one_holds(
    users: Users, stores: FakeStores
) -> None:
    outcomes: list[str] = []

    def create(name: str) -> None:
        try:
            users.create(form(user_name=name), ACTOR)
            outcomes.append("created")
        except FieldsTaken:
            outcomes.append("taken")

    names = ["jdoe", "JDOE", full_width("Jdoe"), "jDoe"]
    threads = [Thread(target=create, args=(names[n % 4],)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created"] + ["taken"] * 31
    assert len(stores.memory.accounts) == 1


def test_a_change_leaves_the_rest_as_it_is(users: Users, stores: FakeStores) -> None:
    before = users.create(form(email="jdoe@example.com", password="correct horse"), ACTOR)
    user_id = before.user.user_id
    kept = dict(stores.memory.passwords)
    after = users.update(user_id, {"family_name": "Doe"}, ACTOR)
    assert after == replace(before, family_name="Doe", user=replace(before.user, version=2))
    assert stores.memory.passwords == kept
    assert users.update(user_id, {"email": None}, ACTOR).email is None
    assert users.update(user_id, {}, ACTOR).user.version == 3


@pytest.mark.checklist("53", "54")
@pytest.mark.parametrize(
    "body",
    [
        {"user_name": None},
        {"user_name": ""},
        {"user_domain": "a@b"},
        {"email": "nobody"},
        {"roles": ["root"]},
        {"roles": None},
        {"password": "correct horse"},
        {"id": "usr_other"},
        {"token_epoch": 0},
        {"status": "enabled"},
    ],
)
def test_a_change_cannot_break_a_rule_of_creation(users: Users, body: dict[str, Any]) -> None:
    before = users.create(form(), ACTOR)
    with pytest.raises(FieldsRefused) as caught:
        users.update(before.user.user_id, body, ACTOR)
    assert set(caught.value.fields) == set(body)
    assert users.load(before.user.user_id) == before


def test_a_change_of_roles_counts_at_use_and_ends_no_token(users: Users) -> None:
    user_id = users.create(form(roles=["administrator"]), ACTOR).user.user_id
    user = users.update(user_id, {"roles": []}, ACTOR).user
    assert (user.roles, user.token_epoch) == (frozenset(), 0)


@pytest.mark.checklist("50")
def test_disabling_ends_tokens_and_enabling_revives_none(users: Users) -> None:
    user_id = users.create(form(), ACTOR).user.user_id
    disabled = users.disable(user_id, ACTOR).user
    assert (disabled.status, disabled.token_epoch) == (Status.DISABLED, 1)
    enabled = users.enable(user_id, ACTOR).user
    assert (enabled.status, enabled.token_epoch) == (Status.ENABLED, 1)
    assert users.enable(user_id, ACTOR).user == enabled
    users.disable(user_id, ACTOR)
    assert users.disable(user_id, ACTOR).user.token_epoch == 3


@pytest.mark.checklist("50")
def test_a_new_password_ends_tokens(users: Users, stores: FakeStores) -> None:
    user_id = users.create(form(password="correct horse"), ACTOR).user.user_id
    account = users.set_password(user_id, {"password": "battery staple"}, ACTOR)
    assert (account.user.token_epoch, account.user.version) == (1, 2)
    verify_password("battery staple", stores.memory.passwords[user_id])
    for body in ({}, {"password": None}, {"password": "password"}, {"password": "x", "a": 1}):
        with pytest.raises(FieldsRefused):
            users.set_password(user_id, body, ACTOR)


def test_an_unknown_user_cannot_be_changed(users: Users) -> None:
    unknown = "usr_" + "0" * 26
    for change in (users.disable, users.enable):
        with pytest.raises(NotFound):
            change(unknown, ACTOR)
    with pytest.raises(NotFound):
        users.set_password(unknown, {"password": "battery staple"}, ACTOR)


def test_another_version_changes_nothing(users: Users) -> None:
    before = users.create(form(), ACTOR)
    with pytest.raises(VersionMismatch):
        users.update(before.user.user_id, {"email": "a@b.example"}, ACTOR, 2)
    assert users.load(before.user.user_id) == before


@pytest.mark.parametrize(
    ("version", "error"), [(None, Conflict), (1, VersionMismatch)], ids=["any", "if-match"]
)
def test_a_race_that_is_lost_three_times_is_told(
    users: Users,
    stores: FakeStores,
    monkeypatch: pytest.MonkeyPatch,
    version: int | None,
    error: type[Exception],
) -> None:
    user_id = users.create(form(), ACTOR).user.user_id
    tries: list[Account] = []

    def lose(before: Account, *_: object, **__: object) -> None:
        tries.append(before)
        if version is not None:
            changed = replace(before, user=replace(before.user, version=2))
            stores.memory.accounts[user_id] = changed
        raise UserChanged

    monkeypatch.setattr(stores.users, "replace", lose)
    with pytest.raises(error):
        users.disable(user_id, ACTOR, version)
    assert len(tries) == (3 if version is None else 1)


def test_a_change_cannot_take_the_name_of_another(users: Users) -> None:
    users.create(form(), ACTOR)
    other = users.create(form(user_name="other"), ACTOR)
    with pytest.raises(FieldsTaken):
        users.update(other.user.user_id, {"user_name": "JDOE"}, ACTOR)
    assert users.load(other.user.user_id) == other


def test_a_lost_race_is_decided_anew(
    users: Users, stores: FakeStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = users.create(form(), ACTOR)
    write = stores.users.replace

    def lose_once(*_: object, **__: object) -> None:
        raced = replace(before, email="r@b.example", user=replace(before.user, version=2))
        stores.memory.accounts[before.user.user_id] = raced
        monkeypatch.setattr(stores.users, "replace", write)
        raise UserChanged

    monkeypatch.setattr(stores.users, "replace", lose_once)
    after = users.update(before.user.user_id, {"given_name": "Jo"}, ACTOR)
    assert (after.email, after.given_name, after.user.version) == ("r@b.example", "Jo", 3)
