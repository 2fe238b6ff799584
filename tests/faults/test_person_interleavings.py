"""Every order of operations on a person's grant, with faults, holds the promises of the design.

`pytest -s` prints how many schedules each test explores.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from chalicelib.oauth.grants import authorization_code, refresh_token
from chalicelib.oauth.model import Grant
from chalicelib.storage import mapping
from chalicelib.storage.database import Put
from chalicelib.storage.grants import Grants
from chalicelib.storage.records import GrantRecord
from tests.faults.deployment import make_tables
from tests.faults.dynamodb import InMemoryDynamoDB
from tests.faults.paths import Path, explore
from tests.faults.person_plays import (
    Operation,
    PersonPlay,
    Start,
    disable_user,
    exchange,
    refresh,
    refresh_old,
    revoke,
    revoke_by_refresh_token,
    revoke_tokens,
    start,
    use,
    withdraw_consent,
)
from tests.faults.world import SETTINGS

KILLERS = (disable_user, revoke_tokens, withdraw_consent)
OF_A_CODE = [(exchange, exchange), *product((exchange,), KILLERS)]
OF_TOKENS = [
    *combinations_with_replacement((refresh, use, revoke), 2),
    *product((refresh, use), (revoke_by_refresh_token, *KILLERS)),
]
OF_A_FAMILY = [*product((refresh_old,), (refresh, refresh_old, use, revoke, disable_user))]
SKEWS = ((60, -60), (-60, 60))


@cache
def starting(rotations: int | None, *, revoked: bool = False) -> Start:
    return start(rotations, revoked=revoked)


@cache
def tables() -> InMemoryDynamoDB:
    database = InMemoryDynamoDB(billed=False)
    make_tables(database, SETTINGS.table_prefix)
    return database


def check(begin: Start, *operations: Operation, **options: Any) -> int:
    """Explore every schedule of these operations; how many there are."""

    def run(path: Path) -> None:
        PersonPlay(begin, path, database=tables(), **options).run(*operations)

    count = explore(run)
    names = " and ".join(operation.__name__ for operation in operations)
    print(f"{names}: {count} schedules {options or ''}")  # noqa: T201 - the number is the test's result
    return count


def tuples(operations: Sequence[tuple[Operation, ...]]) -> pytest.MarkDecorator:
    names = ["-".join(operation.__name__ for operation in each) for each in operations]
    return pytest.mark.parametrize("operations", operations, ids=names)


@tuples(OF_A_CODE)
@pytest.mark.checklist("18", "19", "50")
def test_a_code_with_one_fault(operations: tuple[Operation, ...]) -> None:
    check(starting(None), *operations, faults=1)


@tuples(OF_TOKENS)
@pytest.mark.checklist("43", "45", "50")
def test_tokens_with_one_fault(operations: tuple[Operation, ...]) -> None:
    check(starting(0), *operations, faults=1)


@tuples(OF_A_FAMILY)
@pytest.mark.checklist("43")
def test_an_old_token_of_the_family_with_one_fault(operations: tuple[Operation, ...]) -> None:
    check(starting(2), *operations, faults=1)


@tuples([*OF_A_CODE, *OF_TOKENS])
@pytest.mark.parametrize("skews", SKEWS, ids=str)
def test_clocks_a_minute_off(operations: tuple[Operation, ...], skews: tuple[float, float]) -> None:
    begin = starting(None) if operations[0] is exchange else starting(0)
    check(begin, *operations, skews=skews)


@tuples([(refresh, refresh), (refresh, use), (refresh, revoke), (refresh, refresh_old)])
@pytest.mark.checklist("39", "41")
def test_ttl_deletes_whenever_it_may_and_nothing_comes_back(
    operations: tuple[Operation, ...],
) -> None:
    check(starting(1, revoked=True), *operations, faults=1, with_ttl=True)


# At least so many schedules each; more calls in an operation make more of them.
OF_THREE = {
    (exchange, exchange, exchange): 156,
    (exchange, exchange, disable_user): 115,
    (exchange, exchange, revoke_tokens): 115,
    (exchange, exchange, withdraw_consent): 44,
    (refresh, refresh, refresh): 66,
    (refresh, refresh, revoke): 86,
    (refresh, use, revoke): 136,
    (refresh, refresh, disable_user): 87,
    (refresh, use, revoke_tokens): 170,
    (refresh, use, withdraw_consent): 95,
    (use, withdraw_consent, disable_user): 703,
}


@tuples(list(OF_THREE))
@pytest.mark.checklist("18", "45", "50")
def test_three_at_once(operations: tuple[Operation, ...]) -> None:
    begin = starting(None) if operations[0] is exchange else starting(0)
    assert check(begin, *operations, skews=(0, 0, 0)) >= OF_THREE[operations]


# Bugs that the model has to find


def find_bug(begin: Start, promise: str, *operations: Operation, **options: Any) -> None:
    with pytest.raises(AssertionError, match=promise):
        check(begin, *operations, **options)


def test_an_advance_without_condition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def advance(self: Grants, before: Grant, after: Grant) -> None:
        del before
        self._database.write(Put(GrantRecord, mapping.write_grant(after)))

    monkeypatch.setattr(Grants, "advance", advance)
    find_bug(starting(None), "exchanged twice|version", exchange, exchange)
    find_bug(starting(0), "taken back|after the grant ended|version", refresh, revoke)


def test_a_code_that_stays_good_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    used = authorization_code._used

    def unused(before: Grant, *rest: Any) -> Grant:
        return replace(used(before, *rest), code=before.code)

    monkeypatch.setattr(authorization_code, "_used", unused)
    find_bug(starting(None), "exchanged twice", exchange, exchange)


def test_a_replay_that_revokes_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Grants, "revoke", lambda *_, **__: None)
    find_bug(starting(None), "after the grant ended", exchange, exchange)
    find_bug(starting(2), "after the grant ended", refresh_old, use)


def test_a_refresh_that_answers_differently_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh_token, "GRACE_SECONDS", -1)
    find_bug(starting(0), "taken for a replay", refresh, refresh)


def test_epochs_of_now_instead_of_the_grants_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.oauth.grants.person.validate_alive", lambda _: None)
    find_bug(starting(0), "after the grant ended", refresh, disable_user, faults=0)
    find_bug(starting(0), "after the grant ended", refresh, withdraw_consent, faults=0)


def test_a_withdrawal_that_forgets_the_consent_alone_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chalicelib.directory.consents.without_consent", lambda user, _: user)
    find_bug(starting(0), "after the grant ended", use, withdraw_consent, faults=0)
