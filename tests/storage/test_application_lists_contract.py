"""The contract of the lists and look-ups of `ApplicationStore`, held to by fakes and tables."""

from dataclasses import replace

import pytest

from chalicelib.oauth.model import GrantType, Status
from chalicelib.paging import InvalidCursor
from chalicelib.registry.ends import End
from chalicelib.registry.stores import Order, Selection
from chalicelib.storage.cursors import encode_cursor
from tests.fakes.clock import START
from tests.fakes.stores import AnyStores
from tests.storage.samples import (
    certificate,
    create_application,
    event,
    next_registration,
    secret,
)


def test_a_list_goes_by_name_in_pages(stores: AnyStores) -> None:
    for name in ("delta", "Alpha", "charlie", "Bravo", "echo"):
        create_application(stores, name=name)
    names, cursor = [], None
    while True:
        page = stores.applications.list_registrations("", cursor, 2)
        assert len(page.items) <= 2
        names += [item.application.name for item in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert names == ["Alpha", "Bravo", "charlie", "delta", "echo"]
    assert stores.applications.count() == 5


def test_a_search_finds_parts_of_names_folded(stores: AnyStores) -> None:
    for name in ("Sales SCIM", "sales odata", "Purchase"):
        create_application(stores, name=name)
    page = stores.applications.list_registrations("SALES", None, 1)
    found = [item.application.name for item in page.items]
    while page.next is not None:
        page = stores.applications.list_registrations("SALES", page.next, 1)
        found += [item.application.name for item in page.items]
    assert found == ["sales odata", "Sales SCIM"]


@pytest.mark.parametrize("cursor", ["", "x", "%%%", "bm9uc2Vuc2U", "é", "W10", "A" * 20_000])
def test_a_cursor_that_is_none_of_ours_is_refused(stores: AnyStores, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        stores.applications.list_registrations("", cursor, 2)
    with pytest.raises(InvalidCursor):
        stores.audit.list_events(None, cursor, 2)
    with pytest.raises(InvalidCursor):
        stores.audit.list_events("app_x", cursor, 2)
    with pytest.raises(InvalidCursor):
        stores.users.list_users("", None, cursor, 2)


def test_a_cursor_of_another_list_is_refused(stores: AnyStores) -> None:
    create_application(stores)
    create_application(stores)
    cursor = stores.applications.list_registrations("", None, 1).next
    assert cursor is not None
    with pytest.raises(InvalidCursor):
        stores.users.list_users("", None, cursor, 1)


def names(stores: AnyStores, search: str = "", **selection: object) -> list[str]:
    page = stores.applications.list_registrations(search, None, 10, Selection(**selection))
    assert page.next is None
    return [one.application.name for one in page.items]


def test_a_list_is_narrowed_and_ordered(stores: AnyStores) -> None:
    create_application(stores, name="Charlie", grant_type=GrantType.BEARER_TOKEN)
    create_application(stores, name="alpha", allowed_scopes=frozenset({"rpa"}))
    before = create_application(stores, name="Bravo")
    assert names(stores) == ["alpha", "Bravo", "Charlie"]
    assert names(stores, order=Order.NAME_DESCENDING) == ["Charlie", "Bravo", "alpha"]
    assert names(stores, grant_type=GrantType.BEARER_TOKEN) == ["Charlie"]
    assert names(stores, scope="rpa") == ["alpha"]
    assert names(stores, status=Status.DISABLED) == []
    after = next_registration(before, status=Status.DISABLED, allowed_scopes=frozenset({"rpa"}))
    stores.applications.replace(before, after, event(before.application.client_id))
    assert names(stores, status=Status.DISABLED) == ["Bravo"]
    assert names(stores, scope="rpa") == ["alpha", "Bravo"]
    assert names(stores, "ALPH", scope="rpa", order=Order.NAME_DESCENDING) == ["alpha"]


@pytest.mark.parametrize("order", Order)
def test_a_list_is_narrowed_to_names_that_begin_alike(stores: AnyStores, order: Order) -> None:
    for name in ("robot 2", "Robot 1", "a robot", "robo", "Rocket"):
        create_application(stores, name=name)
    begun = {"beginning": "ROBOT", "order": order}
    assert sorted(names(stores, **begun)) == ["Robot 1", "robot 2"]
    assert names(stores, "2", **begun) == ["robot 2"]
    assert names(stores, beginning="robots", order=order) == []
    first = stores.applications.list_registrations("", None, 1, Selection(**begun))
    rest = stores.applications.list_registrations("", first.next, 1, Selection(**begun))
    found = [one.application.name for one in (*first.items, *rest.items)]
    assert sorted(found) == ["Robot 1", "robot 2"]


def test_a_list_is_narrowed_to_those_that_act_as_a_user(stores: AnyStores) -> None:
    before = create_application(stores, name="Bravo", user_id="usr_a")
    create_application(stores, name="Alpha")
    assert names(stores, user_id="usr_a") == ["Bravo"]
    after = next_registration(before, user_id="usr_b")
    stores.applications.replace(before, after, event(before.application.client_id))
    assert names(stores, user_id="usr_a") == []
    assert names(stores, user_id="usr_b") == ["Bravo"]


def test_an_application_is_found_by_its_name(stores: AnyStores) -> None:
    made = create_application(stores, name="Straße")
    assert stores.applications.find("STRASSE") == made.application.client_id
    assert stores.applications.find("Strasse 2") is None


def test_an_application_is_found_by_its_certificate(stores: AnyStores) -> None:
    made = create_application(stores, certificate=certificate()).application.client_id
    assert stores.applications.find_by_thumbprint(certificate().thumbprint) == made
    assert stores.applications.find_by_thumbprint("0" * 64) is None


def ends(stores: AnyStores, since: int = 0, until: int = START * 9) -> list[End]:
    page = stores.applications.list_ends(since, until, None, 50)
    assert page.next is None
    return list(page.items)


def test_what_ends_is_listed_as_long_as_it_is_there(stores: AnyStores) -> None:
    old, new = secret(ends_at=START + 5), secret()
    key = replace(certificate(), not_after=START + 3)
    before = create_application(stores, name="a", certificate=key, secrets=(old, new))
    client_id = before.application.client_id
    first, second = End(client_id, None, START + 3), End(client_id, old.secret_id, START + 5)
    assert ends(stores) == [first, second]
    assert ends(stores, START + 3, START + 4) == [first]
    assert ends(stores, START + 4, START + 5) == [second]
    assert ends(stores, START + 6) == []
    later = replace(new, ends_at=START + 4)
    after = next_registration(before, certificate=None, secrets=(old, later))
    stores.applications.replace(before, after, event(client_id))
    assert ends(stores) == [End(client_id, new.secret_id, START + 4), second]
    moved = replace(later, ends_at=START + 9)
    last = next_registration(after, secrets=(moved,))
    stores.applications.replace(after, last, event(client_id))
    assert ends(stores) == [End(client_id, new.secret_id, START + 9)]
    stores.applications.delete(last, event(client_id))
    assert ends(stores) == []


def test_what_ends_comes_in_pages(stores: AnyStores) -> None:
    for place in range(5):
        create_application(stores, name=f"{place}", secrets=(secret(ends_at=START + 9 - place),))
    found, cursor = [], None
    while True:
        page = stores.applications.list_ends(0, START * 2, cursor, 2)
        found += [end.ends_at for end in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == [START + 5, START + 6, START + 7, START + 8, START + 9]
    with pytest.raises(InvalidCursor):
        stores.applications.list_registrations("", page_of_ends(stores), 2)
    for wrong in ("x", encode_cursor("end", "soon", "end#a"), encode_cursor("end", "0" * 12, "x")):
        with pytest.raises(InvalidCursor):
            stores.applications.list_ends(0, START * 2, wrong, 2)


def page_of_ends(stores: AnyStores) -> str | None:
    return stores.applications.list_ends(0, START * 2, None, 1).next


def test_a_list_goes_by_age_in_pages(stores: AnyStores) -> None:
    made = [
        create_application(stores, client_id=f"app_{place:026}", name=f"{9 - place}")
        for place in range(5)
    ]
    ids = [one.application.client_id for one in made]
    for order, expected in ((Order.OLDEST, ids), (Order.NEWEST, ids[::-1])):
        found, cursor = [], None
        while True:
            page = stores.applications.list_registrations("", cursor, 2, Selection(order=order))
            found += [one.application.client_id for one in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert found == expected


def test_a_cursor_of_another_order_is_refused(stores: AnyStores) -> None:
    for name in "ab":
        create_application(stores, name=name)
    cursor = stores.applications.list_registrations("", None, 1).next
    with pytest.raises(InvalidCursor):
        stores.applications.list_registrations("", cursor, 1, Selection(order=Order.NEWEST))
