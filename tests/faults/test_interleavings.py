"""Every order of two real operations, with faults, holds the promises of the design.

Each test explores all schedules of one pair of operations; `pytest -s` prints how many.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from itertools import combinations_with_replacement, product
from typing import Any

import pytest

from chalicelib.oauth.model import Application, Grant
from chalicelib.oauth.stores import GrantExists
from chalicelib.registry import applications as registry_applications
from chalicelib.storage import database as storage_database
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.database import Database, Put, Update
from chalicelib.storage.grants import Grants
from chalicelib.storage.leases import LeaseMap, Leases
from chalicelib.storage.mapping import write_grant
from chalicelib.storage.records import GrantRecord
from tests.faults.deployment import make_tables
from tests.faults.dynamodb import InMemoryDynamoDB
from tests.faults.paths import Path, explore
from tests.faults.plays import (
    Operation,
    Play,
    Start,
    cut,
    delete,
    disable,
    disable_and_enable,
    disable_user,
    issue,
    issue_by_client_assertion,
    issue_by_jwt,
    revoke,
    revoke_tokens,
    rotate,
    start_with_certificate,
    start_with_revoked_token,
    start_with_secrets,
    validate,
    validate_secret,
    validate_twice,
)
from tests.faults.world import SETTINGS

USES = (issue, validate_twice, validate_secret)
ADMINISTRATION = (disable, rotate, cut, revoke_tokens)
WITH_SECRETS = [
    *combinations_with_replacement((*USES, revoke, *ADMINISTRATION), 2),
    *product((*USES, revoke), (disable_and_enable, disable_user, delete)),
]
JWT_USES = (issue_by_jwt, issue_by_client_assertion, validate_twice)
WITH_CERTIFICATE = [
    *combinations_with_replacement(JWT_USES, 2),
    *product(JWT_USES, (disable_and_enable, disable_user, delete, revoke_tokens)),
]
KILLERS = (revoke, disable_and_enable, disable_user, cut, revoke_tokens)
# The clocks of the two processes, seconds ahead of the truth.
SKEWS = ((60, -60), (-60, 60))
# A sliding token and bearer secret of 600 s: a minute old; and ending for some clocks.
MINUTE_OLD, NEARLY_OVER = 60, 590


def pairs(operations: Iterable[tuple[Operation, Operation]]) -> pytest.MarkDecorator:
    """Parameters for tests of two operations."""
    operations = list(operations)
    names = [f"{one.__name__}-{other.__name__}" for one, other in operations]
    return pytest.mark.parametrize(("first", "second"), operations, ids=names)


@cache
def secrets_start(age_seconds: int = MINUTE_OLD) -> Start:
    return start_with_secrets(age_seconds)


@cache
def certificate_start() -> Start:
    return start_with_certificate()


@cache
def revoked_start() -> Start:
    return start_with_revoked_token()


@cache
def tables() -> InMemoryDynamoDB:
    database = InMemoryDynamoDB(billed=False)
    make_tables(database, SETTINGS.table_prefix)
    return database


def check(start: Start, first: Operation, second: Operation, **options: Any) -> None:
    """Explore every schedule of two operations."""

    def run(path: Path) -> None:
        Play(start, path, database=tables(), **options).run(first, second)

    count = explore(run)
    print(f"{first.__name__} and {second.__name__}: {count} schedules {options or ''}")  # noqa: T201 - the number is the test's result


@pairs(WITH_SECRETS)
@pytest.mark.checklist("45", "46")
def test_two_operations_with_one_fault(first: Operation, second: Operation) -> None:
    check(secrets_start(), first, second, faults=1)


@pairs(WITH_CERTIFICATE)
@pytest.mark.checklist("31")
def test_two_operations_of_a_certificate_application_with_one_fault(
    first: Operation, second: Operation
) -> None:
    check(certificate_start(), first, second, faults=1)


@pytest.mark.parametrize("skews", SKEWS)
@pairs(product(USES, KILLERS))
def test_clocks_a_minute_off(
    first: Operation, second: Operation, skews: tuple[float, float]
) -> None:
    for age in (MINUTE_OLD, NEARLY_OVER):
        check(secrets_start(age), first, second, skews=skews)


@pytest.mark.parametrize("skews", SKEWS)
@pairs(WITH_CERTIFICATE)
def test_clocks_a_minute_off_with_certificates(
    first: Operation, second: Operation, skews: tuple[float, float]
) -> None:
    check(certificate_start(), first, second, skews=skews)


@pairs(product(USES, KILLERS))
def test_time_that_passes_between_any_two_steps(first: Operation, second: Operation) -> None:
    check(secrets_start(), first, second, passing_seconds=0.6)


@pairs(list(combinations_with_replacement((validate_twice, revoke, disable_and_enable), 2))[:5])
@pytest.mark.checklist("39", "41")
def test_ttl_deletes_whenever_it_may(first: Operation, second: Operation) -> None:
    check(revoked_start(), first, second, with_ttl=True)


# The checker can fail: each of these bugs is found.


def find_bug(first: Operation, second: Operation, promise: str, **options: Any) -> None:
    """Explore until the broken promise shows."""
    start = options.pop("start", None) or secrets_start()
    with pytest.raises(AssertionError, match=promise):
        check(start, first, second, **options)


def test_a_put_without_condition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Grants,
        "create",
        lambda self, grant: self._database.write(Put(GrantRecord, write_grant(grant))),
    )
    find_bug(issue_by_jwt, issue_by_jwt, "2 tokens were issued", start=certificate_start())


def test_a_lost_answer_taken_for_a_failure_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def create(self: Grants, grant: Grant) -> None:
        condition = GrantRecord.key.does_not_exist()
        try:
            self._database.write(Put(GrantRecord, write_grant(grant), condition))
        except ConditionFailed:
            raise GrantExists from None

    monkeypatch.setattr(Grants, "create", create)
    find_bug(issue_by_jwt, validate, "was refused", start=certificate_start(), faults=1)


def test_an_answer_before_leases_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leases, "settle", lambda _: None)
    for killer in KILLERS:
        find_bug(validate_twice, killer, "lives after")


def test_a_lease_counted_from_the_answer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    keep = LeaseMap.keep
    clocks: list[Leases] = []
    open_leases = Leases.__init__

    def remember(self: Leases, *arguments: Any) -> None:
        open_leases(self, *arguments)
        clocks.append(self)

    def keep_from_now(self: Any, key: Any, value: Any, _: Any, **options: Any) -> None:
        owner = next(one for one in clocks if self in (one.applications, one.users, one.grants))
        keep(self, key, value, owner.moment(), **options)

    monkeypatch.setattr(Leases, "__init__", remember)
    monkeypatch.setattr(LeaseMap, "keep", keep_from_now)
    find_bug(validate_twice, revoke_tokens, "lives after", faults=1)


def test_an_extension_without_condition_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = Database._arguments

    def unconditional(self: Database, write: storage_database.Write) -> dict[str, Any]:
        built = arguments(self, write)
        if isinstance(write, Update) and "ADD" not in str(write.actions):
            names = {"ConditionExpression", "ReturnValuesOnConditionCheckFailure"}
            return _without_unused({n: v for n, v in built.items() if n not in names})
        return built

    monkeypatch.setattr(Database, "_arguments", unconditional)
    find_bug(validate_twice, revoke, "version did not")


def _without_unused(arguments: dict[str, Any]) -> dict[str, Any]:
    """Only the placeholders that the update itself uses."""
    text = arguments["UpdateExpression"]
    for kind in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        kept = {name: value for name, value in arguments.get(kind, {}).items() if name in text}
        arguments[kind] = kept
    return arguments


def test_an_epoch_that_stands_still_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def keep_tokens(application: Application, _: int) -> Application:
        return application

    monkeypatch.setattr(registry_applications, "without_tokens", keep_tokens)
    find_bug(issue, disable_and_enable, "lives after disable")


def test_a_jwt_that_outlives_a_revocation_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget_jwts(application: Application, _: int) -> Application:
        return replace(application, token_epoch=application.token_epoch + 1)

    monkeypatch.setattr(registry_applications, "without_tokens", forget_jwts)
    find_bug(issue_by_jwt, revoke_tokens, "was redeemed after", start=certificate_start())


def test_a_revocation_answered_though_nothing_was_written_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forget(self: Grants, *_: Any, **_named: Any) -> None:
        self._leases.settle()

    monkeypatch.setattr(Grants, "revoke", forget)
    find_bug(issue, revoke, "lives after revoke")


def test_a_lease_that_says_no_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal from memory locks out whoever was let in again."""
    find: Callable[..., Any] = LeaseMap.find

    def never_fresh(self: Any, key: Any, now: Any, *, fresh: bool = False) -> Any:  # noqa: ARG001 - the patched method's signature
        return find(self, key, now._replace(wall=0.0, monotonic=0.0))

    monkeypatch.setattr(LeaseMap, "find", never_fresh)
    find_bug(validate_secret, disable_and_enable, "lives after|locked out")
