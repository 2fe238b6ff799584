"""The contract of `GrantStore`, held to by the fake and by the table."""

from dataclasses import replace

import pytest

from chalicelib.oauth.model import AccessToken, Grant, GrantKind
from chalicelib.oauth.stores import GrantChanged, GrantExists, Reading
from tests.fakes.clock import START
from tests.fakes.stores import AnyStores
from tests.storage.samples import (
    ENDLESS,
    TOKEN,
    account,
    application,
    event,
    grant,
    registration,
    user,
)


def stored(stores: AnyStores, one: Grant) -> Grant | None:
    key = (one.client_id, one.grant_id)
    return stores.grants.read(Reading(grants=frozenset({key}))).grants.get(key)


def key_of(one: Grant) -> tuple[str, str]:
    return one.client_id, one.grant_id


def test_a_grant_is_read_as_it_was_created(stores: AnyStores) -> None:
    grants = [
        grant(subject=user().user_id, application_epoch=3, user_epoch=4, nonce="n"),
        grant(scopes=frozenset(), access_tokens={}, life_cycle=ENDLESS),
        grant(kind=GrantKind.BEARER_SECRET, access_tokens={}, ends_at=START + 600),
        grant(kind=GrantKind.ASSERTION, assertion_ends_at=START + 300),
        grant(access_tokens={TOKEN: AccessToken(START, None)}, life_cycle=ENDLESS),
    ]
    for one in grants:
        stores.grants.create(one)
    assert [stored(stores, one) for one in grants] == grants


def test_one_batch_gives_applications_users_and_grants(stores: AnyStores) -> None:
    person = user()
    app = application(user_id=person.user_id)
    one = grant(app.client_id)
    stores.users.create(account(person), None, event(person.user_id))
    stores.applications.create(registration(app), [one], event(app.client_id))
    other = user()
    stores.users.create(account(other), None, event(other.user_id))
    snapshot = stores.grants.read(
        Reading(
            clients=frozenset({app.client_id}),
            users=frozenset({other.user_id}),
            grants=frozenset({key_of(one)}),
            acting_user_of=app.client_id,
        )
    )
    assert snapshot.applications == {app.client_id: app}
    assert snapshot.users == {person.user_id: person, other.user_id: other}
    assert snapshot.grants == {key_of(one): one}


def test_what_is_absent_is_not_in_the_snapshot(stores: AnyStores) -> None:
    one = grant()
    snapshot = stores.grants.read(
        Reading(
            clients=frozenset({one.client_id}),
            users=frozenset({user().user_id}),
            grants=frozenset({key_of(one)}),
            acting_user_of=one.client_id,
        )
    )
    assert (snapshot.applications, snapshot.users, snapshot.grants) == ({}, {}, {})


def test_an_application_whose_user_is_gone_is_read_without_a_user(stores: AnyStores) -> None:
    app = application(user_id=user().user_id)
    stores.applications.create(registration(app), [], event(app.client_id))
    snapshot = stores.grants.read(Reading(acting_user_of=app.client_id))
    assert snapshot.applications == {app.client_id: app}
    assert snapshot.users == {}


@pytest.mark.checklist("31")
def test_an_identifier_is_used_once(stores: AnyStores) -> None:
    one = grant(kind=GrantKind.CLIENT_CERTIFICATE, assertion_ends_at=START + 300)
    stores.grants.create(one)
    with pytest.raises(GrantExists):
        stores.grants.create(replace(one, creation_nonce="another"))
    assert stored(stores, one) == one


def test_creating_again_with_the_same_nonce_is_the_same_success(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    stores.grants.create(one)
    assert stored(stores, one) == one


def test_extending_moves_the_end_and_the_version(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    stores.grants.extend(one, TOKEN, START + 700, START + 100, "n")
    extended = stored(stores, one)
    assert extended is not None
    assert extended.access_tokens == {TOKEN: AccessToken(START, START + 700)}
    assert (extended.version, extended.nonce) == (2, "n")


def test_extending_a_bearer_secret_moves_the_grants_end(stores: AnyStores) -> None:
    one = grant(kind=GrantKind.BEARER_SECRET, access_tokens={}, ends_at=START + 600)
    stores.grants.create(one)
    stores.grants.extend(one, None, START + 900, START + 300, "n")
    extended = stored(stores, one)
    assert extended is not None
    assert extended.ends_at == START + 900


def test_extending_again_with_the_same_nonce_is_the_same_success(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    stores.grants.extend(one, TOKEN, START + 700, START + 100, "n")
    stores.grants.extend(one, TOKEN, START + 700, START + 100, "n")
    extended = stored(stores, one)
    assert extended is not None
    assert extended.version == 2


def test_an_end_never_moves_back(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    stores.grants.extend(one, TOKEN, START + 500, START + 100, "n")
    extended = stored(stores, one)
    assert extended is not None
    assert extended.access_tokens[TOKEN].ends_at == START + 600


@pytest.mark.checklist("41")
def test_extending_what_is_absent_creates_nothing(stores: AnyStores) -> None:
    one = grant()
    with pytest.raises(GrantChanged) as refused:
        stores.grants.extend(one, TOKEN, START + 700, START + 100, "n")
    assert refused.value.current is None
    assert stored(stores, one) is None


@pytest.mark.checklist("41", "45")
def test_extending_what_was_revoked_is_refused(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    stores.grants.revoke(key_of(one), START + 50, "r")
    for version in (1, 2):
        with pytest.raises(GrantChanged) as refused:
            stores.grants.extend(
                replace(one, version=version), TOKEN, START + 700, START + 100, "n"
            )
        assert refused.value.current is not None
        assert refused.value.current.revoked_at == START + 50


@pytest.mark.checklist("39", "41")
def test_extending_what_ended_is_refused(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    with pytest.raises(GrantChanged) as refused:
        stores.grants.extend(one, TOKEN, START + 1300, START + 600, "n")
    assert refused.value.current == one


def test_extending_an_old_version_is_refused_and_shows_the_present(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    stores.grants.extend(one, TOKEN, START + 700, START + 100, "n")
    with pytest.raises(GrantChanged) as refused:
        stores.grants.extend(one, TOKEN, START + 800, START + 200, "m")
    assert refused.value.current == stored(stores, one)


def test_extending_an_endless_token_is_refused(stores: AnyStores) -> None:
    one = grant(access_tokens={TOKEN: AccessToken(START, None)}, life_cycle=ENDLESS)
    stores.grants.create(one)
    with pytest.raises(GrantChanged):
        stores.grants.extend(one, TOKEN, START + 800, START + 200, "m")
    assert stored(stores, one) == one


def test_extending_an_unknown_token_is_refused(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    with pytest.raises(GrantChanged):
        stores.grants.extend(one, "00" * 32, START + 800, START + 200, "m")
    assert stored(stores, one) == one


def test_revoking_marks_the_grant_and_keeps_it(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    stores.grants.revoke(key_of(one), START + 50, "r")
    revoked = stored(stores, one)
    assert revoked == replace(one, revoked_at=START + 50, version=2, nonce="r")


def test_revoking_again_changes_nothing(stores: AnyStores) -> None:
    one = grant()
    stores.grants.create(one)
    assert stores.grants.revoke(key_of(one), START + 50, "r")
    before = stored(stores, one)
    assert not stores.grants.revoke(key_of(one), START + 60, "s")
    assert stored(stores, one) == before
    # The answer of the first was lost, and the call repeated.
    assert stores.grants.revoke(key_of(one), START + 50, "r")


def test_revoking_what_is_absent_creates_nothing(stores: AnyStores) -> None:
    one = grant()
    assert not stores.grants.revoke(key_of(one), START + 50, "r")
    assert stored(stores, one) is None


def test_a_reported_event_is_kept_once(stores: AnyStores) -> None:
    reported = event("app_a", "grant.replayed")
    for _ in range(2):
        stores.grants.report(reported)
    assert stores.audit.list_events("app_a", None, 10).items == [reported]
