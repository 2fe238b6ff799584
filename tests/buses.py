"""An EventBridge client in memory, which faults reach as they reach the in-memory DynamoDB."""

import json
from collections import Counter
from typing import Any

from tests.faults.dynamodb import InMemoryDynamoDB

MAXIMUM_ENTRY_BYTES = 256 * 1024


class MemoryEvents:
    """Stands where botocore's client stands; `refusals` fail the entries that come next."""

    def __init__(self, database: InMemoryDynamoDB) -> None:
        self._database = database
        self.entries: list[dict[str, Any]] = []
        self.refusals: list[str] = []

    def put_events(self, **arguments: Any) -> dict[str, Any]:
        return self._database.pass_on("PutEvents", arguments, lambda: self._put(arguments))

    def _put(self, arguments: dict[str, Any]) -> dict[str, Any]:
        (entry,) = arguments["Entries"]
        assert set(entry) == {"EventBusName", "Source", "DetailType", "Time", "Detail"}
        assert len(entry["Detail"].encode()) < MAXIMUM_ENTRY_BYTES
        if self.refusals:
            code = self.refusals.pop(0)
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": code, "ErrorMessage": "no"}]}
        self.entries.append(entry)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": str(len(self.entries))}]}

    @property
    def details(self) -> list[dict[str, Any]]:
        """What consumers got, one an event."""
        return [json.loads(entry["Detail"]) for entry in self.entries]

    def deliveries(self) -> Counter[str]:
        """How often each event was put on the bus."""
        return Counter(detail["event_id"] for detail in self.details)
