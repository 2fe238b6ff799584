"""Consents are remembered per user, application and scopes, and can be withdrawn."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.audit import Actor
from chalicelib.directory.consents import MAXIMUM_CONSENTS
from chalicelib.directory.model import MAXIMUM_CONSENT_EPOCHS
from chalicelib.oauth.model import User
from tests.directory.people import ADMINISTRATOR, People
from tests.storage.samples import application, event, registration

API, LOGIN = frozenset({"api"}), frozenset({"login"})


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def user(people: People) -> User:
    return people.add()


def covers(people: People, user: User, client_id: str, scopes: frozenset[str]) -> bool:
    """Whether these scopes need no question now."""
    consents, current = people.stores.consents.load_with_user(user.user_id)
    return scopes <= consents.scopes_of(client_id, current)


def test_nothing_is_covered_before_consent(people: People, user: User) -> None:
    assert not covers(people, user, "app_a", API)
    assert people.consents.list_consents(user.user_id) == []
    assert people.consents.list_consents("usr_nobody") == []


def test_a_consent_covers_its_user_application_and_scopes_alone(people: People, user: User) -> None:
    people.consents.remember(user, "app_a", API | LOGIN)
    assert covers(people, user, "app_a", API)
    assert covers(people, user, "app_a", API | LOGIN)
    assert not covers(people, user, "app_a", API | {"admin"})
    assert not covers(people, user, "app_b", API)
    assert not covers(people, people.add("other"), "app_a", API)


def test_later_consents_add_up(people: People, user: User) -> None:
    people.consents.remember(user, "app_a", API)
    people.clock.advance(10)
    people.consents.remember(user, "app_a", LOGIN)
    people.clock.advance(10)
    people.consents.remember(user, "app_a", API)
    (consent,) = people.consents.list_consents(user.user_id)
    assert (consent.scopes, consent.granted_at) == (API | LOGIN, people.clock.now())
    assert people.stores.consents.load(user.user_id).version == 3


def test_a_consent_to_more_than_before_is_in_the_audit_trail(people: People, user: User) -> None:
    people.consents.remember(user, "app_a", API, "192.0.2.9")
    people.consents.remember(user, "app_a", API, "192.0.2.9")
    people.consents.remember(user, "app_a", LOGIN, "192.0.2.9")
    second, first, _ = people.stores.audit.list_events(user.user_id, None, 10).items
    assert first.action == second.action == "consent.given"
    assert first.changes == {"client_id": "app_a", "scopes": ["api"]}
    assert second.changes == {"client_id": "app_a", "scopes": ["api", "login"]}
    assert first.actor == Actor(None, user.user_id, "domain\\jdoe", "192.0.2.9")


def test_a_withdrawn_consent_is_asked_for_again(people: People, user: User) -> None:
    people.consents.remember(user, "app_a", API)
    people.consents.remember(user, "app_b", API)
    assert people.consents.withdraw(user.user_id, "app_a", ADMINISTRATOR)
    assert not people.consents.withdraw(user.user_id, "app_a", ADMINISTRATOR)
    assert not covers(people, user, "app_a", API)
    assert covers(people, user, "app_b", API)
    event, *_ = people.stores.audit.list_events(user.user_id, None, 10).items
    assert (event.action, event.changes) == ("consent.withdrawn", {"client_id": "app_a"})


def test_a_withdrawal_moves_the_user_on_in_the_epoch_of_that_application_alone(
    people: People, user: User
) -> None:
    cookie = people.log_in(user)
    for epoch in (1, 2):
        people.consents.remember(people.current(user), "app_a", API)
        assert covers(people, user, "app_a", API)
        people.consents.withdraw(user.user_id, "app_a", ADMINISTRATOR)
        assert people.current(user).consent_epochs == {"app_a": epoch}
    assert people.current(user).token_epoch == user.token_epoch
    assert people.sessions.find(cookie) is not None


def test_a_consent_given_in_an_epoch_that_has_passed_is_none(people: People, user: User) -> None:
    """The page was answered while the consent was withdrawn elsewhere."""
    people.consents.remember(user, "app_a", API)
    people.consents.withdraw(user.user_id, "app_a", ADMINISTRATOR)
    people.consents.remember(user, "app_a", API | LOGIN)
    assert not covers(people, user, "app_a", API)
    assert people.consents.list_consents(user.user_id) == []
    people.consents.remember(people.current(user), "app_a", API)
    (consent,) = people.consents.list_consents(user.user_id)
    assert consent.scopes == API


def test_a_withdrawal_beyond_all_room_ends_everything_of_the_person(
    people: People, user: User
) -> None:
    cookie = people.log_in(user)
    for number in range(MAXIMUM_CONSENT_EPOCHS + 1):
        assert people.current(user).token_epoch == user.token_epoch
        assert people.sessions.find(cookie) is not None
        people.consents.remember(people.current(user), f"app_{number}", API)
        people.consents.withdraw(user.user_id, f"app_{number}", ADMINISTRATOR)
    current = people.current(user)
    assert (current.token_epoch, current.consent_epochs) == (user.token_epoch + 1, {})
    assert people.sessions.find(cookie) is None


def test_a_consent_that_did_not_count_does_not_count_later(people: People, user: User) -> None:
    """Answered while it was withdrawn; then so many are withdrawn that all epochs begin anew."""
    people.consents.withdraw(user.user_id, "app_a", ADMINISTRATOR, also_unasked=True)
    people.consents.remember(user, "app_a", API)
    people.consents.remember(people.current(user), "app_b", API)
    for number in range(MAXIMUM_CONSENT_EPOCHS):
        client_id = f"app_{number}"
        people.consents.withdraw(user.user_id, client_id, ADMINISTRATOR, also_unasked=True)
    assert people.current(user).consent_epochs == {}
    assert not covers(people, user, "app_a", API)
    assert covers(people, user, "app_b", API)


def test_a_new_password_keeps_what_was_withdrawn(people: People, user: User) -> None:
    people.consents.remember(user, "app_a", API)
    people.consents.withdraw(user.user_id, "app_a", ADMINISTRATOR)
    people.users.set_password(user.user_id, {"password": "another password"}, ADMINISTRATOR)
    assert people.current(user).consent_epochs == {"app_a": 1}


def test_consents_are_bounded_and_the_oldest_goes(people: People, user: User) -> None:
    for number in range(MAXIMUM_CONSENTS + 1):
        people.consents.remember(user, f"app_{number:03}", API)
        people.clock.advance(1)
    listed = people.consents.list_consents(user.user_id)
    assert len(listed) == MAXIMUM_CONSENTS
    assert listed[0].client_id == f"app_{MAXIMUM_CONSENTS:03}"
    assert not covers(people, user, "app_000", API)


def test_parallel_consents_and_withdrawals_of_one_user_all_count(
    people: People, user: User
) -> None:
    for number in range(16):
        people.consents.remember(user, f"app_old_{number}", API)

    def act(number: int) -> None:
        if number % 2:
            people.consents.remember(user, f"app_{number}", API)
        else:
            people.consents.withdraw(user.user_id, f"app_old_{number // 2}", ADMINISTRATOR)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(act, range(32)))
    listed = {consent.client_id for consent in people.consents.list_consents(user.user_id)}
    assert listed == {f"app_{number}" for number in range(1, 32, 2)}
    assert len(people.current(user).consent_epochs) == 16


def test_a_consent_read_before_its_withdrawal_is_none_beside_a_user_read_after_it(
    people: People, user: User
) -> None:
    """A batch is not one moment."""
    app = application()
    people.stores.applications.create(registration(app), [], event(app.client_id))
    cookie = people.log_in(user)
    people.consents.remember(user, app.client_id, frozenset({"api"}))
    before = people.stores.sessions.load(user.user_id, app.client_id)
    people.consents.withdraw(user.user_id, app.client_id, ADMINISTRATOR)
    after = people.stores.sessions.load(user.user_id, app.client_id)
    for consents, current in ((before.consents, after.user), (after.consents, before.user)):
        torn = replace(after, consents=consents, user=current)
        people.stores.sessions.load = lambda *_, torn=torn: torn
        visit = people.sessions.visit(cookie, app.client_id)
        assert visit.signed_in is not None
        assert visit.consented == frozenset()
