"""Stores over in-process DynamoDB, S3 and KMS, made from `infra/resources.yaml`."""

import threading
from dataclasses import replace
from typing import Any

from moto import mock_aws

from chalicelib.oauth.clock import Clock, SystemClock
from chalicelib.settings import Settings
from chalicelib.storage.callback_records import ALL_RECORDS
from chalicelib.storage.connection import Connection
from chalicelib.storage.database import table_of
from chalicelib.storage.resources import create_resources
from chalicelib.storage.stores import Stores, open_stores

# Threaded moto is not linearizable: everything goes through one lock.
MOTO_LOCK = threading.RLock()


class LockedConnection(Connection):
    """A connection whose calls come one at a time; `operations` lists them."""

    # Making a client takes 50 ms, and one in-process AWS needs only one.
    _shared: Any = None

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, jitter=lambda: 0.0)
        self.operations: list[str] = []

    @property
    def client(self) -> Any:
        with MOTO_LOCK:
            if LockedConnection._shared is None:
                LockedConnection._shared = super().client
            return LockedConnection._shared

    def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        with MOTO_LOCK:
            self.operations.append(operation_name)
            return super()._send(operation_name, operation_kwargs)


class Aws:
    """In-process AWS, started once for a test run."""

    def __init__(self) -> None:
        self._mock = mock_aws()
        self._count = 0
        self._shared: Settings | None = None

    def start(self) -> None:
        self._mock.start()

    def stop(self) -> None:
        LockedConnection._shared = None
        self._mock.stop()

    def settings(self, **changes: Any) -> Settings:
        """Settings of a deployment whose tables, bucket and key exist and are empty.

        The same one for every test, emptied: making one takes a quarter of a second.
        """
        if self._shared is None:
            self._shared = self.new_settings()
        else:
            self._empty(self._shared.table_prefix)
        return replace(self._shared, **changes)

    def new_settings(self) -> Settings:
        """Settings of a deployment of its own."""
        self._count += 1
        settings = Settings(
            issuer="https://auth.example",
            table_prefix=f"t{self._count}-",
            certificate_bucket=f"t{self._count}-certificates",
            key_id=f"alias/t{self._count}",
            event_bus=f"t{self._count}-events",
        )
        with MOTO_LOCK:
            create_resources(settings)
        return settings

    def stores(self, clock: Clock, connection: Connection | None = None, **changes: Any) -> Stores:
        """The stores of an empty deployment."""
        connection = connection or LockedConnection(clock)
        return open_stores(self.settings(**changes), clock, connection)

    @staticmethod
    def _empty(prefix: str) -> None:
        client = LockedConnection(SystemClock()).client
        for table in sorted({table_of(record) for record in ALL_RECORDS}):
            name = prefix + table
            with MOTO_LOCK:
                for item in client.scan(TableName=name)["Items"]:
                    client.delete_item(TableName=name, Key={"key": item["key"]})
