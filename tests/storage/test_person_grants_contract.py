"""The contract of `GrantStore.advance`, held to by the fake and by the table."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.oauth.model import AccessToken, Code, Grant, GrantKind, Login, RefreshTokens
from chalicelib.oauth.stores import GrantChanged
from tests.fakes.clock import START
from tests.fakes.stores import AnyStores
from tests.storage.samples import TOKEN, grant, user
from tests.storage.test_grants_contract import key_of, stored

CODE = Code("cd" * 32, START + 60, "ef" * 32, "c" * 43)
REFRESH = RefreshTokens("01" * 32, "02" * 32, START + 9000)


def person_grant(**changes: Any) -> Grant:
    values: dict[str, Any] = {
        "kind": GrantKind.AUTHORIZATION_CODE,
        "subject": user().user_id,
        "scopes": frozenset({"api", "offline_access"}),
        "access_tokens": {},
        "code": CODE,
        "login": Login(START - 5, "session", "nonce"),
    }
    return grant(**(values | changes))


def exchanged(one: Grant, nonce: str = "x") -> Grant:
    return replace(
        one,
        code=replace(CODE, used_at=START + 1),
        refresh_tokens=REFRESH,
        access_tokens={TOKEN: AccessToken(START + 1, START + 601, frozenset({"api"}))},
        version=one.version + 1,
        nonce=nonce,
    )


def test_a_persons_grant_is_read_as_it_was_written(stores: AnyStores) -> None:
    one = person_grant()
    stores.grants.create(one)
    assert stored(stores, one) == one
    stores.grants.advance(one, exchanged(one))
    assert stored(stores, one) == exchanged(one)


def test_only_one_of_two_advances_succeeds(stores: AnyStores) -> None:
    one = person_grant()
    stores.grants.create(one)
    stores.grants.advance(one, exchanged(one, "first"))
    with pytest.raises(GrantChanged) as refused:
        stores.grants.advance(one, exchanged(one, "second"))
    assert refused.value.current == exchanged(one, "first")
    assert stored(stores, one) == exchanged(one, "first")


def test_a_repeated_advance_is_its_own_success(stores: AnyStores) -> None:
    one = person_grant()
    stores.grants.create(one)
    for _ in range(2):
        stores.grants.advance(one, exchanged(one, "mine"))
    assert stored(stores, one) == exchanged(one, "mine")


@pytest.mark.checklist("41")
def test_advancing_creates_nothing(stores: AnyStores) -> None:
    one = person_grant()
    with pytest.raises(GrantChanged) as refused:
        stores.grants.advance(one, exchanged(one))
    assert refused.value.current is None
    assert stored(stores, one) is None


@pytest.mark.checklist("45")
def test_a_revoked_grant_does_not_advance(stores: AnyStores) -> None:
    one = person_grant()
    stores.grants.create(one)
    stores.grants.revoke(key_of(one), START + 1, "r", of_person=True)
    with pytest.raises(GrantChanged):
        stores.grants.advance(one, exchanged(one))
    now = stored(stores, one)
    assert now is not None
    assert now.revoked_at == START + 1
