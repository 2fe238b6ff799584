"""`AuditTrail` in memory."""

from chalicelib.audit import AuditEvent
from chalicelib.paging import Page
from tests.fakes.memory import FakeMemory
from tests.fakes.paging import page


class FakeAuditTrail:
    """Fulfils `AuditTrail`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def load(self, event_id: str) -> AuditEvent | None:
        with self._memory:
            return self._memory.events.get(event_id)

    def list_events(
        self,
        target: str | None,
        cursor: str | None,
        limit: int,
        *,
        since: int | None = None,
        until: int | None = None,
    ) -> Page[AuditEvent]:
        with self._memory:
            newest = sorted(self._memory.events.values(), key=lambda event: event.event_id)
            entries = [
                ([event.event_id], event)
                for event in reversed(newest)
                if (target is None or event.target == target)
                and (since is None or event.at >= since)
                and (until is None or event.at <= until)
            ]
            return page("audit" if target is None else "target", entries, cursor, limit)
