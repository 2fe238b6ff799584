"""`QueryStore` in memory."""

from chalicelib.audit import AuditEvent
from chalicelib.paging import Page
from chalicelib.protected.odata.stored_queries import QueryChanged, QueryNameTaken, StoredQuery
from tests.fakes.memory import FakeMemory
from tests.fakes.paging import page


class FakeQueries:
    """Fulfils `QueryStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory
        self._queries: dict[str, StoredQuery] = {}

    def load(self, name: str) -> StoredQuery | None:
        with self._memory:
            return self._queries.get(name)

    def list_queries(self, cursor: str | None, limit: int) -> Page[StoredQuery]:
        with self._memory:
            entries = [([name], self._queries[name]) for name in sorted(self._queries)]
            return page("query", entries, cursor, limit)

    def create(self, query: StoredQuery, event: AuditEvent) -> None:
        with self._memory:
            if query.name in self._queries:
                raise QueryNameTaken
            self._write(query.name, query, event)

    def replace(self, before: StoredQuery, after: StoredQuery, event: AuditEvent) -> None:
        with self._memory:
            self._refuse_changed(before)
            self._write(after.name, after, event)

    def delete(self, before: StoredQuery, event: AuditEvent) -> None:
        with self._memory:
            self._refuse_changed(before)
            self._write(before.name, None, event)

    def _refuse_changed(self, before: StoredQuery) -> None:
        current = self._queries.get(before.name)
        if current is None or current.version != before.version:
            raise QueryChanged

    def _write(self, name: str, query: StoredQuery | None, event: AuditEvent) -> None:
        self._queries.pop(name, None)
        if query is not None:
            self._queries[name] = query
        self._memory.events[event.event_id] = event
