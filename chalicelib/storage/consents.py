"""Consents in the table `users`: one item a user, replaced as a whole."""

from chalicelib.audit import AuditEvent
from chalicelib.directory.consents import ConsentsChanged, UserConsents
from chalicelib.storage import people_records, records
from chalicelib.storage.attributes import Item
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.database import Database
from chalicelib.storage.people_records import ConsentsRecord
from chalicelib.storage.versioned import replace_record


class RememberedConsents:
    """Fulfils `ConsentStore`."""

    def __init__(self, database: Database, retention_days: int) -> None:
        self._database = database
        self._retention_days = retention_days

    def load(self, user_id: str) -> UserConsents:
        key = (records.USERS, people_records.consents_key(user_id))
        return read_or_empty(self._database.read([key]).get(key), user_id)

    def save(
        self, before: UserConsents, after: UserConsents, event: AuditEvent | None = None
    ) -> None:
        try:
            replace_record(
                self._database,
                ConsentsRecord,
                people_records.write_consents(after),
                before=(before.version, before.nonce),
                event=event,
                retention_days=self._retention_days,
            )
        except ConditionFailed as failed:
            raise ConsentsChanged(read_or_empty(failed.item, after.user_id)) from failed


def read_or_empty(item: Item | None, user_id: str) -> UserConsents:
    """The consents in an item, or those of a user who was never asked."""
    return UserConsents(user_id) if item is None else people_records.read_consents(item)
