"""Consents are remembered per user, application and scopes, and can be withdrawn."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.directory.consents import MAXIMUM_CONSENTS
from tests.directory.people import ADMINISTRATOR, People

USER = "usr_a"
API, LOGIN = frozenset({"api"}), frozenset({"login"})


@pytest.fixture
def people() -> People:
    return People()


def test_nothing_is_covered_before_consent(people: People) -> None:
    assert not people.consents.covers(USER, "app_a", API)
    assert people.consents.list_consents(USER) == []


def test_a_consent_covers_its_user_application_and_scopes_alone(people: People) -> None:
    people.consents.remember(USER, "app_a", API | LOGIN)
    assert people.consents.covers(USER, "app_a", API)
    assert people.consents.covers(USER, "app_a", API | LOGIN)
    assert not people.consents.covers(USER, "app_a", API | {"admin"})
    assert not people.consents.covers(USER, "app_b", API)
    assert not people.consents.covers("usr_b", "app_a", API)


def test_later_consents_add_up(people: People) -> None:
    people.consents.remember(USER, "app_a", API)
    people.clock.advance(10)
    people.consents.remember(USER, "app_a", LOGIN)
    people.consents.remember(USER, "app_a", API)
    (consent,) = people.consents.list_consents(USER)
    assert (consent.scopes, consent.granted_at) == (API | LOGIN, people.clock.now())
    assert people.stores.consents.load(USER).version == 2


def test_a_withdrawn_consent_is_asked_for_again(people: People) -> None:
    people.consents.remember(USER, "app_a", API)
    people.consents.remember(USER, "app_b", API)
    assert people.consents.withdraw(USER, "app_a", ADMINISTRATOR)
    assert not people.consents.withdraw(USER, "app_a", ADMINISTRATOR)
    assert not people.consents.covers(USER, "app_a", API)
    assert people.consents.covers(USER, "app_b", API)
    (event,) = people.stores.audit.list_events(USER, None, 10).items
    assert (event.action, event.changes) == ("consent.withdrawn", {"client_id": "app_a"})


def test_consents_are_bounded_and_the_oldest_goes(people: People) -> None:
    for number in range(MAXIMUM_CONSENTS + 1):
        people.consents.remember(USER, f"app_{number:03}", API)
        people.clock.advance(1)
    listed = people.consents.list_consents(USER)
    assert len(listed) == MAXIMUM_CONSENTS
    assert listed[0].client_id == f"app_{MAXIMUM_CONSENTS:03}"
    assert not people.consents.covers(USER, "app_000", API)


def test_parallel_consents_of_one_user_are_all_remembered(people: People) -> None:
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda one: people.consents.remember(USER, f"app_{one}", API), range(32)))
    assert len(people.consents.list_consents(USER)) == 32
