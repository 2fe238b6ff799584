"""Sessions: how they begin, slide, end, and what can never bring one back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.directory.sessions import (
    DEFAULT_IDLE_SECONDS,
    DEFAULT_MAXIMUM_SECONDS,
    MAXIMUM_SESSIONS,
    Sessions,
    UserSessions,
)
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.model import User
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.oauth.tokens import TokenKind, mint
from tests.directory.people import ADDRESS, ADMINISTRATOR, People
from tests.fakes.clock import FakeClock
from tests.fakes.stores import AnyStores, FakeStores
from tests.storage.samples import application, event, registration
from tests.tables import Aws

MANY = 32
HOUR = 3600
STEP = 60


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture(params=["fakes", "tables"])
def stores(request: pytest.FixtureRequest, clock: FakeClock) -> AnyStores:
    if request.param == "fakes":
        return FakeStores()
    aws: Aws = request.getfixturevalue("aws")
    return aws.stores(clock, lease_seconds=0.0)


def stored(people: People, user: User) -> UserSessions:
    record: UserSessions = people.stores.sessions.load(user.user_id).sessions
    return record


def test_a_login_is_found_by_its_cookie(people: People) -> None:
    user = people.add()
    session, cookie = people.sessions.log_in(user, ADDRESS, "Browser/1.0\r\nX: y\ud800" * 50)
    found = people.sessions.find(cookie)
    assert found is not None
    assert (found.session, found.user) == (session, user)
    assert session.source_ip == ADDRESS
    assert session.user_agent.startswith("Browser/1.0X: yBrowser")
    assert len(session.user_agent) == 200


@pytest.mark.checklist("36", "37")
def test_a_cookie_is_256_random_bits_and_only_its_hash_is_kept(people: People) -> None:
    user = people.add()
    cookies = [people.log_in(user) for _ in range(5)]
    secrets = {cookie.partition(".")[2] for cookie in cookies}
    assert {len(secret) for secret in secrets} == {43}
    assert len(secrets) == 5
    record = repr(stored(people, user))
    assert not any(secret in record for secret in secrets)


@pytest.mark.checklist("22")
@pytest.mark.parametrize(
    "cookie",
    [
        None, "", "nonsense", "a" * 100_000, f"{'0' * 26}.{'a' * 43}", f"{'0' * 26}.{'ä' * 43}",
        mint(TokenKind.ACCESS, "app_" + "0" * 26, "usr_" + "0" * 26, "0" * 26, bytes(32)),
        "\ud800", "\0" * 70,
    ],
)  # fmt: skip
def test_nonsense_is_nobody(people: People, cookie: str | None) -> None:
    people.add()
    assert people.sessions.find(cookie) is None
    people.sessions.end(cookie)


@pytest.mark.checklist("22")
def test_another_users_or_another_secret_is_nobody(people: People) -> None:
    cookie = people.log_in(people.add())
    other = people.add("other")
    ulid, _, secret = cookie.partition(".")
    assert people.sessions.find(f"{other.user_id.removeprefix('usr_')}.{secret}") is None
    assert people.sessions.find(f"{ulid}.{secret[:-1]}{'A' if secret[-1] != 'A' else 'E'}") is None
    record = stored(people, people.current(people.users.load(f"usr_{ulid}").user))
    (hashed,) = record.sessions
    assert people.sessions.find(f"{ulid}.{hashed[:43]}") is None


def test_a_session_slides_while_it_is_used_and_dies_at_its_maximum(people: People) -> None:
    cookie = people.log_in(people.add())
    for _ in range(DEFAULT_MAXIMUM_SECONDS // (7 * HOUR)):
        assert people.sessions.find(cookie) is not None
        people.clock.advance(7 * HOUR)
    assert people.sessions.find(cookie) is None


def test_an_unused_session_ends(people: People) -> None:
    cookie = people.log_in(people.add())
    people.clock.advance(DEFAULT_IDLE_SECONDS - 1)
    assert people.sessions.find(cookie) is not None
    people.clock.advance(DEFAULT_IDLE_SECONDS)
    assert people.sessions.find(cookie) is None


def test_a_use_is_written_at_most_once_a_step(people: People) -> None:
    user = people.add()
    cookie = people.log_in(user)
    people.clock.advance(STEP - 1)
    people.sessions.find(cookie)
    assert stored(people, user).version == 1
    people.clock.advance(1)
    used = people.sessions.find(cookie)
    assert used is not None
    assert used.session.last_used_at == people.clock.now()
    assert used.session.ends_at == people.clock.now() + DEFAULT_IDLE_SECONDS
    assert list(stored(people, user).sessions.values()) == [used.session]
    people.sessions.find(cookie)
    assert stored(people, user).version == 2


def test_a_clock_that_is_behind_moves_no_end_back(people: People) -> None:
    user = people.add()
    cookie = people.log_in(user)
    people.clock.advance(-500)
    found = people.sessions.find(cookie)
    assert found is not None
    assert stored(people, user).version == 1


def test_lifetimes_are_settings(people: People) -> None:
    short = Sessions(people.stores.sessions, people.clock, idle_seconds=600, maximum_seconds=300)
    session, cookie = short.log_in(people.add(), ADDRESS, "")
    assert session.ends_at == session.maximum_ends_at == people.clock.now() + 300
    people.clock.advance(300)
    assert short.find(cookie) is None


@pytest.mark.checklist("15")
def test_a_planted_session_is_replaced_at_login_and_ended(people: People) -> None:
    attacker, victim = people.add("attacker"), people.add("victim")
    planted = people.log_in(attacker)
    cookie = people.log_in(victim, replaced_cookie=planted)
    assert people.sessions.find(planted) is None
    found = people.sessions.find(cookie)
    assert found is not None
    assert found.user == victim


@pytest.mark.checklist("15")
def test_a_second_login_in_one_browser_ends_the_first(people: People) -> None:
    user = people.add()
    first = people.log_in(user)
    second = people.log_in(user, replaced_cookie=first)
    third = people.log_in(user, replaced_cookie="nonsense")
    assert people.sessions.find(first) is None
    assert people.sessions.find(second) is not None
    assert people.sessions.find(third) is not None


@pytest.mark.checklist("15")
def test_logout_ends_the_session_on_the_server_and_no_other(people: People) -> None:
    user = people.add()
    first, second = people.log_in(user), people.log_in(user)
    people.sessions.end(first)
    people.sessions.end(first)
    assert people.sessions.find(first) is None
    assert people.sessions.find(second) is not None


@pytest.mark.checklist("46")
def test_a_logout_that_cannot_be_written_is_not_one(people: People) -> None:
    cookie = people.log_in(people.add())
    people.stores.memory.unavailable = True
    with pytest.raises(StoreUnavailable):
        people.sessions.end(cookie)
    with pytest.raises(StoreUnavailable):
        people.sessions.find(cookie)


@pytest.mark.checklist("50")
@pytest.mark.parametrize(
    "change",
    [
        lambda users, user_id: users.disable(user_id, ADMINISTRATOR),
        lambda users, user_id: users.set_password(
            user_id, {"password": "a brand new one"}, ADMINISTRATOR
        ),
    ],
)
def test_sessions_end_with_the_users_epoch_and_stay_ended(
    people: People, change: Callable[[Any, str], object]
) -> None:
    user = people.add()
    cookie = people.log_in(user)
    change(people.users, user.user_id)
    assert people.sessions.find(cookie) is None
    people.users.enable(user.user_id, ADMINISTRATOR)
    assert people.sessions.find(cookie) is None
    assert people.sessions.list_sessions(user.user_id) == []
    assert people.sessions.find(people.log_in(user)) is not None
    assert len(stored(people, user).sessions) == 1


def test_a_login_with_an_older_reading_leaves_newer_sessions_alone(people: People) -> None:
    user = people.add()
    people.users.set_password(user.user_id, {"password": "a brand new one"}, ADMINISTRATOR)
    newer = people.log_in(user)
    _, stale = people.sessions.log_in(user, ADDRESS, "")
    assert people.sessions.find(stale) is None
    assert people.sessions.find(newer) is not None


def test_sessions_are_bounded_and_the_least_recently_used_goes(people: People) -> None:
    user = people.add()
    cookies = []
    for _ in range(MAXIMUM_SESSIONS):
        cookies.append(people.log_in(user))
        people.clock.advance(STEP)
    assert people.sessions.find(cookies[0]) is not None
    cookies.append(people.log_in(user))
    alive = [people.sessions.find(cookie) is not None for cookie in cookies]
    assert alive == [True, False, *([True] * (MAXIMUM_SESSIONS - 1))]
    assert len(stored(people, user).sessions) == MAXIMUM_SESSIONS


def test_sessions_are_listed_and_ended_one_by_one_and_all(people: People) -> None:
    user = people.add()
    first = people.log_in(user, user_agent="first")
    people.clock.advance(STEP)
    second = people.log_in(user, user_agent="second")
    listed = people.sessions.list_sessions(user.user_id)
    assert [session.user_agent for session in listed] == ["second", "first"]
    assert people.sessions.end_session(user.user_id, listed[1].session_id, ADMINISTRATOR)
    assert not people.sessions.end_session(user.user_id, listed[1].session_id, ADMINISTRATOR)
    assert people.sessions.find(first) is None
    assert people.sessions.find(second) is not None
    people.sessions.end_all(user.user_id, ADMINISTRATOR)
    people.sessions.end_all(user.user_id, ADMINISTRATOR)
    assert people.sessions.find(second) is None
    assert people.sessions.list_sessions("usr_none") == []
    events = people.stores.audit.list_events(user.user_id, None, 10).items
    actions = [(one.action, one.changes) for one in events[:2]]
    ended = {"session_id": listed[1].session_id}
    assert actions == [("sessions.ended", {}), ("session.ended", ended)]


def test_a_visit_reads_session_user_application_and_consent_at_once(
    aws: Aws, clock: FakeClock
) -> None:
    people = People(aws.stores(clock, lease_seconds=0.0), clock)
    app, user = application(), people.add()
    people.stores.applications.create(registration(app), [], event(app.client_id))
    cookie = people.log_in(user)
    people.consents.remember(user, app.client_id, frozenset({"api"}))
    operations = people.stores.database._connection.operations
    operations.clear()
    visit = people.sessions.visit(cookie, app.client_id)
    assert operations == ["BatchGetItem"]
    assert visit.signed_in is not None
    assert (visit.signed_in.user, visit.application) == (user, app)
    assert visit.consented == {"api"}
    for nobody in (None, "nonsense", f"{'0' * 26}.{'a' * 43}"):
        visit = people.sessions.visit(nobody, app.client_id)
        assert (visit.signed_in, visit.application) == (None, app)
        assert visit.consented == frozenset()
    for unknown in (None, "nonsense", "app_" + "0" * 26, user.user_id):
        visit = people.sessions.visit(cookie, unknown)
        assert visit.application is None
        assert visit.signed_in is not None


def together(act: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(act, range(MANY)))


def test_parallel_logins_of_one_user_all_succeed(stores: AnyStores, clock: FakeClock) -> None:
    people = People(stores, clock)
    user = people.add()
    cookies = together(lambda _: people.sessions.log_in(user, ADDRESS, "")[1])
    assert len(set(cookies)) == MANY
    alive = [cookie for cookie in cookies if people.sessions.find(cookie) is not None]
    # All were made; only the bound on sessions ended some.
    assert len(alive) == MAXIMUM_SESSIONS
    assert stored(people, user).version == MANY


@pytest.mark.checklist("45")
def test_a_session_that_ends_while_it_is_used_stays_ended(
    stores: AnyStores, clock: FakeClock
) -> None:
    people = People(stores, clock)
    user = people.add()
    cookie, other = people.log_in(user), people.log_in(user)
    clock.advance(STEP)

    def act(number: int) -> object:
        if number == MANY // 2:
            return people.sessions.end(cookie)
        return people.sessions.find(cookie if number % 2 else other)

    together(act)
    assert people.sessions.find(cookie) is None
    assert people.sessions.find(other) is not None


class EndingStore:
    """Sessions that somebody changes between a read and the write that follows it."""

    def __init__(self, people: People, change: Callable[[], object]) -> None:
        self._store = people.stores.sessions
        self._change: Callable[[], object] | None = change

    def load(self, user_id: str | None, client_id: str | None = None) -> Any:
        return self._store.load(user_id, client_id)

    def save(self, *arguments: Any) -> None:
        if self._change is not None:
            change, self._change = self._change, None
            change()
        self._store.save(*arguments)


@pytest.mark.checklist("45", "41")
def test_an_extension_never_revives(people: People) -> None:
    user = people.add()
    cookie = people.log_in(user)
    people.clock.advance(STEP)
    changes: list[Callable[[], object]] = [
        lambda: people.sessions.end(cookie),
        lambda: people.sessions.end_all(user.user_id, ADMINISTRATOR),
        people.stores.memory.sessions.clear,
    ]
    before = stored(people, user)
    for change in changes:
        people.stores.memory.sessions[user.user_id] = before
        store = EndingStore(people, change)
        assert Sessions(store, people.clock).find(cookie) is None
        assert people.sessions.find(cookie) is None
        assert not stored(people, user).sessions


def test_an_extension_beside_another_login_is_written(people: People) -> None:
    user = people.add()
    cookie = people.log_in(user)
    people.clock.advance(STEP)
    store = EndingStore(people, lambda: people.log_in(user))
    found = Sessions(store, people.clock).find(cookie)
    assert found is not None
    assert found.session.last_used_at == people.clock.now()
    assert found.session in people.sessions.list_sessions(user.user_id)
    assert len(people.sessions.list_sessions(user.user_id)) == 2


class FailingStore(EndingStore):
    """Reads, and cannot write."""

    def save(self, *arguments: Any) -> None:
        del arguments
        raise StoreUnavailable("switched off")


def test_an_extension_lost_to_a_fault_fails_no_valid_session(people: People) -> None:
    cookie = people.log_in(people.add())
    people.clock.advance(STEP)
    failing = Sessions(FailingStore(people, lambda: None), people.clock)
    assert failing.find(cookie) is not None


class RestlessStore(EndingStore):
    """Somebody else always writes first."""

    def save(self, before: UserSessions, *arguments: Any) -> None:
        after = replace(before, version=before.version + 1, nonce=new_ulid())
        self._store.save(before, after)
        self._store.save(before, *arguments)


def test_tries_are_bounded(people: People) -> None:
    user = people.add()
    cookie = people.log_in(user)
    restless = Sessions(RestlessStore(people, lambda: None), people.clock)
    with pytest.raises(StoreUnavailable):
        restless.end(cookie)
    people.clock.advance(STEP)
    assert restless.find(cookie) is not None
