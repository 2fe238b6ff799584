"""The EventBridge bus: an entry is on it only when PutEvents says so of that very entry."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from chalicelib.oauth.clock import Clock
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.protected.rpa.model import Callback
from chalicelib.storage.connection import (
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    Attempts,
)

SOURCE = "grantline.rpa"
DETAIL_TYPE = "RPA callback received"

_TRANSIENT_CODES = frozenset({"InternalException", "InternalFailure", "ThrottlingException"})


def make_client() -> Any:
    """An EventBridge client with our time-outs; boto3 is imported here, off the token path."""
    import boto3  # noqa: PLC0415 - 100 ms that no token request pays
    from botocore.config import Config  # noqa: PLC0415 - likewise

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    return boto3.session.Session().client("events", config=config)


class CallbackBus:
    """Fulfils `EventBus`."""

    def __init__(
        self, clock: Clock, bus_name: str, client_factory: Callable[[], Any] = make_client
    ) -> None:
        self._attempts = Attempts(clock)
        self._bus_name = bus_name
        self._client_factory = client_factory
        self._client: Any = None
        self._client_lock = threading.Lock()

    def publish(self, callback: Callback) -> None:
        entry = {
            "EventBusName": self._bus_name,
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Time": datetime.fromtimestamp(callback.received_at, UTC),
            "Detail": json.dumps(callback.detail(), separators=(",", ":"), ensure_ascii=False),
        }

        def put() -> None:
            answer = self._events().put_events(Entries=[entry])
            if answer["FailedEntryCount"]:
                _raise_failure(answer["Entries"][0].get("ErrorCode", "unknown"))

        self._attempts.run("PutEvents", put)

    def _events(self) -> Any:
        with self._client_lock:
            if self._client is None:
                self._client = self._client_factory()
            return self._client


def _raise_failure(code: str) -> None:
    """PutEvents reports the failure of an entry in an answer of 200: make it one that is seen."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

    if code not in _TRANSIENT_CODES:
        raise StoreUnavailable(f"PutEvents: {code}")
    error = {"Code": "ThrottlingException", "Message": code}
    raise ClientError({"Error": error}, "PutEvents")
