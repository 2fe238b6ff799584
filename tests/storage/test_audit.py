"""The list of all events goes back over the months, as far as they are kept."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace

import pytest
from ulid import ULID

from chalicelib.oauth.ids import new_ulid
from chalicelib.paging import InvalidCursor
from chalicelib.storage.audit import MAXIMUM_MONTHS_A_PAGE
from chalicelib.storage.connection import request_budget
from chalicelib.storage.cursors import encode_cursor
from chalicelib.storage.stores import Stores
from tests.fakes.clock import START, FakeClock
from tests.storage.samples import account, event, registration
from tests.tables import Aws

DAY = 86_400


def put(stores: Stores, days_ago: int) -> str:
    one = event("app_a", at=START - days_ago * DAY)
    stores.applications.create(registration(), [], one)
    return one.event_id


def listed(stores: Stores, limit: int) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        page = stores.audit.list_events(None, cursor, limit)
        pages.append([one.event_id for one in page.items])
        cursor = page.next
        if cursor is None:
            return pages


def test_events_of_all_months_are_found(tables: Stores) -> None:
    made = [put(tables, days_ago) for days_ago in (0, 30, 60, 200, 399)]
    assert [one for page in listed(tables, 2) for one in page] == made
    assert listed(tables, 10) == [made]


def test_the_list_ends_where_retention_ends(tables: Stores, clock: FakeClock) -> None:
    made = put(tables, 0)
    clock.advance(398 * DAY)
    assert listed(tables, 10) == [[made]]
    clock.advance(40 * DAY)
    assert listed(tables, 10) == [[]]


def test_one_request_asks_for_a_bounded_number_of_months(aws: Aws, clock: FakeClock) -> None:
    stores = aws.stores(clock, audit_retention_days=3650)
    made = put(stores, 3000)
    with request_budget(clock) as budget:
        page = stores.audit.list_events(None, None, 10)
    assert budget.calls == MAXIMUM_MONTHS_A_PAGE
    assert page.next is not None
    assert [one for part in listed(stores, 10) for one in part] == [made]


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-01", "x", "2026-01-01", " 2026-01"])
def test_a_cursor_that_names_no_month_is_refused(tables: Stores, month: str) -> None:
    with pytest.raises(InvalidCursor):
        tables.audit.list_events(None, encode_cursor("by_month", month, new_ulid()), 10)


@pytest.mark.parametrize("part", ["\ud800", "", "x", "A" * 26, "0" * 3000])
def test_a_cursor_with_what_no_key_holds_is_refused(tables: Stores, part: str) -> None:
    cursor = urlsafe_b64encode(json.dumps(["by_target", part]).encode()).decode()
    with pytest.raises(InvalidCursor):
        tables.audit.list_events("app_a", cursor, 10)


def test_an_event_is_loaded_by_its_id(stores: Stores) -> None:
    one = event("usr_a")
    stores.users.create(account(), None, one)
    assert stores.audit.load(one.event_id) == one
    assert stores.audit.load("0" * 26) is None
    assert stores.audit.load("\ud800") is None


def test_events_are_listed_of_a_time(stores: Stores) -> None:
    times = (START, START - 50 * DAY, START - 50 * DAY - 1, START - 100 * DAY)
    made = []
    for at in times:
        # Ids sort as the times do: each is made a moment before its event.
        one = replace(event("usr_a", at=at), event_id=str(ULID.from_timestamp(at)).lower())
        stores.users.create(account(), None, one)
        made.append(at)

    def at_times(target: str | None, since: int | None, until: int | None) -> set[int]:
        found, cursor = set(), None
        while True:
            page = stores.audit.list_events(target, cursor, 1, since=since, until=until)
            found |= {one.at for one in page.items}
            cursor = page.next
            if cursor is None:
                return found

    for target in (None, "usr_a"):
        assert at_times(target, None, None) == set(made)
        assert at_times(target, START - 50 * DAY, None) == {START, START - 50 * DAY}
        assert at_times(target, None, START - 50 * DAY - 1) == set(times[2:])
        assert at_times(target, times[2], times[1]) == {times[1], times[2]}
        assert at_times(target, START + 1, None) == set()
        assert at_times(target, None, 0) == set()
        assert at_times(target, times[0], times[3]) == set()
