"""The contract of `ApplicationStore` and `AuditTrail`, held to by the fakes and by the tables."""

from dataclasses import replace

import pytest

from chalicelib.oauth.model import GrantKind, GrantType, Status
from chalicelib.oauth.stores import Reading
from chalicelib.registry.stores import ApplicationChanged, CertificateTaken, NameTaken
from tests.fakes.clock import START
from tests.fakes.stores import AnyStores
from tests.storage.samples import (
    application,
    certificate,
    create_application,
    event,
    grant,
    next_registration,
    registration,
    secret,
)


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
    create_application(stores, name="Straße ﬁ")
    refused = registration(application(name="STRASSE FI"))
    refusal = event(refused.application.client_id)
    with pytest.raises(NameTaken):
        stores.applications.create(refused, [], refusal)
    assert stores.applications.load(refused.application.client_id) is None
    assert stores.audit.list_events(refused.application.client_id, None, 10).items == []


@pytest.mark.checklist("35")
def test_a_certificate_is_held_by_one_application(stores: AnyStores) -> None:
    create_application(stores, certificate=certificate())
    with pytest.raises(CertificateTaken):
        create_application(stores, certificate=certificate())


def test_creating_again_with_the_same_event_is_the_same_success(stores: AnyStores) -> None:
    one, first = registration(), event("app_x")
    stores.applications.create(one, [], first)
    stores.applications.create(one, [], first)
    assert stores.applications.load(one.application.client_id) == one


def test_replacing_writes_both_halves(stores: AnyStores) -> None:
    before = create_application(stores)
    after = replace(
        next_registration(before, status=Status.DISABLED, token_epoch=1), description="changed"
    )
    stores.applications.replace(before, after, event(before.application.client_id))
    assert stores.applications.load(before.application.client_id) == after


def test_replacing_an_old_version_is_refused(stores: AnyStores) -> None:
    before = create_application(stores)
    after = next_registration(before, token_epoch=1)
    stores.applications.replace(before, after, event(before.application.client_id))
    with pytest.raises(ApplicationChanged):
        stores.applications.replace(before, after, event(before.application.client_id))


def test_replacing_again_with_the_same_event_is_the_same_success(stores: AnyStores) -> None:
    before = create_application(stores)
    after, change = next_registration(before, token_epoch=1), event(before.application.client_id)
    stores.applications.replace(before, after, change)
    stores.applications.replace(before, after, change)
    assert stores.applications.load(before.application.client_id) == after


def test_a_new_name_frees_the_old_one(stores: AnyStores) -> None:
    before = create_application(stores, name="Old")
    after = next_registration(before, name="New")
    stores.applications.replace(before, after, event(before.application.client_id))
    create_application(stores, name="old")
    with pytest.raises(NameTaken):
        create_application(stores, name="NEW")


def test_a_name_may_change_its_case(stores: AnyStores) -> None:
    before = create_application(stores, name="name")
    after = next_registration(before, name="NAME")
    stores.applications.replace(before, after, event(before.application.client_id))
    assert stores.applications.load(before.application.client_id) == after


def test_a_rename_to_a_taken_name_changes_nothing(stores: AnyStores) -> None:
    create_application(stores, name="Taken")
    before = create_application(stores, name="Mine")
    after = next_registration(before, name="taken")
    with pytest.raises(NameTaken):
        stores.applications.replace(before, after, event(before.application.client_id))
    assert stores.applications.load(before.application.client_id) == before


def test_a_removed_certificate_is_free_for_another(stores: AnyStores) -> None:
    before = create_application(stores, certificate=certificate())
    after = replace(next_registration(before, certificate=None), certificate=None)
    stores.applications.replace(before, after, event(before.application.client_id))
    create_application(stores, certificate=certificate())


def test_a_certificate_of_another_cannot_be_taken_over(stores: AnyStores) -> None:
    create_application(stores, certificate=certificate("aa" * 32))
    before = create_application(stores, certificate=certificate("bb" * 32))
    after = next_registration(before, certificate=certificate("aa" * 32))
    with pytest.raises(CertificateTaken):
        stores.applications.replace(before, after, event(before.application.client_id))


@pytest.mark.checklist("38")
def test_a_cut_secret_leaves_a_tombstone_even_of_a_row_that_is_gone(stores: AnyStores) -> None:
    before = create_application(stores, grant_type=GrantType.BEARER_TOKEN)
    client_id = before.application.client_id
    made = grant(client_id, kind=GrantKind.BEARER_SECRET)
    old = before.application.secrets[0].secret_id
    change = event(client_id, at=START + 10)
    stores.applications.replace(
        before,
        next_registration(before, secrets=(secret(secret_id=made.grant_id),)),
        change,
        new_grants=[made],
        ended_grants=[old],
    )
    keys = {(client_id, made.grant_id), (client_id, old)}
    found = stores.grants.read(Reading(grants=frozenset(keys))).grants
    assert found[client_id, made.grant_id] == made
    assert found[client_id, old].revoked_at == START + 10


def test_deleting_frees_name_and_certificate(stores: AnyStores) -> None:
    before = create_application(stores, name="Name", certificate=certificate())
    removal = event(before.application.client_id)
    stores.applications.delete(before, removal)
    stores.applications.delete(before, removal)
    assert stores.applications.load(before.application.client_id) is None
    create_application(stores, name="name", certificate=certificate())


def test_deleting_an_old_version_is_refused(stores: AnyStores) -> None:
    before = create_application(stores)
    after = next_registration(before)
    stores.applications.replace(before, after, event(before.application.client_id))
    with pytest.raises(ApplicationChanged):
        stores.applications.delete(before, event(before.application.client_id))
    assert stores.applications.load(before.application.client_id) == after


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
