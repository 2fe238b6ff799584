"""Many at once: one succeeds; and two items of one owner are never mixed from two writes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.model import GrantKind
from chalicelib.oauth.stores import GrantChanged, GrantExists, StoreUnavailable
from chalicelib.registry.stores import ApplicationChanged, NameTaken
from chalicelib.storage import name_lists
from chalicelib.storage.stores import Stores, open_stores
from tests.fakes.clock import START, FakeClock
from tests.fakes.stores import AnyStores
from tests.storage.samples import TOKEN, application, event, grant, registration
from tests.tables import Aws, LockedConnection

MANY = 32


def successes(refusal: type[Exception], attempt: Callable[[int], None]) -> int:
    """How many of 32 parallel attempts are not refused."""

    def run(number: int) -> bool:
        try:
            attempt(number)
        except refusal:
            return False
        return True

    with ThreadPoolExecutor(MANY) as pool:
        return sum(pool.map(run, range(MANY)))


@pytest.mark.checklist("31")
def test_of_many_uses_of_one_jti_one_succeeds(stores: AnyStores) -> None:
    one = grant(kind=GrantKind.CLIENT_CERTIFICATE, assertion_ends_at=START + 300)

    def use(_: int) -> None:
        stores.grants.create(replace(one, creation_nonce=new_ulid()))

    assert successes(GrantExists, use) == 1


def test_of_many_extensions_of_one_version_one_succeeds(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)

    def extend(number: int) -> None:
        stores.grants.extend(one, TOKEN, START + 700 + number, START + 100, new_ulid())

    assert successes(GrantChanged, extend) == 1


@pytest.mark.checklist("56")
def test_of_many_registrations_of_one_name_one_succeeds(stores: AnyStores) -> None:
    spellings = ("Straße", "STRASSE", "strasse", "\u017ftra\u017f\u017fe")

    def register(number: int) -> None:
        app = application(name=spellings[number % len(spellings)])
        stores.applications.create(registration(app), [], event(app.client_id))

    assert successes(NameTaken, register) == 1


def test_of_many_changes_of_one_version_one_succeeds(stores: AnyStores) -> None:
    before = registration()
    app = before.application
    stores.applications.create(before, [], event(app.client_id))

    def change(number: int) -> None:
        after = replace(before, application=replace(app, token_epoch=number + 1, version=2))
        stores.applications.replace(before, after, event(app.client_id))

    assert successes(ApplicationChanged, change) == 1


class TearingConnection(LockedConnection):
    """Shows the second item of a pair as it was before, `times` times."""

    def __init__(self, clock: FakeClock, times: int) -> None:
        super().__init__(clock)
        self._times = times

    def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        answer = super()._send(operation_name, operation_kwargs)
        if operation_name == "BatchGetItem" and self._times > 0:
            self._times -= 1
            for items in answer["Responses"].values():
                for item in items:
                    if item["key"]["S"].startswith("detail#"):
                        item["version"] = {"N": "0"}
        return answer


@pytest.mark.parametrize(("times", "loads"), [(2, True), (100, False)])
def test_halves_of_two_versions_are_read_again(
    aws: Aws,
    clock: FakeClock,
    times: int,
    loads: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    stores = open_stores(aws.settings(), clock, TearingConnection(clock, times))
    one = registration()
    stores.applications.create(one, [], event(one.application.client_id))
    if loads:
        assert stores.applications.load(one.application.client_id) == one
    else:
        with pytest.raises(StoreUnavailable):
            stores.applications.load(one.application.client_id)


def test_a_search_that_finds_little_reads_a_bounded_part_of_the_list(
    tables: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_lists, "MAXIMUM_NAMES_A_PAGE", 3)
    for number in range(7):
        app = application(name=f"name {number}")
        tables.applications.create(registration(app), [], event(app.client_id))
    found, pages, cursor = [], 0, None
    while True:
        page = tables.applications.list_registrations("6", cursor, 10)
        found += [item.application.name for item in page.items]
        pages, cursor = pages + 1, page.next
        if cursor is None:
            break
    assert (found, pages) == (["name 6"], 3)
    assert tables.applications.count() == 7
