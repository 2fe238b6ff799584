"""Who is let in, why nobody is told why not, and how guessing is slowed."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from chalicelib.directory import passwords
from chalicelib.directory.authentication import (
    ADDRESS_LIMIT,
    USER_LIMIT,
    USER_LIMIT_EVERYWHERE,
    WINDOW_SECONDS,
    LoginRefused,
)
from chalicelib.directory.passwords import is_outdated
from chalicelib.oauth import request_log
from chalicelib.oauth.model import Status
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.stores import open_stores
from tests.directory.people import ADDRESS, ADMINISTRATOR, PASSWORD, People
from tests.fakes.clock import FakeClock
from tests.fakes.stores import FakeStores
from tests.tables import Aws, LockedConnection

WRONG = "not this one"


@pytest.fixture
def people() -> People:
    return People()


def test_the_right_password_gives_the_user(people: People) -> None:
    user = people.add()
    assert people.authenticate() == user
    assert people.authenticate(domain=" DOMAIN ", name="JDoe ") == user


@pytest.mark.checklist("62")
def test_a_long_password_counts_to_its_last_character(people: People) -> None:
    password = "a long sentence " * 8
    people.add(password=password)
    assert people.reason(password) == ""
    assert people.reason(password[:-1]) == "wrong password"
    assert people.reason(password * 1000) == "wrong password"


def causes(people: People) -> dict[str, dict[str, str]]:
    """Arguments of an attempt for each cause to refuse it."""
    people.add()
    people.add("nopassword", None)
    people.users.disable(people.add("gone").user_id, ADMINISTRATOR)
    people.add("busy")
    for _ in range(USER_LIMIT):
        people.reason(WRONG, name="busy")
    return {
        "wrong password": {"password": WRONG},
        "unknown user": {"name": "nobody"},
        "user disabled": {"name": "gone"},
        "user without a password": {"name": "nopassword"},
        "too many attempts": {"name": "busy"},
    }


@pytest.mark.checklist("58")
def test_every_refusal_is_one_answer(people: People) -> None:
    answers = set()
    for reason, arguments in causes(people).items():
        with pytest.raises(LoginRefused) as refused:
            people.authenticate(**arguments)
        answers.add((str(refused.value), refused.value.status, str(refused.value.body())))
        assert refused.value.detail == reason
    assert len(answers) == 1


@pytest.mark.checklist("58")
def test_every_attempt_costs_the_same_calls_and_one_hash(
    aws: Aws, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []

    class CountingArgon2id:
        @staticmethod
        def verify_phc_encoded(password: bytes, phc: str) -> None:
            verified.append(phc.rsplit("$", 2)[0])
            Argon2id.verify_phc_encoded(password, phc)

    connection = LockedConnection(clock)
    stores = open_stores(aws.settings(lease_seconds=0.0), clock, connection)
    people = People(stores, clock)
    attempts = causes(people)
    monkeypatch.setattr(passwords, "Argon2id", CountingArgon2id)
    seen = []
    for reason, arguments in attempts.items():
        connection.operations.clear()
        verified.clear()
        assert people.reason(**arguments) == reason
        seen.append((tuple(connection.operations), tuple(verified)))
    assert len(set(seen)) == 1
    operations, hashes = seen[0]
    assert operations == ("UpdateItem",) * 2 + ("BatchGetItem",) * 3
    assert hashes == ("$argon2id$v=19$m=19456,t=2,p=1",)
    connection.operations.clear()
    assert people.reason() == ""
    assert tuple(connection.operations[: len(operations)]) == operations


@pytest.mark.checklist("57")
def test_the_log_has_the_reason_and_nothing_that_was_typed(people: People) -> None:
    user = people.add()
    with request_log.collect() as fields:
        people.reason(WRONG)
    assert fields == {
        "outcome": "access_denied", "reason": "wrong password", "user_id": user.user_id
    }  # fmt: skip
    with request_log.collect() as fields:
        people.reason(WRONG, name="hunter2 typed into the wrong field")
    assert fields == {"outcome": "access_denied", "reason": "unknown user"}


@pytest.mark.parametrize("name", ["", " ", "a" * 1_000_000, "\ud800", "\0", "a\\b", "usr_1"])
def test_what_cannot_be_a_name_is_an_unknown_user(people: People, name: str) -> None:
    people.add()
    assert people.reason(name=name) == "unknown user"
    assert people.reason(domain=name) == "unknown user"


@pytest.mark.parametrize("password", ["", "\ud800" * 20, "\0" * 20, "a" * 1_000_000])
def test_what_cannot_be_a_password_is_a_wrong_one(people: People, password: str) -> None:
    people.add()
    assert people.reason(password) == "wrong password"


@pytest.mark.checklist("59")
def test_guesses_at_one_user_are_refused_from_any_address(people: People) -> None:
    people.add()
    addresses = [f"198.51.100.{one}" for one in range(USER_LIMIT_EVERYWHERE + 2)]
    guesses = [people.reason(WRONG, address=address) for address in addresses]
    expected = ["wrong password"] * USER_LIMIT_EVERYWHERE + ["too many attempts"] * 2
    assert guesses == expected
    assert people.reason() == "too many attempts"
    people.clock.advance(WINDOW_SECONDS)
    assert people.reason() == ""


@pytest.mark.checklist("59")
def test_a_guesser_locks_out_its_own_address_and_no_other(people: People) -> None:
    people.add()
    guesses = [people.reason(WRONG, address="198.51.100.1") for _ in range(40)]
    assert guesses == ["wrong password"] * USER_LIMIT + ["too many attempts"] * (40 - USER_LIMIT)
    assert people.reason(address="198.51.100.1") == "too many attempts"
    # The victim, who sits elsewhere and has no session yet.
    assert people.reason() == ""
    people.clock.advance(WINDOW_SECONDS)
    assert people.reason(address="198.51.100.1") == ""


@pytest.mark.checklist("59")
def test_a_user_who_slipped_too_often_leaves_the_office_its_address(people: People) -> None:
    people.add()
    people.add("colleague")
    for _ in range(ADDRESS_LIMIT // 2):
        people.reason(WRONG, name="colleague")
    assert people.reason(name="colleague") == "too many attempts"
    assert people.reason() == ""


@pytest.mark.checklist("59")
def test_guesses_from_one_address_are_refused_at_any_user(people: People) -> None:
    people.add()
    reasons = {people.reason(WRONG, name=f"user {number}") for number in range(ADDRESS_LIMIT)}
    assert reasons == {"unknown user"}
    assert people.reason() == "too many attempts"
    assert people.reason(address="198.51.100.9") == ""
    # What the address was refused is not counted against anybody.
    for _ in range(USER_LIMIT_EVERYWHERE + 1):
        people.reason(WRONG)
    assert people.reason(address="198.51.100.9") == ""


def test_one_subscriber_is_one_address(people: People) -> None:
    people.add()
    for number in range(ADDRESS_LIMIT):
        people.reason(WRONG, name=f"user {number}", address=f"2001:db8:1:2::{number:x}")
    assert people.reason(address="2001:db8:1:ffff::1") == "too many attempts"
    assert people.reason(address="2001:db8:2:2::1") == ""
    assert people.reason(address="::ffff:192.0.2.9") == ""
    assert people.reason(address="not an address") == ""


@pytest.mark.checklist("59")
@pytest.mark.parametrize(("addresses", "passed"), [(1, USER_LIMIT), (5, 5 * USER_LIMIT)])
def test_100_parallel_guesses_pass_one_gate_an_address_and_end_no_session(
    people: People, addresses: int, passed: int
) -> None:
    cookie = people.log_in(people.add())

    def guess(number: int) -> str:
        return people.reason(f"guess {number}", address=f"198.51.100.{number % addresses}")

    with ThreadPoolExecutor(32) as pool:
        reasons = Counter(pool.map(guess, range(100)))
    assert reasons == {"wrong password": passed, "too many attempts": 100 - passed}
    assert people.sessions.find(cookie) is not None
    assert people.reason() == ""


@pytest.mark.checklist("59")
def test_parallel_guesses_from_everywhere_pass_one_gate(people: People) -> None:
    cookie = people.log_in(people.add())

    def guess(number: int) -> str:
        return people.reason(f"guess {number}", address=f"198.51.100.{number}")

    with ThreadPoolExecutor(32) as pool:
        reasons = Counter(pool.map(guess, range(USER_LIMIT_EVERYWHERE + 20)))
    assert reasons == {"wrong password": USER_LIMIT_EVERYWHERE, "too many attempts": 20}
    assert people.sessions.find(cookie) is not None


def test_right_passwords_do_not_count(people: People) -> None:
    people.add()
    assert {people.reason() for _ in range(USER_LIMIT + 1)} == {""}
    for _ in range(USER_LIMIT - 1):
        people.reason(WRONG)
    assert people.reason() == ""
    assert people.reason(WRONG) == "wrong password"
    assert people.reason() == "too many attempts"


def test_nobody_is_let_in_while_attempts_cannot_be_counted(people: People) -> None:
    people.add()
    people.stores.memory.unavailable = True
    with pytest.raises(StoreUnavailable):
        people.authenticate()


class NeverGivingBack:
    """Counts, and fails to take anything back."""

    def __init__(self, stores: FakeStores) -> None:
        self._attempts = stores.attempts

    def count(self, counter: Any) -> int:
        return self._attempts.count(counter)

    def give_back(self, counter: Any, nonce: str) -> None:
        del counter, nonce
        raise StoreUnavailable("switched off")


def test_a_login_holds_although_its_attempt_is_not_given_back(people: People) -> None:
    user = people.add()
    people.stores.attempts = NeverGivingBack(people.stores)
    assert People(people.stores, people.clock).authenticate() == user


def weak_hash(password: str) -> str:
    weak = Argon2id(salt=b"0123456789abcdef", length=32, iterations=1, lanes=1, memory_cost=8192)
    return str(weak.derive_phc_encoded(password.encode()))


@pytest.mark.checklist("62")
def test_a_hash_of_other_parameters_is_made_anew_at_login(people: People) -> None:
    user = people.add()
    people.stores.memory.passwords[user.user_id] = weak_hash(PASSWORD)
    people.reason(WRONG)
    assert is_outdated(people.stores.users.load_password_hash(user.user_id))
    cookie = people.log_in(user)
    again = people.authenticate()
    assert (again.token_epoch, again.version) == (user.token_epoch, user.version + 1)
    assert not is_outdated(people.stores.users.load_password_hash(user.user_id))
    assert people.authenticate() == again == people.current(user)
    assert people.sessions.find(cookie) is not None


class ChangedUsers:
    """A directory in which a password is changed just before its hash is read."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._store = people.stores.users

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def load_password_hash(self, user_id: str) -> str | None:
        users = People(self._people.stores, self._people.clock).users
        users.set_password(user_id, {"password": "another password"}, ADMINISTRATOR)
        found: str | None = self._store.load_password_hash(user_id)
        return found


@pytest.mark.checklist("50")
def test_a_password_changed_while_it_is_checked_makes_no_valid_session(people: People) -> None:
    user = people.add()
    plain, people.stores.users = people.stores.users, ChangedUsers(people)
    racing = People(people.stores, people.clock)
    people.stores.users = plain
    assert racing.reason() == "wrong password"
    stale = racing.authenticate("another password")
    assert stale.token_epoch < people.current(user).token_epoch
    _, cookie = people.sessions.log_in(stale, ADDRESS, "")
    assert people.sessions.find(cookie) is None


@pytest.mark.checklist("50")
def test_a_user_disabled_and_enabled_may_log_in_again(people: People) -> None:
    user = people.add()
    people.users.disable(user.user_id, ADMINISTRATOR)
    assert people.reason() == "user disabled"
    people.users.enable(user.user_id, ADMINISTRATOR)
    assert people.authenticate().status is Status.ENABLED
