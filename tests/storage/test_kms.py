"""Private keys go into KMS and come back only for what they were encrypted for."""

from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.signing_keys import KeyRing
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.connection import MAXIMUM_ATTEMPTS
from chalicelib.storage.kms import KmsKeyProtector, make_client
from chalicelib.storage.signing_keys import KeyRings, ring_key
from tests.fakes.clock import FakeClock
from tests.keys import KeyPairs
from tests.signing import ISSUER
from tests.tables import MOTO_LOCK, Aws

CONTEXT = {"issuer": ISSUER, "kid": "k"}


class FailingKms:
    """Fails every call in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.calls = 0

    def encrypt(self, **_: Any) -> Any:
        self.calls += 1
        raise self._error

    decrypt = encrypt


def refused(code: str, status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "a message that may hold values"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Decrypt")


def test_what_was_encrypted_is_decrypted(aws: Aws, clock: FakeClock) -> None:
    protector = KmsKeyProtector(clock, aws.settings().key_id)
    private_key = KeyPairs()(Algorithm.RS256).private_key
    with MOTO_LOCK:
        encrypted = protector.encrypt(private_key, CONTEXT)
        assert private_key not in encrypted
        assert protector.decrypt(encrypted, CONTEXT) == private_key


@pytest.mark.parametrize("context", [{**CONTEXT, "kid": "another"}, {"kid": "k"}, {}])
def test_nothing_is_decrypted_for_another_purpose(
    aws: Aws, clock: FakeClock, context: dict[str, str]
) -> None:
    protector = KmsKeyProtector(clock, aws.settings().key_id)
    with MOTO_LOCK:
        encrypted = protector.encrypt(b"private", CONTEXT)
        with pytest.raises(StoreUnavailable, match="Decrypt"):
            protector.decrypt(encrypted, context)


@pytest.mark.parametrize("error", [refused("KMSInternalException", 500), ConnectTimeoutError(
    endpoint_url="https://kms")])  # fmt: skip
def test_a_fault_is_tried_again_and_then_unavailable(clock: FakeClock, error: Exception) -> None:
    kms = FailingKms(error)
    protector = KmsKeyProtector(clock, "alias/key", lambda: kms)
    for operation in (protector.encrypt, protector.decrypt):
        kms.calls = 0
        with pytest.raises(StoreUnavailable):
            operation(b"private", CONTEXT)
        assert 1 < kms.calls <= MAXIMUM_ATTEMPTS


@pytest.mark.parametrize("code", ["AccessDeniedException", "DisabledException"])
def test_a_refusal_is_unavailable_at_once_and_tells_no_values(clock: FakeClock, code: str) -> None:
    kms = FailingKms(refused(code))
    protector = KmsKeyProtector(clock, "alias/key", lambda: kms)
    with pytest.raises(StoreUnavailable) as raised:
        protector.decrypt(b"encrypted", CONTEXT)
    assert str(raised.value) == f"Decrypt: {code}"
    assert kms.calls == 1


def test_the_client_has_our_time_outs(aws: Aws) -> None:
    del aws
    config = make_client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (1.0, 2.0)
    assert config.retries["total_max_attempts"] == 1


@pytest.mark.checklist("36")
def test_at_rest_no_private_key_is_in_clear(aws: Aws, clock: FakeClock) -> None:
    settings = aws.settings()
    database = aws.stores(clock).database
    protector = KmsKeyProtector(clock, settings.key_id)
    ring = KeyRing(KeyRings(database, 400), protector, clock, ISSUER, KeyPairs())
    with MOTO_LOCK:
        kid, private = ring.signing_key(Algorithm.RS256)
        key = ("signing_keys", ring_key(ISSUER))
        stored = str(database.read([key])[key])
    numbers: Any = private.private_numbers()
    assert kid in stored
    for algorithm in Algorithm:
        pair = KeyPairs()(algorithm)
        assert private_bytes(pair.private_key).isdisjoint(stored.split('"'))
    for secret in (numbers.d, numbers.p, numbers.q):
        assert str(secret) not in stored
        assert f"{secret:x}" not in stored


def private_bytes(der: bytes) -> set[str]:
    """A clear private key, as it could be written into a table."""
    return {b64encode(der).decode(), urlsafe_b64encode(der).decode(), der.hex()}
