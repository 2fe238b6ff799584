"""One administrative change: its writes and its audit event, all or nothing."""

from collections.abc import Mapping

from chalicelib.audit import AuditEvent
from chalicelib.storage.audit import put_event
from chalicelib.storage.database import Database, Write

_EVENT = "event"


def commit(
    database: Database, writes: Mapping[str, Write], event: AuditEvent, retention_days: int
) -> frozenset[str]:
    """Write all of it; the names of the writes whose condition did not hold, empty: done.

    The event's id is the nonce of the change: where that event is stored already, this very
    transaction was done and its answer was lost. Later changes never overwrite it.
    """
    refused = database.transact({**writes, _EVENT: put_event(event, retention_days)})
    return frozenset() if _EVENT in refused else refused
