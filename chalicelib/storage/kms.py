"""Private keys encrypted by KMS: the key that does it never leaves there."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.oauth.clock import Clock
from chalicelib.storage.connection import (
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    Attempts,
)


def make_client() -> Any:
    """A KMS client with our time-outs; boto3 is imported here, off the token path."""
    import boto3  # noqa: PLC0415 - 100 ms that no token request of a machine pays
    from botocore.config import Config  # noqa: PLC0415 - likewise

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    return boto3.session.Session().client("kms", config=config)


class KmsKeyProtector:
    """Fulfils `KeyProtector`. The encryption context is written to CloudTrail: ids alone."""

    def __init__(
        self, clock: Clock, key_id: str, client_factory: Callable[[], Any] = make_client
    ) -> None:
        self._attempts = Attempts(clock)
        self._key_id = key_id
        self._client_factory = client_factory
        self._client: Any = None
        self._client_lock = threading.Lock()

    def encrypt(self, private_key: bytes, context: Mapping[str, str]) -> bytes:
        def send() -> bytes:
            answer = self._kms().encrypt(
                KeyId=self._key_id, Plaintext=private_key, EncryptionContext=dict(context)
            )
            encrypted: bytes = answer["CiphertextBlob"]
            return encrypted

        return self._attempts.run("Encrypt", send)

    def decrypt(self, encrypted: bytes, context: Mapping[str, str]) -> bytes:
        def send() -> bytes:
            # The key is named, so that nothing encrypted with another one is taken for ours.
            answer = self._kms().decrypt(
                KeyId=self._key_id, CiphertextBlob=encrypted, EncryptionContext=dict(context)
            )
            private_key: bytes = answer["Plaintext"]
            return private_key

        return self._attempts.run("Decrypt", send)

    def _kms(self) -> Any:
        with self._client_lock:
            if self._client is None:
                self._client = self._client_factory()
            return self._client
