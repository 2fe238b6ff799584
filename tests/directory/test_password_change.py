"""A user's own change of password."""

from collections.abc import Mapping

import pytest

from chalicelib.administration.refusals import FieldsRefused, VersionMismatch
from chalicelib.audit import Actor
from chalicelib.directory.authentication import USER_LIMIT, LoginRefused
from chalicelib.directory.model import Account
from chalicelib.directory.users import Users
from tests.directory.people import ADDRESS, ADMINISTRATOR, PASSWORD, People

NEW = "quite another horse"


@pytest.fixture
def people() -> People:
    return People()


@pytest.mark.checklist("50")
def test_a_new_password_ends_every_session_and_is_in_the_trail(people: People) -> None:
    user = people.add()
    cookies = [people.log_in(user) for _ in range(3)]
    changed = people.passwords.change_password(user, PASSWORD, NEW, ADDRESS)
    assert changed.token_epoch == user.token_epoch + 1
    assert [people.sessions.find(cookie) for cookie in cookies] == [None] * 3
    assert people.sessions.list_sessions(user.user_id) == []
    assert people.reason() == "wrong password"
    assert people.authenticate(NEW) == changed
    _, cookie = people.sessions.log_in(changed, ADDRESS, "")
    assert people.sessions.find(cookie) is not None
    event = people.stores.audit.list_events(user.user_id, None, 1).items[0]
    assert (event.action, event.actor.user_id) == ("user.password_set", user.user_id)
    assert event.actor.source_ip == ADDRESS


def test_whoever_does_not_know_the_old_password_changes_nothing(people: People) -> None:
    user = people.add()
    cookie = people.log_in(user)
    with pytest.raises(LoginRefused):
        people.passwords.change_password(user, "wrong", NEW, ADDRESS)
    assert people.sessions.find(cookie) is not None
    assert people.authenticate() == user


@pytest.mark.checklist("59")
def test_guessing_the_old_password_counts_as_guessing(people: People) -> None:
    user = people.add()
    for _ in range(USER_LIMIT):
        with pytest.raises(LoginRefused):
            people.passwords.change_password(user, "wrong", NEW, ADDRESS)
    assert people.reason() == "too many attempts"


@pytest.mark.checklist("62")
@pytest.mark.parametrize("new", ["short", "password123", "a" * 300])
def test_a_new_password_keeps_the_rules(people: People, new: str) -> None:
    user = people.add()
    with pytest.raises(FieldsRefused) as refused:
        people.passwords.change_password(user, PASSWORD, new, ADDRESS)
    assert set(refused.value.fields) == {"password"}
    assert people.authenticate() == user


def test_a_name_that_went_to_another_user_changes_nothing(people: People) -> None:
    user = people.add()
    people.users.update(user.user_id, {"user_name": "jane"}, ADMINISTRATOR)
    other = people.add()
    with pytest.raises(LoginRefused):
        people.passwords.change_password(user, PASSWORD, NEW, ADDRESS)
    assert people.authenticate() == other


class Interrupted(Users):
    """Users whose roles are changed just before a password is set."""

    def set_password(
        self, user_id: str, body: Mapping[str, object], actor: Actor, if_version: int | None = None
    ) -> Account:
        self.update(user_id, {"roles": ["administrator"]}, ADMINISTRATOR)
        return super().set_password(user_id, body, actor, if_version)


def test_a_user_changed_meanwhile_keeps_the_old_password(people: People) -> None:
    user = people.add()
    people.passwords = type(people.passwords)(
        people.authenticator, Interrupted(people.stores.users, people.clock)
    )
    with pytest.raises(VersionMismatch):
        people.passwords.change_password(user, PASSWORD, NEW, ADDRESS)
    assert people.reason() == ""
