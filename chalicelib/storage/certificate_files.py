"""Certificates as uploaded, in a private bucket, under the SHA-256 of their bytes."""

import hashlib
import threading
from collections.abc import Callable
from typing import Any

from chalicelib.oauth.clock import Clock
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.connection import (
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    Attempts,
)

# The form takes certificates of at most 16 KiB; anything longer is not one of ours.
MAXIMUM_FILE_BYTES = 16 * 1024


def make_client() -> Any:
    """An S3 client with our time-outs; boto3 is imported here, off the token path."""
    import boto3  # noqa: PLC0415 - 100 ms that no token request pays
    from botocore.config import Config  # noqa: PLC0415 - likewise

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    return boto3.session.Session().client("s3", config=config)


class CertificateBucket:
    """Fulfils `CertificateFiles`."""

    def __init__(
        self, clock: Clock, bucket: str, client_factory: Callable[[], Any] = make_client
    ) -> None:
        self._attempts = Attempts(clock)
        self._bucket = bucket
        self._client_factory = client_factory
        self._client: Any = None
        self._client_lock = threading.Lock()

    def save(self, file_sha256: str, content: bytes, media_type: str) -> None:
        def put() -> None:
            self._s3().put_object(
                Bucket=self._bucket, Key=file_sha256, Body=content, ContentType=media_type
            )

        self._attempts.run("PutObject", put)

    def load(self, file_sha256: str) -> bytes:
        def get() -> bytes:
            answer = self._s3().get_object(Bucket=self._bucket, Key=file_sha256)
            content: bytes = answer["Body"].read(MAXIMUM_FILE_BYTES + 1)
            return content

        content = self._attempts.run("GetObject", get)
        if hashlib.sha256(content).hexdigest() != file_sha256:
            raise StoreUnavailable("GetObject: the file is not the one that was uploaded")
        return content

    def _s3(self) -> Any:
        with self._client_lock:
            if self._client is None:
                self._client = self._client_factory()
            return self._client
