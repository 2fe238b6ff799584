"""How large and how recognisable the items are, and when TTL may delete them."""

import re
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.directory.groups import GROUP_PREFIX, MAXIMUM_GROUPS_A_USER
from chalicelib.directory.model import MAXIMUM_CONSENT_EPOCHS, fold
from chalicelib.oauth import scope
from chalicelib.oauth.ids import new_client_id, new_ulid
from chalicelib.oauth.model import (
    AccessToken,
    CertificateKey,
    GrantKind,
    GrantType,
    LifeCycle,
    LifeCycleType,
    RedirectStrategy,
)
from chalicelib.oauth.stores import Reading
from chalicelib.storage import keys, mapping, records
from chalicelib.storage.stores import Stores
from tests.fakes.clock import START
from tests.storage.samples import (
    ENDLESS,
    TOKEN,
    account,
    application,
    event,
    grant,
    registration,
    secret,
    user,
)

DAY = 86_400


def size(item: dict[str, Any]) -> int:
    """An item's size as DynamoDB counts it, rounded up where its rules leave room."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    sizes = {
        "S": lambda: len(content.encode()),
        "N": lambda: len(content) // 2 + 2,
        "B": lambda: len(content),
        "BOOL": lambda: 1,
        "SS": lambda: sum(len(entry.encode()) for entry in content),
        "L": lambda: 3 + sum(1 + value_size(entry) for entry in content),
        "M": lambda: 3 + len(content) + size(content),
    }
    return sizes[kind]()


def test_the_largest_application_of_the_token_path_is_one_read_unit() -> None:
    far = START * 5
    largest = application(
        name="\U0001f600" * 100,
        grant_type=GrantType.AUTHORIZATION_CODE,
        allowed_scopes=frozenset(scope.SCOPES),
        life_cycle=LifeCycle(LifeCycleType.SLIDING, 5_256_000 * 60, 5_256_000 * 60),
        user_id=user().user_id,
        token_epoch=10**9,
        version=10**9,
        secrets=tuple(secret(ends_at=far, bearer_revoked=True) for _ in range(4)),
        # RSA of 8,192 bits: 1,024 bytes of modulus and their wrapping.
        certificate=CertificateKey("ab" * 32, b"\0" * 1100, START, far),
        assertions_valid_from=far,
        redirect_strategy=RedirectStrategy.MOBILE_TITLE_BAR_BROWSER,
        localhost_port=65535,
    )
    item = mapping.write_application(largest)
    assert size(item) <= 4096
    assert mapping.read_application(item) == largest


def test_the_largest_user_of_the_token_path_is_one_read_unit() -> None:
    largest = user(user_name="\U0001f600" * 100, user_domain="\U0001f600" * 100)
    groups = {GROUP_PREFIX + new_ulid() for _ in range(MAXIMUM_GROUPS_A_USER)}
    largest = replace(largest, roles=groups.union(scope.ROLES))
    epochs = {new_client_id(): 10**9 for _ in range(MAXIMUM_CONSENT_EPOCHS)}
    largest = replace(largest, consent_epochs=epochs, token_epoch=10**9, version=10**9)
    item = mapping.write_user(largest)
    assert size(item) <= 4096
    assert mapping.read_user(item) == largest


def test_a_grant_is_one_write_unit() -> None:
    one = grant(
        subject=user().user_id,
        scopes=frozenset(scope.SCOPES),
        assertion_ends_at=START,
        revoked_at=START,
        nonce="ab" * 16,
        creation_nonce="cd" * 16,
    )
    assert size(mapping.write_grant(one)) <= 1024


@pytest.mark.checklist("22")
def test_every_key_names_its_kind() -> None:
    app, person, one = application(), user(), grant()
    written = [
        mapping.write_application(app)["key"]["S"],
        mapping.write_application_detail(registration(app))["key"]["S"],
        mapping.write_application_name(app)["key"]["S"],
        keys.certificate_key("ab"),
        mapping.write_user(person)["key"]["S"],
        mapping.write_user_detail(account(person))["key"]["S"],
        keys.password_key(person.user_id),
        mapping.write_grant(one)["key"]["S"],
        keys.event_key(new_ulid()),
    ]
    kinds = [key.partition("#")[0] for key in written]
    assert kinds == [
        "application", "detail", "name", "certificate", "user", "detail", "password", "grant",
        "event",
    ]  # fmt: skip


def test_a_name_longer_than_a_key_is_marked_by_its_hash() -> None:
    longest = "\ufdfa" * 100
    assert len(fold(longest)) > 1000
    marker = mapping.write_application_name(application(name=longest))
    assert re.fullmatch(r"long_name#[0-9a-f]{64}", marker["key"]["S"])
    assert len(marker["sort_name"]["S"].encode()) <= 1024
    assert keys.name_key("long_name#" + "0" * 64).startswith("name#")


def test_the_longest_names_are_stored_and_listed(tables: Stores) -> None:
    names = ["\ufdfa" * 99 + last for last in "ab"]
    for name in names:
        one = registration(application(name=name))
        tables.applications.create(one, [], event(one.application.client_id))
    first = tables.applications.list_registrations("", None, 1)
    assert first.next is not None
    second = tables.applications.list_registrations("", first.next, 1)
    found = {page.items[0].application.name for page in (first, second)}
    assert found == set(names)


def test_a_live_grant_stays_a_day_after_its_end() -> None:
    assert mapping.write_grant(grant())["expires_at"] == {"N": str(START + 600 + DAY)}


def test_a_never_ending_grant_is_never_deleted() -> None:
    endless = grant(access_tokens={TOKEN: AccessToken(START, None)}, life_cycle=ENDLESS)
    assert "expires_at" not in mapping.write_grant(endless)
    secrets = grant(kind=GrantKind.BEARER_SECRET, access_tokens={}, life_cycle=ENDLESS)
    assert "expires_at" not in mapping.write_grant(secrets)


def expires_at(stores: Stores, client_id: str, grant_id: str) -> int:
    key = ("tokens", keys.grant_key(client_id, grant_id))
    return int(stores.database.read([key])[key]["expires_at"]["N"])


def test_extending_moves_the_ttl_and_never_back(tables: Stores) -> None:
    one = grant()
    tables.grants.create(one)
    tables.grants.extend(one, TOKEN, START + 700, START + 100, "n")
    assert expires_at(tables, one.client_id, one.grant_id) == START + 700 + DAY
    key = (one.client_id, one.grant_id)
    extended = tables.grants.read(Reading(grants=frozenset({key})), fresh=True).grants[key]
    tables.grants.extend(extended, TOKEN, START + 650, START + 100, "m")
    assert expires_at(tables, *key) == START + 700 + DAY


def test_revoking_leaves_a_day(tables: Stores) -> None:
    one = grant(access_tokens={TOKEN: AccessToken(START, None)}, life_cycle=ENDLESS)
    tables.grants.create(one)
    tables.grants.revoke((one.client_id, one.grant_id), START + 50, "r")
    assert expires_at(tables, one.client_id, one.grant_id) == START + 50 + DAY


@pytest.mark.checklist("31")
def test_revoking_keeps_what_makes_a_jwt_single_use(tables: Stores) -> None:
    one = grant(kind=GrantKind.CLIENT_CERTIFICATE, assertion_ends_at=START + 3 * DAY)
    tables.grants.create(one)
    tables.grants.revoke((one.client_id, one.grant_id), START, "r")
    assert expires_at(tables, one.client_id, one.grant_id) == START + 3 * DAY + 120


def test_a_tombstone_of_a_cut_secret_stays_a_day(tables: Stores) -> None:
    app = application(grant_type=GrantType.BEARER_TOKEN)
    before = registration(app)
    tables.applications.create(before, [], event(app.client_id))
    tables.applications.delete(before, event(app.client_id, at=START + 5))
    secret_id = app.secrets[0].secret_id
    assert expires_at(tables, app.client_id, secret_id) == START + 5 + DAY


def test_an_audit_event_is_kept_as_long_as_configured(tables: Stores) -> None:
    app, made = application(), event("app_x")
    tables.applications.create(registration(app), [], made)
    key = ("audit_events", keys.event_key(made.event_id))
    item = tables.database.read([key])[key]
    assert item["expires_at"] == {"N": str(START + 400 * DAY)}


@pytest.mark.checklist("36")
def test_an_item_holds_no_value_that_was_not_given_to_it() -> None:
    with pytest.raises(KeyError):
        records.GrantRecord.write("grant#a#b", {"token": "gla_secret"})
