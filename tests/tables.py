"""Stores over in-process DynamoDB, S3 and KMS, made from `infra/resources.yaml`."""

import threading
from typing import Any

from moto import mock_aws

from chalicelib.oauth.clock import Clock
from chalicelib.settings import Settings
from chalicelib.storage.connection import Connection
from chalicelib.storage.resources import create_resources
from chalicelib.storage.stores import Stores, open_stores

# Threaded moto is not linearizable: everything goes through one lock.
MOTO_LOCK = threading.RLock()


class LockedConnection(Connection):
    """A connection whose calls come one at a time; `operations` lists them."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, jitter=lambda: 0.0)
        self.operations: list[str] = []

    def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        with MOTO_LOCK:
            self.operations.append(operation_name)
            return super()._send(operation_name, operation_kwargs)


class Aws:
    """In-process AWS, started once; every deployment in it has names of its own."""

    def __init__(self) -> None:
        self._mock = mock_aws()
        self._count = 0

    def start(self) -> None:
        self._mock.start()

    def stop(self) -> None:
        self._mock.stop()

    def settings(self, **changes: Any) -> Settings:
        """Settings of a deployment whose tables, bucket and key exist."""
        self._count += 1
        settings = Settings(
            issuer="https://auth.example",
            table_prefix=f"t{self._count}-",
            certificate_bucket=f"t{self._count}-certificates",
            key_id=f"alias/t{self._count}",
            **changes,
        )
        with MOTO_LOCK:
            create_resources(settings)
        return settings

    def stores(self, clock: Clock, connection: Connection | None = None, **changes: Any) -> Stores:
        """The stores of a new deployment."""
        connection = connection or LockedConnection(clock)
        return open_stores(self.settings(**changes), clock, connection)
