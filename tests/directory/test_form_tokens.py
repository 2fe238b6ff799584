"""Forms that are accepted once each: by their own session, in their time, for what they show."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.directory.csrf import FormRefused, csrf_token
from chalicelib.directory.form_tokens import CLOCK_SKEW_SECONDS, LIFETIME_SECONDS, FormTokens
from tests.fakes.clock import FakeClock
from tests.fakes.stores import FakeStores

SESSION = "value of the session cookie"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def forms(clock: FakeClock) -> FormTokens:
    return FormTokens(FakeStores().attempts, clock)


def is_taken(forms: FormTokens, token: str | None, *bound: str, session: str = SESSION) -> bool:
    try:
        forms.consume(session, "end session", token, *bound)
    except FormRefused:
        return False
    return True


@pytest.mark.checklist("14")
def test_a_form_is_taken_once_and_another_beside_it_as_well(forms: FormTokens) -> None:
    first, second = (forms.issue(SESSION, "end session", "1") for _ in range(2))
    assert first != second
    assert [is_taken(forms, one, "1") for one in (first, second, first, second)] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.checklist("14")
def test_of_32_uses_at_once_one_is_taken(forms: FormTokens) -> None:
    token = forms.issue(SESSION, "end session")
    with ThreadPoolExecutor(32) as pool:
        taken = list(pool.map(lambda _: is_taken(forms, token), range(32)))
    assert taken.count(True) == 1


@pytest.mark.checklist("14", "16")
def test_another_session_purpose_or_value_is_refused_and_uses_nothing_up(forms: FormTokens) -> None:
    token = forms.issue(SESSION, "end session", "1")
    assert not is_taken(forms, token, "2")
    assert not is_taken(forms, token)
    assert not is_taken(forms, token, "1", session="another")
    with pytest.raises(FormRefused):
        forms.consume(SESSION, "withdraw consent", token, "1")
    assert is_taken(forms, token, "1")


@pytest.mark.checklist("14")
def test_a_form_ends_before_its_use_is_forgotten(forms: FormTokens, clock: FakeClock) -> None:
    """The record of a use goes with the form's time; without an end it could come back then."""
    used, late, kept = (forms.issue(SESSION, "end session") for _ in range(3))
    assert is_taken(forms, used)
    assert forms.verify(SESSION, "end session", late).window_ends_at == (
        clock.now() + LIFETIME_SECONDS
    )
    clock.advance(LIFETIME_SECONDS - 1)
    assert is_taken(forms, kept)
    clock.advance(1)
    assert not is_taken(forms, late)
    assert not is_taken(forms, used)


@pytest.mark.checklist("14")
@pytest.mark.parametrize(("ahead", "taken"), [(CLOCK_SKEW_SECONDS, 1), (61, 0)])
def test_a_process_whose_clock_is_ahead_is_borne_for_a_minute(
    forms: FormTokens, clock: FakeClock, ahead: int, taken: int
) -> None:
    ahead_of_us = FakeClock(clock.now() + ahead)
    token = FormTokens(FakeStores().attempts, ahead_of_us).issue(SESSION, "end session")
    assert is_taken(forms, token) == bool(taken)


@pytest.mark.checklist("14")
@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "nonsense",
        "1.2.3",
        csrf_token(SESSION, "end session"),
        f"9.{'A' * 22}.{csrf_token(SESSION, 'end session', '9', 'A' * 22)}",
        "1" * 100_000,
    ],
)
def test_what_was_not_issued_now_is_refused(forms: FormTokens, token: str | None) -> None:
    assert not is_taken(forms, token)
