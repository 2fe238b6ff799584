"""The contract of the stores of people who log in, held to by the fakes and by the tables."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.directory.attempts import Count, Counter
from chalicelib.directory.consents import (
    Consent,
    ConsentsChanged,
    UserConsents,
    WithdrawalRaced,
)
from chalicelib.directory.sessions import Session, SessionsChanged, UserSessions
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes.clock import START
from tests.fakes.stores import AnyStores, FakeStores
from tests.storage.samples import account, application, event, registration, user

MANY = 32
COUNTER = Counter("user#" + "ab" * 32, START + 900, 1000)


def session(user_id: str, **changes: object) -> Session:
    values: dict[str, object] = {
        "session_id": new_ulid(),
        "user_epoch": 3,
        "authenticated_at": START,
        "last_used_at": START,
        "ends_at": START + 600,
        "maximum_ends_at": START + 6000,
        "source_ip": "192.0.2.1",
        "user_agent": "",
    }
    return Session(user_id=user_id, **(values | changes))  # type: ignore[arg-type] # made-up values


def sessions(user_id: str = "usr_a", **changes: object) -> UserSessions:
    values: dict[str, object] = {
        "sessions": {"ab" * 32: session(user_id), "cd" * 32: session(user_id, user_agent="Ä b")},
        "updated_at": START,
        "version": 1,
        "nonce": new_ulid(),
    }
    return UserSessions(user_id, **(values | changes))  # type: ignore[arg-type] # made-up values


def following(before: UserSessions, **changes: object) -> UserSessions:
    version = before.version + 1
    return replace(before, version=version, nonce=new_ulid(), **changes)  # type: ignore[arg-type] # made-up values


def test_nothing_is_stored_for_a_user_who_never_logged_in(stores: AnyStores) -> None:
    snapshot = stores.sessions.load("usr_none", "app_none")
    assert snapshot.sessions == UserSessions("usr_none")
    assert (snapshot.user, snapshot.application) == (None, None)
    assert snapshot.consents == UserConsents("usr_none")


def test_sessions_are_loaded_as_saved_with_user_application_and_consents(
    stores: AnyStores,
) -> None:
    person, app = user(), application()
    stores.users.create(account(person), None, event(person.user_id))
    stores.applications.create(registration(app), [], event(app.client_id))
    saved, agreed = sessions(person.user_id), consents(person.user_id)
    stores.sessions.save(UserSessions(person.user_id), saved)
    stores.consents.save(UserConsents(person.user_id), agreed)
    snapshot = stores.sessions.load(person.user_id, app.client_id)
    assert (snapshot.sessions, snapshot.user) == (saved, person)
    assert (snapshot.application, snapshot.consents) == (app, agreed)
    alone = stores.sessions.load(person.user_id)
    assert (alone.sessions, alone.application, alone.consents) == (saved, None, None)
    stranger = stores.sessions.load(None, app.client_id)
    assert (stranger.user, stranger.application, stranger.consents) == (None, app, None)


def test_sessions_are_replaced_by_whoever_saw_the_newest(stores: AnyStores) -> None:
    first = sessions()
    stores.sessions.save(UserSessions("usr_a"), first)
    second = following(first, sessions={})
    stores.sessions.save(first, second)
    for stale in (UserSessions("usr_a"), first, replace(second, nonce="another")):
        with pytest.raises(SessionsChanged) as changed:
            stores.sessions.save(stale, following(stale, sessions=first.sessions))
        assert changed.value.current == second
    assert stores.sessions.load("usr_a").sessions == second


def test_saving_the_same_sessions_again_is_the_same_success(stores: AnyStores) -> None:
    first = sessions()
    stores.sessions.save(UserSessions("usr_a"), first)
    stores.sessions.save(UserSessions("usr_a"), first)
    assert stores.sessions.load("usr_a").sessions == first


def test_sessions_that_are_gone_are_not_made_again(stores: AnyStores) -> None:
    first = sessions()
    with pytest.raises(SessionsChanged) as changed:
        stores.sessions.save(first, following(first))
    assert changed.value.current == UserSessions("usr_a")
    assert stores.sessions.load("usr_a").sessions.version == 0


def test_an_event_is_written_with_the_sessions_or_not_at_all(stores: AnyStores) -> None:
    first = sessions()
    made, refused = event("usr_a", "sessions.ended"), event("usr_a", "sessions.ended")
    stores.sessions.save(UserSessions("usr_a"), first, made)
    stores.sessions.save(UserSessions("usr_a"), first, made)
    with pytest.raises(SessionsChanged) as changed:
        stores.sessions.save(UserSessions("usr_a"), sessions(), refused)
    assert changed.value.current == first
    assert list(stores.audit.list_events("usr_a", None, 10).items) == [made]


def consents(user_id: str = "usr_a", **changes: object) -> UserConsents:
    values: dict[str, object] = {
        "consents": {
            "app_a": Consent("app_a", frozenset({"api", "login"}), START),
            "app_b": Consent("app_b", frozenset(), START + 1),
        },
        "version": 1,
        "nonce": new_ulid(),
    }
    return UserConsents(user_id, **(values | changes))  # type: ignore[arg-type] # made-up values


def test_consents_are_replaced_by_whoever_saw_the_newest(stores: AnyStores) -> None:
    assert stores.consents.load("usr_a") == UserConsents("usr_a")
    first = consents()
    stores.consents.save(UserConsents("usr_a"), first)
    stores.consents.save(UserConsents("usr_a"), first)
    assert stores.consents.load("usr_a") == first
    second = replace(first, consents={}, version=2, nonce=new_ulid())
    stores.consents.save(first, second)
    with pytest.raises(ConsentsChanged) as changed:
        stores.consents.save(first, replace(first, version=2, nonce=new_ulid()))
    assert changed.value.current == second


def test_consents_are_saved_with_their_event_or_not_at_all(stores: AnyStores) -> None:
    first, given = consents("usr_a"), event("usr_a", "consent.given")
    for _ in range(2):
        # The second time because the answer was lost.
        stores.consents.save(UserConsents("usr_a"), first, given)
    late = replace(first, nonce=new_ulid())
    with pytest.raises(ConsentsChanged) as changed:
        stores.consents.save(UserConsents("usr_a"), late, event("usr_a", "consent.given"))
    assert changed.value.current == first
    assert stores.audit.list_events("usr_a", None, 10).items == [given]


def test_a_withdrawal_moves_consents_and_user_together_or_neither(stores: AnyStores) -> None:
    before = account(created_at=START, updated_at=START)
    user, user_id = before.user, before.user.user_id
    stores.users.create(before, None, event(user_id, "user.created"))
    first = consents(user_id)
    stores.consents.save(UserConsents(user_id), first)
    assert stores.consents.load_with_user(user_id) == (first, user)
    left = replace(first, consents={}, version=2, nonce=new_ulid())
    moved_on = replace(user, version=user.version + 1, consent_epochs={"app_a": 1})
    for stale in (
        (replace(first, nonce=new_ulid()), user),
        (first, replace(user, version=user.version + 7)),
    ):
        with pytest.raises(WithdrawalRaced):
            stores.consents.withdraw(stale, (left, moved_on), event(user_id, "consent.withdrawn"))
        assert stores.consents.load_with_user(user_id) == (first, user)
    made = event(user_id, "consent.withdrawn")
    stores.consents.withdraw((first, user), (left, moved_on), made)
    # The answer was lost, and the call repeated.
    stores.consents.withdraw((first, user), (left, moved_on), made)
    assert stores.consents.load_with_user(user_id) == (left, moved_on)
    loaded = stores.users.load(user_id)
    assert loaded is not None
    assert loaded.user == moved_on
    events = stores.audit.list_events(user_id, None, 10).items
    assert [each.action for each in events].count("consent.withdrawn") == 1


def test_consents_of_a_user_who_is_not_there(stores: AnyStores) -> None:
    assert stores.consents.load_with_user("usr_a") == (UserConsents("usr_a"), None)


def test_attempts_are_counted_for_each_window_and_given_back_once(stores: AnyStores) -> None:
    assert [stores.attempts.count(COUNTER).attempts for _ in range(3)] == [1, 2, 3]
    assert stores.attempts.count(replace(COUNTER, window_ends_at=START + 1800)) == Count(1)
    stores.attempts.give_back(COUNTER, "n1")
    stores.attempts.give_back(COUNTER, "n1")
    assert stores.attempts.count(COUNTER) == Count(3)


def test_attempts_have_parts_that_are_counted_with_the_whole(stores: AnyStores) -> None:
    one, other = (replace(COUNTER, part=letter * 64) for letter in "12")
    assert [stores.attempts.count(one) for _ in range(2)] == [Count(1, 1), Count(2, 2)]
    assert stores.attempts.count(other) == Count(3, 1)
    stores.attempts.give_back(one, "n1")
    stores.attempts.give_back(one, "n1")
    assert stores.attempts.count(one) == Count(3, 2)
    stores.attempts.give_back(other, "n2")
    stores.attempts.give_back(other, "n3")
    assert stores.attempts.count(other) == Count(3, 1)


def test_beyond_the_most_nothing_is_added(stores: AnyStores) -> None:
    counters = [replace(COUNTER, most=2, part=f"{number:064}") for number in range(4)]
    counts = [stores.attempts.count(counter) for counter in counters]
    assert counts == [Count(1, 1), Count(2, 1), Count(3, 1), Count(3, 1)]
    assert stores.attempts.count(counters[0]) == Count(3, 2)
    stores.attempts.give_back(counters[0], "n1")
    assert stores.attempts.count(counters[3]) == Count(2, 1)


def test_attempts_never_go_below_none(stores: AnyStores) -> None:
    stores.attempts.give_back(COUNTER, "n1")
    stores.attempts.count(COUNTER)
    stores.attempts.give_back(COUNTER, "n2")
    stores.attempts.give_back(COUNTER, "n3")
    assert stores.attempts.count(COUNTER) == Count(1)


def together(act: Callable[[int], int], count: int = MANY) -> list[int]:
    with ThreadPoolExecutor(MANY) as pool:
        return sorted(pool.map(act, range(count)))


@pytest.mark.checklist("59")
def test_parallel_attempts_each_get_a_number_of_their_own(stores: AnyStores) -> None:
    numbers = together(lambda _: stores.attempts.count(COUNTER).attempts, 100)
    assert numbers == list(range(1, 101))


def test_of_many_parallel_writes_of_one_version_one_succeeds(stores: AnyStores) -> None:
    first = sessions()
    stores.sessions.save(UserSessions("usr_a"), first)

    def write(_: int) -> int:
        try:
            stores.sessions.save(first, following(first))
        except SessionsChanged:
            return 0
        return 1

    assert sum(together(write)) == 1


def test_nothing_is_decided_while_storage_is_silent() -> None:
    fakes = FakeStores()
    fakes.memory.unavailable = True
    with pytest.raises(StoreUnavailable):
        fakes.sessions.load("usr_a")
    with pytest.raises(StoreUnavailable):
        fakes.attempts.count(COUNTER)
    with pytest.raises(StoreUnavailable):
        fakes.consents.load("usr_a")
