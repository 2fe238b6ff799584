"""When tokens end, and when DynamoDB may delete their record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.oauth.life_cycle import (
    RETENTION_SECONDS,
    delete_at,
    delete_revoked_at,
    extended_end,
    first_end,
    is_live,
    step_seconds,
)
from chalicelib.oauth.model import AccessToken, Grant, GrantKind, LifeCycle, LifeCycleType

NOW = 1_800_000_000
ABSOLUTE = LifeCycle(LifeCycleType.ABSOLUTE, 3600)
SLIDING = LifeCycle(LifeCycleType.SLIDING, 3600, 86_400)
NEVER = LifeCycle(LifeCycleType.ABSOLUTE, None)


def test_an_absolute_token_ends_one_lifetime_after_issue() -> None:
    assert first_end(ABSOLUTE, NOW, NOW) == NOW + 3600


def test_a_token_without_lifetime_never_ends() -> None:
    assert first_end(NEVER, NOW, NOW) is None
    assert is_live(None, NOW + 10**9)


def test_the_end_itself_is_over() -> None:
    assert is_live(NOW + 1, NOW)
    assert not is_live(NOW, NOW)


def test_use_does_not_move_an_absolute_end() -> None:
    assert extended_end(ABSOLUTE, NOW, NOW + 3600, NOW + 3000) is None


def test_use_moves_a_sliding_end_by_a_whole_lifetime() -> None:
    assert extended_end(SLIDING, NOW, NOW + 3600, NOW + 100) == NOW + 3700


def test_a_use_within_the_step_writes_nothing() -> None:
    assert extended_end(SLIDING, NOW, NOW + 3600, NOW + 59) is None
    assert extended_end(SLIDING, NOW, NOW + 3600, NOW + 60) == NOW + 3660


@pytest.mark.parametrize(
    ("lifetime", "step"), [(60, 1), (120, 2), (600, 10), (3600, 60), (10**8, 60)]
)
def test_the_step_is_a_sixtieth_of_the_lifetime_and_at_most_a_minute(
    lifetime: int, step: int
) -> None:
    assert step_seconds(lifetime) == step


@pytest.mark.checklist("40")
def test_a_sliding_token_in_constant_use_dies_at_its_maximum() -> None:
    end: int | None = first_end(SLIDING, NOW, NOW)
    now = NOW
    while end is not None and is_live(end, now):
        end = extended_end(SLIDING, NOW, end, now) or end
        now += 30
    assert NOW + 86_400 - 60 <= now <= NOW + 86_400 + 30


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_an_extension_never_moves_back_nor_past_the_maximum(
    used_after: int, ends_after: int
) -> None:
    end = extended_end(SLIDING, NOW, NOW + ends_after, NOW + used_after)
    assert end is None or NOW + ends_after < end <= NOW + 86_400


def grant(
    *ends: int | None, life_cycle: LifeCycle = ABSOLUTE, assertion: int | None = None
) -> Grant:
    return Grant(
        client_id="app_0",
        grant_id="0",
        kind=GrantKind.CLIENT_CREDENTIALS,
        created_at=NOW,
        creation_nonce="n",
        life_cycle=life_cycle,
        access_tokens={str(n): AccessToken(NOW, end) for n, end in enumerate(ends)},
        assertion_ends_at=assertion,
    )


def test_a_record_may_be_deleted_a_day_after_its_last_end() -> None:
    assert delete_at(grant(NOW + 10, NOW + 500)) == NOW + 500 + RETENTION_SECONDS


@pytest.mark.checklist("42")
def test_an_endless_record_is_never_deleted() -> None:
    assert delete_at(grant(None, life_cycle=NEVER)) is None


def test_revocation_lets_a_record_go_a_day_later() -> None:
    assert delete_revoked_at(grant(None, life_cycle=NEVER), NOW) == NOW + RETENTION_SECONDS


@pytest.mark.checklist("31")
def test_no_record_goes_before_the_jwt_that_it_makes_single_use() -> None:
    far = NOW + 10 * RETENTION_SECONDS
    assert delete_at(grant(NOW + 10, assertion=far)) == far + 120
    assert delete_revoked_at(grant(NOW + 10, assertion=far), NOW) == far + 120
