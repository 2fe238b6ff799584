"""A deployment's secret is made once, whoever makes it, and an answer may be lost."""

import pytest

from chalicelib.oauth.signing_keys import KeyProtector
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.protected.deployment_key import DeploymentKey
from chalicelib.storage.stores import Stores
from tests.keys import FakeProtector
from tests.signing import ISSUER


def key_of(stores: Stores, protector: KeyProtector, issuer: str = ISSUER) -> bytes:
    return DeploymentKey(stores.secrets, protector, issuer, "odata-continuation")()


def test_the_first_write_holds(tables: Stores) -> None:
    assert tables.secrets.load("name") is None
    assert tables.secrets.create("name", b"first") == b"first"
    assert tables.secrets.create("name", b"second") == b"first"
    assert tables.secrets.load("name") == b"first"
    assert tables.secrets.load("other") is None


def test_all_processes_have_the_key_of_their_issuer(tables: Stores) -> None:
    protector = FakeProtector()
    key = key_of(tables, protector)
    assert len(key) == 32
    assert key_of(tables, protector) == key
    assert key_of(tables, protector, "https://other.example") != key


@pytest.mark.checklist("36")
def test_only_the_encrypted_key_is_stored_and_without_kms_there_is_none(tables: Stores) -> None:
    protector = FakeProtector()
    key = key_of(tables, protector)
    stored = tables.secrets.load(f"odata-continuation#{ISSUER}")
    assert stored is not None
    assert key not in stored
    protector.unavailable = True
    with pytest.raises(StoreUnavailable):
        key_of(tables, protector)
