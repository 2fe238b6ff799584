"""What may be served from memory, for how long, and what never."""

from dataclasses import replace

import pytest

from chalicelib.oauth.model import Grant, GrantKind, Status
from chalicelib.oauth.stores import Reading
from chalicelib.storage.connection import request_budget
from chalicelib.storage.leases import LeaseMap, Moment
from chalicelib.storage.stores import Stores, open_stores
from tests.fakes.clock import START, FakeClock
from tests.storage.samples import TOKEN, account, application, event, grant, registration, user
from tests.tables import Aws, LockedConnection

SECONDS = 1.0


class World:
    """One deployment seen by two processes, with an application, its user and a grant."""

    def __init__(self, aws: Aws, clock: FakeClock, **changes: object) -> None:
        self.clock = clock
        self.settings = aws.settings(**changes)
        self.here = self.process()
        self.there = self.process()
        self.person = user()
        self.app = application(user_id=self.person.user_id)
        self.grant = grant(self.app.client_id, subject=self.person.user_id)
        self.key = (self.grant.client_id, self.grant.grant_id)
        self.there.users.create(account(self.person), None, event(self.person.user_id))
        self.registration = registration(self.app)
        self.there.applications.create(self.registration, [], event(self.app.client_id))
        self.there.grants.create(self.grant)
        self.reading = Reading(
            clients=frozenset({self.app.client_id}),
            users=frozenset({self.person.user_id}),
            grants=frozenset({self.key}),
        )
        self.issuing = Reading(acting_user_of=self.app.client_id)

    def process(self) -> Stores:
        return open_stores(self.settings, self.clock, LockedConnection(self.clock))

    def calls(self, reading: Reading, *, fresh: bool = False) -> int:
        with request_budget(self.clock) as budget:
            snapshot = self.here.grants.read(reading, fresh=fresh)
        assert snapshot.leased or budget.calls
        return budget.calls

    def disable(self) -> None:
        app = replace(self.app, status=Status.DISABLED, token_epoch=1, version=2)
        after = replace(self.registration, application=app)
        self.there.applications.replace(self.registration, after, event(app.client_id))


@pytest.fixture
def world(aws: Aws, clock: FakeClock) -> World:
    return World(aws, clock)


def test_a_second_validation_reads_nothing(world: World) -> None:
    first = world.here.grants.read(world.reading)
    with request_budget(world.clock) as budget:
        second = world.here.grants.read(world.reading)
    assert budget.calls == 0
    assert (first.leased, second.leased) == (False, True)
    assert second == replace(first, leased=True)


def test_a_second_issue_reads_nothing_and_the_first_reads_once_with_a_hint(world: World) -> None:
    assert world.calls(world.issuing) == 2
    assert world.calls(world.issuing) == 0
    world.clock.advance(SECONDS)
    assert world.calls(world.issuing) == 1


def test_a_lease_ends_after_its_time(world: World) -> None:
    world.calls(world.reading)
    world.clock.advance(SECONDS)
    assert world.calls(world.reading) == 1


def test_a_frozen_process_does_not_wake_up_with_a_lease(world: World) -> None:
    world.calls(world.reading)
    world.clock.advance(SECONDS, monotonic=0.0)
    assert world.calls(world.reading) == 1


def test_a_wall_clock_that_goes_back_does_not_lengthen_a_lease(world: World) -> None:
    world.calls(world.reading)
    world.clock.advance(-3600, monotonic=SECONDS)
    assert world.calls(world.reading) == 1


def test_a_lease_time_of_zero_reads_always(aws: Aws, clock: FakeClock) -> None:
    world = World(aws, clock, lease_seconds=0.0)
    world.calls(world.reading)
    assert world.calls(world.reading) == 1
    world.there.grants.revoke(world.key, START, "r")
    assert clock.slept == 0


def test_a_fresh_read_passes_over_leases_once_in_a_lease_time(world: World) -> None:
    world.calls(world.reading)
    assert world.calls(world.reading, fresh=True) == 1
    assert world.calls(world.reading, fresh=True) == 0
    world.clock.advance(SECONDS)
    assert world.calls(world.reading, fresh=True) == 1


def test_absence_is_never_leased(world: World) -> None:
    absent = Reading(
        clients=frozenset({"app_none"}),
        users=frozenset({"usr_none"}),
        grants=frozenset({("app_none", "none")}),
    )
    for _ in range(2):
        with request_budget(world.clock) as budget:
            assert not world.here.grants.read(absent).leased
        assert budget.calls == 1


def test_a_person_is_always_read(world: World) -> None:
    world.calls(world.issuing)
    only_user = Reading(users=frozenset({world.person.user_id}))
    assert world.calls(only_user) == 1
    assert world.calls(only_user) == 1


def test_a_user_named_by_a_grant_that_is_not_leased_is_read(world: World) -> None:
    world.calls(world.issuing)
    other = replace(world.reading, grants=frozenset({world.key, (world.app.client_id, "none")}))
    snapshot = world.here.grants.read(other)
    assert snapshot.users == {world.person.user_id: world.person}
    assert world.calls(other) == 1


def test_a_spent_assertion_is_never_leased(world: World) -> None:
    spent = grant(world.app.client_id, kind=GrantKind.ASSERTION, assertion_ends_at=START + 60)
    world.here.grants.create(spent)
    reading = Reading(grants=frozenset({(spent.client_id, spent.grant_id)}))
    assert world.calls(reading) == 1
    assert world.calls(reading) == 1


@pytest.mark.checklist("45", "50")
def test_nothing_is_served_from_before_an_acknowledged_disabling(world: World) -> None:
    world.calls(world.reading)
    world.disable()
    assert world.clock.slept == SECONDS
    assert not world.here.grants.read(world.reading).applications[world.app.client_id].enabled


@pytest.mark.checklist("45")
def test_nothing_is_served_from_before_an_acknowledged_revocation(world: World) -> None:
    world.calls(world.reading)
    world.there.grants.revoke(world.key, START, "r")
    assert world.clock.slept == SECONDS
    assert world.here.grants.read(world.reading).grants[world.key].revoked_at == START


def test_a_repeated_revocation_waits_as_well(world: World) -> None:
    world.there.grants.revoke(world.key, START, "r")
    world.here.grants.revoke(world.key, START, "s")
    assert world.clock.slept == 2 * SECONDS


@pytest.mark.checklist("50")
def test_a_user_who_loses_rights_is_not_served_from_memory(world: World) -> None:
    world.calls(world.reading)
    changed = replace(world.person, status=Status.DISABLED, token_epoch=1, version=2)
    world.there.users.replace(account(world.person), account(changed), event(changed.user_id))
    assert world.clock.slept == SECONDS
    assert world.here.grants.read(world.reading).users == {changed.user_id: changed}


def test_a_write_that_only_adds_does_not_wait(world: World) -> None:
    wider = replace(world.app, allowed_scopes=world.app.allowed_scopes | {"rpa"}, version=2)
    after = replace(world.registration, application=wider)
    world.there.applications.replace(world.registration, after, event(wider.client_id))
    changed = replace(world.person, roles=frozenset({"administrator"}), version=2)
    world.there.users.replace(account(world.person), account(changed), event(changed.user_id))
    assert world.clock.slept == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"token_epoch": 1},
        {"status": Status.DISABLED},
        {"secrets": ()},
        {"allowed_scopes": frozenset({"api"})},
        {"user_id": None},
        {"assertions_valid_from": START},
        {"header_accepts_issuer_audience": True},
    ],
    ids=repr,
)
def test_every_other_write_to_an_application_waits(
    world: World, changes: dict[str, object]
) -> None:
    after = replace(world.registration, application=replace(world.app, version=2, **changes))
    world.there.applications.replace(world.registration, after, event(world.app.client_id))
    assert world.clock.slept == SECONDS


def test_deleting_an_application_waits(world: World) -> None:
    world.there.applications.delete(world.registration, event(world.app.client_id))
    assert world.clock.slept == SECONDS


def test_this_processs_own_writes_are_seen_at_once(world: World) -> None:
    world.calls(world.reading)
    world.here.grants.extend(world.grant, TOKEN, START + 700, START + 100, "n")
    extended = world.here.grants.read(world.reading).grants[world.key]
    assert (extended.version, extended.access_tokens[TOKEN].ends_at) == (2, START + 700)


def test_a_grant_newer_than_a_leased_application_has_it_read_again(world: World) -> None:
    world.calls(world.reading)
    world.disable()
    world.clock.advance(-SECONDS)
    newer: Grant = grant(world.app.client_id, subject=world.person.user_id, application_epoch=1)
    world.there.grants.create(newer)
    reading = replace(world.reading, grants=frozenset({(newer.client_id, newer.grant_id)}))
    snapshot = world.here.grants.read(reading)
    assert snapshot.applications[world.app.client_id].token_epoch == 1
    assert snapshot.grants == {(newer.client_id, newer.grant_id): newer}


def test_a_changed_acting_user_is_found_in_a_second_read(world: World) -> None:
    world.calls(world.issuing)
    other = user()
    world.there.users.create(account(other), None, event(other.user_id))
    app = replace(world.app, user_id=other.user_id, token_epoch=1, version=2)
    after = replace(world.registration, application=app)
    world.there.applications.replace(world.registration, after, event(app.client_id))
    with request_budget(world.clock) as budget:
        snapshot = world.here.grants.read(world.issuing)
    assert snapshot.users == {other.user_id: other}
    assert budget.calls == 2


def test_leases_are_bounded_and_the_oldest_makes_room() -> None:
    now = Moment(0.0, 0.0)
    leases = LeaseMap[int, int](SECONDS, maximum=3)
    for number in range(5):
        leases.keep(number, number, now)
    leases.keep(2, 20, now)
    assert [leases.find(number, now) for number in range(5)] == [None, None, 20, 3, 4]
