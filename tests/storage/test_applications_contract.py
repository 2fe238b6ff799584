"""The contract of `ApplicationStore` and `AuditTrail`, held to by the fakes and by the tables."""

from dataclasses import replace

import pytest

from chalicelib.oauth.model import GrantKind, GrantType, Status
from chalicelib.oauth.stores import Reading
from chalicelib.paging import InvalidCursor
from chalicelib.registry.ends import End
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import (
    ApplicationChanged,
    CertificateTaken,
    NameTaken,
    Order,
    Selection,
)
from chalicelib.storage.cursors import encode_cursor
from chalicelib.storage.stores import Stores
from tests.fakes.clock import START
from tests.fakes.stores import FakeStores
from tests.storage.samples import application, certificate, event, grant, registration, secret

AnyStores = FakeStores | Stores


def create(stores: AnyStores, **changes: object) -> Registration:
    one = registration(application(**changes))
    stores.applications.create(one, [], event(one.application.client_id))
    return one


def next_version(before: Registration, **changes: object) -> Registration:
    changed = replace(before.application, version=before.application.version + 1, **changes)
    return replace(before, application=changed, updated_at=START + 10)


def test_an_application_is_loaded_as_it_was_created(stores: AnyStores) -> None:
    app = application(
        grant_type=GrantType.CLIENT_CERTIFICATE,
        certificate=certificate(),
        secrets=(secret(), secret(ends_at=START + 5, bearer_revoked=True)),
        localhost_port=8400,
        user_id="usr_x",
    )
    one = registration(
        app, website="https://a.example", description="é" * 1000, redirect_uris=("https://a/b",)
    )
    stores.applications.create(one, [], event(app.client_id))
    assert stores.applications.load(app.client_id) == one


def test_an_unknown_application_is_none(stores: AnyStores) -> None:
    assert stores.applications.load("app_none") is None


def test_an_application_comes_with_its_grants(stores: AnyStores) -> None:
    app = application(grant_type=GrantType.BEARER_TOKEN)
    one = grant(app.client_id, kind=GrantKind.BEARER_SECRET, grant_id=app.secrets[0].secret_id)
    stores.applications.create(registration(app), [one], event(app.client_id))
    key = (one.client_id, one.grant_id)
    assert stores.grants.read(Reading(grants=frozenset({key}))).grants == {key: one}


@pytest.mark.checklist("56")
def test_a_name_is_taken_once_whatever_its_case_and_width(stores: AnyStores) -> None:
    create(stores, name="Straße ﬁ")
    refused = registration(application(name="STRASSE FI"))
    refusal = event(refused.application.client_id)
    with pytest.raises(NameTaken):
        stores.applications.create(refused, [], refusal)
    assert stores.applications.load(refused.application.client_id) is None
    assert stores.audit.list_events(refused.application.client_id, None, 10).items == []


@pytest.mark.checklist("35")
def test_a_certificate_is_held_by_one_application(stores: AnyStores) -> None:
    create(stores, certificate=certificate())
    with pytest.raises(CertificateTaken):
        create(stores, certificate=certificate())


def test_creating_again_with_the_same_event_is_the_same_success(stores: AnyStores) -> None:
    one, first = registration(), event("app_x")
    stores.applications.create(one, [], first)
    stores.applications.create(one, [], first)
    assert stores.applications.load(one.application.client_id) == one


def test_replacing_writes_both_halves(stores: AnyStores) -> None:
    before = create(stores)
    after = replace(
        next_version(before, status=Status.DISABLED, token_epoch=1), description="changed"
    )
    stores.applications.replace(before, after, event(before.application.client_id))
    assert stores.applications.load(before.application.client_id) == after


def test_replacing_an_old_version_is_refused(stores: AnyStores) -> None:
    before = create(stores)
    after = next_version(before, token_epoch=1)
    stores.applications.replace(before, after, event(before.application.client_id))
    with pytest.raises(ApplicationChanged):
        stores.applications.replace(before, after, event(before.application.client_id))


def test_replacing_again_with_the_same_event_is_the_same_success(stores: AnyStores) -> None:
    before = create(stores)
    after, change = next_version(before, token_epoch=1), event(before.application.client_id)
    stores.applications.replace(before, after, change)
    stores.applications.replace(before, after, change)
    assert stores.applications.load(before.application.client_id) == after


def test_a_new_name_frees_the_old_one(stores: AnyStores) -> None:
    before = create(stores, name="Old")
    after = next_version(before, name="New")
    stores.applications.replace(before, after, event(before.application.client_id))
    create(stores, name="old")
    with pytest.raises(NameTaken):
        create(stores, name="NEW")


def test_a_name_may_change_its_case(stores: AnyStores) -> None:
    before = create(stores, name="name")
    after = next_version(before, name="NAME")
    stores.applications.replace(before, after, event(before.application.client_id))
    assert stores.applications.load(before.application.client_id) == after


def test_a_rename_to_a_taken_name_changes_nothing(stores: AnyStores) -> None:
    create(stores, name="Taken")
    before = create(stores, name="Mine")
    after = next_version(before, name="taken")
    with pytest.raises(NameTaken):
        stores.applications.replace(before, after, event(before.application.client_id))
    assert stores.applications.load(before.application.client_id) == before


def test_a_removed_certificate_is_free_for_another(stores: AnyStores) -> None:
    before = create(stores, certificate=certificate())
    after = replace(next_version(before, certificate=None), certificate=None)
    stores.applications.replace(before, after, event(before.application.client_id))
    create(stores, certificate=certificate())


def test_a_certificate_of_another_cannot_be_taken_over(stores: AnyStores) -> None:
    create(stores, certificate=certificate("aa" * 32))
    before = create(stores, certificate=certificate("bb" * 32))
    after = next_version(before, certificate=certificate("aa" * 32))
    with pytest.raises(CertificateTaken):
        stores.applications.replace(before, after, event(before.application.client_id))


@pytest.mark.checklist("38")
def test_a_cut_secret_leaves_a_tombstone_even_of_a_row_that_is_gone(stores: AnyStores) -> None:
    before = create(stores, grant_type=GrantType.BEARER_TOKEN)
    client_id = before.application.client_id
    made = grant(client_id, kind=GrantKind.BEARER_SECRET)
    old = before.application.secrets[0].secret_id
    change = event(client_id, at=START + 10)
    stores.applications.replace(
        before,
        next_version(before, secrets=(secret(secret_id=made.grant_id),)),
        change,
        new_grants=[made],
        ended_grants=[old],
    )
    keys = {(client_id, made.grant_id), (client_id, old)}
    found = stores.grants.read(Reading(grants=frozenset(keys))).grants
    assert found[client_id, made.grant_id] == made
    assert found[client_id, old].revoked_at == START + 10


def test_deleting_frees_name_and_certificate(stores: AnyStores) -> None:
    before = create(stores, name="Name", certificate=certificate())
    removal = event(before.application.client_id)
    stores.applications.delete(before, removal)
    stores.applications.delete(before, removal)
    assert stores.applications.load(before.application.client_id) is None
    create(stores, name="name", certificate=certificate())


def test_deleting_an_old_version_is_refused(stores: AnyStores) -> None:
    before = create(stores)
    after = next_version(before)
    stores.applications.replace(before, after, event(before.application.client_id))
    with pytest.raises(ApplicationChanged):
        stores.applications.delete(before, event(before.application.client_id))
    assert stores.applications.load(before.application.client_id) == after


def test_a_list_goes_by_name_in_pages(stores: AnyStores) -> None:
    for name in ("delta", "Alpha", "charlie", "Bravo", "echo"):
        create(stores, name=name)
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
        create(stores, name=name)
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


@pytest.mark.parametrize("words", ["a" * 5000, "\ud800", "\0", "%", "#", "application#x"])
def test_ids_of_any_length_and_kind_are_simply_absent(stores: AnyStores, words: str) -> None:
    reading = Reading(
        clients=frozenset({words}),
        users=frozenset({words}),
        grants=frozenset({(words, words)}),
        acting_user_of=words,
    )
    snapshot = stores.grants.read(reading)
    assert (snapshot.applications, snapshot.users, snapshot.grants) == ({}, {}, {})
    assert stores.applications.load(words) is None
    assert stores.users.load(words) is None
    assert stores.users.load_password_hash(words) is None
    assert stores.audit.list_events(words, None, 10).items == []
    assert stores.users.list_users(words, None, None, 10).items == []
    assert stores.applications.list_registrations(words, None, 10).items == []


def test_a_cursor_of_another_list_is_refused(stores: AnyStores) -> None:
    create(stores)
    create(stores)
    cursor = stores.applications.list_registrations("", None, 1).next
    assert cursor is not None
    with pytest.raises(InvalidCursor):
        stores.users.list_users("", None, cursor, 1)


def test_events_are_listed_newest_first_of_all_and_of_one(stores: AnyStores) -> None:
    events = [event(target) for target in ("app_a", "app_b", "app_a", "app_a")]
    for one in events:
        stores.applications.create(registration(), [], one)
    events.sort(key=lambda one: one.event_id, reverse=True)
    assert list(stores.audit.list_events(None, None, 10).items) == events
    of_a = [one for one in events if one.target == "app_a"]
    page = stores.audit.list_events("app_a", None, 2)
    assert list(page.items) == of_a[:2]
    assert page.next is not None
    rest = stores.audit.list_events("app_a", page.next, 2)
    assert (list(rest.items), rest.next) == (of_a[2:], None)


def test_all_events_come_in_pages(stores: AnyStores) -> None:
    events = [event("app_a") for _ in range(5)]
    for one in events:
        stores.applications.create(registration(), [], one)
    events.sort(key=lambda one: one.event_id, reverse=True)
    found, cursor = [], None
    while True:
        page = stores.audit.list_events(None, cursor, 2)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert found == events


def names(stores: AnyStores, search: str = "", **selection: object) -> list[str]:
    page = stores.applications.list_registrations(search, None, 10, Selection(**selection))
    assert page.next is None
    return [one.application.name for one in page.items]


def test_a_list_is_narrowed_and_ordered(stores: AnyStores) -> None:
    create(stores, name="Charlie", grant_type=GrantType.BEARER_TOKEN)
    create(stores, name="alpha", allowed_scopes=frozenset({"rpa"}))
    before = create(stores, name="Bravo")
    assert names(stores) == ["alpha", "Bravo", "Charlie"]
    assert names(stores, order=Order.NAME_DESCENDING) == ["Charlie", "Bravo", "alpha"]
    assert names(stores, grant_type=GrantType.BEARER_TOKEN) == ["Charlie"]
    assert names(stores, scope="rpa") == ["alpha"]
    assert names(stores, status=Status.DISABLED) == []
    after = next_version(before, status=Status.DISABLED, allowed_scopes=frozenset({"rpa"}))
    stores.applications.replace(before, after, event(before.application.client_id))
    assert names(stores, status=Status.DISABLED) == ["Bravo"]
    assert names(stores, scope="rpa") == ["alpha", "Bravo"]
    assert names(stores, "ALPH", scope="rpa", order=Order.NAME_DESCENDING) == ["alpha"]


def test_a_list_is_narrowed_to_those_that_act_as_a_user(stores: AnyStores) -> None:
    before = create(stores, name="Bravo", user_id="usr_a")
    create(stores, name="Alpha")
    assert names(stores, user_id="usr_a") == ["Bravo"]
    after = next_version(before, user_id="usr_b")
    stores.applications.replace(before, after, event(before.application.client_id))
    assert names(stores, user_id="usr_a") == []
    assert names(stores, user_id="usr_b") == ["Bravo"]


def test_an_application_is_found_by_its_name(stores: AnyStores) -> None:
    made = create(stores, name="Straße")
    assert stores.applications.find("STRASSE") == made.application.client_id
    assert stores.applications.find("Strasse 2") is None


def test_an_application_is_found_by_its_certificate(stores: AnyStores) -> None:
    made = create(stores, certificate=certificate()).application.client_id
    assert stores.applications.find_by_thumbprint(certificate().thumbprint) == made
    assert stores.applications.find_by_thumbprint("0" * 64) is None


def ends(stores: AnyStores, since: int = 0, until: int = START * 9) -> list[End]:
    page = stores.applications.list_ends(since, until, None, 50)
    assert page.next is None
    return list(page.items)


def test_what_ends_is_listed_as_long_as_it_is_there(stores: AnyStores) -> None:
    old, new = secret(ends_at=START + 5), secret()
    key = replace(certificate(), not_after=START + 3)
    before = create(stores, name="a", certificate=key, secrets=(old, new))
    client_id = before.application.client_id
    first, second = End(client_id, None, START + 3), End(client_id, old.secret_id, START + 5)
    assert ends(stores) == [first, second]
    assert ends(stores, START + 3, START + 4) == [first]
    assert ends(stores, START + 4, START + 5) == [second]
    assert ends(stores, START + 6) == []
    later = replace(new, ends_at=START + 4)
    after = next_version(before, certificate=None, secrets=(old, later))
    stores.applications.replace(before, after, event(client_id))
    assert ends(stores) == [End(client_id, new.secret_id, START + 4), second]
    moved = replace(later, ends_at=START + 9)
    last = next_version(after, secrets=(moved,))
    stores.applications.replace(after, last, event(client_id))
    assert ends(stores) == [End(client_id, new.secret_id, START + 9)]
    stores.applications.delete(last, event(client_id))
    assert ends(stores) == []


def test_what_ends_comes_in_pages(stores: AnyStores) -> None:
    for place in range(5):
        create(stores, name=f"{place}", secrets=(secret(ends_at=START + 9 - place),))
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
    made = [create(stores, client_id=f"app_{place:026}", name=f"{9 - place}") for place in range(5)]
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
        create(stores, name=name)
    cursor = stores.applications.list_registrations("", None, 1).next
    with pytest.raises(InvalidCursor):
        stores.applications.list_registrations("", cursor, 1, Selection(order=Order.NEWEST))
