"""A person changes the own password: what is asked, what is refused, and what ends."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.administration.refusals import Conflict, FieldsRefused
from chalicelib.directory.authentication import USER_LIMIT
from chalicelib.directory.own_password import OwnPasswords, PasswordChange
from chalicelib.oauth.model import User
from chalicelib.oauth.stores import StoreUnavailable
from tests.directory.people import ADDRESS, ADMINISTRATOR, PASSWORD, People

NEW = "another horse battery"


@pytest.fixture
def people() -> People:
    return People()


def change(
    people: People, user: User, old: str = PASSWORD, new: str = NEW, repeated: str | None = None
) -> User:
    service = OwnPasswords(people.stores.users, people.authenticator, people.clock)
    typed = PasswordChange(old, new, new if repeated is None else repeated)
    return service.change(user, typed, ADDRESS)


def refused(people: People, user: User, *typed: str) -> dict[str, str]:
    with pytest.raises(FieldsRefused) as error:
        change(people, user, *typed)
    return error.value.fields


@pytest.mark.checklist("50")
def test_the_new_password_counts_and_what_the_old_one_began_ends(people: People) -> None:
    user = people.add()
    cookie = people.log_in(user)
    changed = change(people, user)
    assert changed == people.current(user)
    assert changed.token_epoch == user.token_epoch + 1
    assert people.sessions.find(cookie) is None
    assert people.reason() == "wrong password"
    assert people.authenticate(NEW) == changed


def test_the_person_is_the_actor_of_the_event(people: People) -> None:
    user = people.add()
    change(people, user)
    event = people.stores.audit.list_events(user.user_id, None, 1).items[0]
    assert event.action == "user.password_changed"
    assert (event.actor.client_id, event.actor.user_id) == (None, user.user_id)
    assert (event.actor.user_name, event.actor.source_ip) == ("domain\\jdoe", ADDRESS)
    assert event.changes == {}


@pytest.mark.checklist("62")
@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ((PASSWORD, "short"), {"new_password": "must have 8 to 256 characters"}),
        ((PASSWORD, "password1"), {"new_password": "is one of the commonest passwords"}),
        ((PASSWORD, "x" * 257), {"new_password": "must have 8 to 256 characters"}),
        ((PASSWORD, "with\x00nothing"), {"new_password": "must not hold control characters"}),
        ((PASSWORD, PASSWORD), {"new_password": "must be another one than the present"}),
        ((PASSWORD, NEW, "other"), {"repeat_password": "is not the same as the new password"}),
        (
            ("wrong", "", "other"),
            {
                "new_password": "must have 8 to 256 characters",
                "repeat_password": "is not the same as the new password",
            },
        ),
    ],
)
def test_a_new_password_that_does_not_fit_is_refused_before_the_old_one_is_looked_at(
    people: People, typed: tuple[str, ...], fields: dict[str, str]
) -> None:
    user = people.add()
    for _ in range(USER_LIMIT + 1):
        assert refused(people, user, *typed) == fields
    assert people.current(user) == user
    assert people.authenticate() == user


@pytest.mark.checklist("62")
def test_a_long_password_is_taken_whole(people: People) -> None:
    user = people.add()
    sentence = "a long sentence " * 8
    change(people, user, new=sentence)
    assert people.reason(sentence[:-1]) == "wrong password"
    assert people.reason(sentence) == ""


@pytest.mark.checklist("59")
def test_guesses_at_the_old_password_are_counted_as_at_a_login(people: People) -> None:
    user = people.add()
    cookie = people.log_in(user)
    answers = {str(refused(people, user, "wrong")) for _ in range(USER_LIMIT)}
    answers.add(str(refused(people, user)))
    assert len(answers) == 1
    assert people.reason() == "too many attempts"
    assert people.current(user) == user
    assert people.sessions.find(cookie) is not None


class ChangedBehind:
    """A directory in which somebody changes the user just before it is written."""

    def __init__(self, people: People, change_user: Any) -> None:
        self._store, self._change = people.stores.users, change_user

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def replace(self, *arguments: Any, **rest: Any) -> None:
        change_user, self._change = self._change, None
        if change_user is not None:
            change_user()
        self._store.replace(*arguments, **rest)


def test_a_reset_at_the_same_moment_wins(people: People) -> None:
    user = people.add()
    users = people.users

    def reset() -> None:
        users.set_password(user.user_id, {"password": "the helpdesk's own"}, ADMINISTRATOR)

    people.stores.users = ChangedBehind(people, reset)
    with pytest.raises(Conflict):
        change(people, user)
    assert people.authenticate("the helpdesk's own").user_id == user.user_id


def test_another_change_at_the_same_moment_is_kept(people: People) -> None:
    user = people.add()
    users = people.users
    people.stores.users = ChangedBehind(
        people,
        lambda: users.update(user.user_id, {"roles": ["administrator"]}, ADMINISTRATOR),
    )
    assert change(people, user).roles == {"administrator"}


def test_nothing_changes_while_storage_fails(people: People) -> None:
    user = people.add()
    people.stores.memory.unavailable = True
    with pytest.raises(StoreUnavailable):
        change(people, user)
    people.stores.memory.unavailable = False
    assert people.authenticate() == user


@pytest.mark.checklist("50")
def test_of_parallel_changes_one_counts_and_its_password_is_the_one_that_holds(
    people: People,
) -> None:
    user = people.add()
    wanted = [f"{NEW} {number}" for number in range(USER_LIMIT - 2)]

    def attempt(new: str) -> bool:
        try:
            change(people, user, new=new)
        except (Conflict, FieldsRefused):
            return False
        return True

    with ThreadPoolExecutor(len(wanted)) as pool:
        done = [new for new, won in zip(wanted, pool.map(attempt, wanted), strict=True) if won]
    assert len(done) == 1
    assert people.current(user).token_epoch == user.token_epoch + 1
    assert [new for new in wanted if people.reason(new, address="198.51.100.1") == ""] == done
