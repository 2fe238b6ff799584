"""Consents in the table `users`: one item a user, replaced as a whole."""

from chalicelib.audit import AuditEvent
from chalicelib.directory.consents import ConsentsChanged, UserConsents, WithdrawalRaced
from chalicelib.oauth.model import User
from chalicelib.storage import keys, mapping, people_records, tables
from chalicelib.storage.attributes import Item
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.database import Database, Put, Update, Write
from chalicelib.storage.leases import Leases
from chalicelib.storage.people_records import ConsentsRecord
from chalicelib.storage.records import UserDetailRecord, UserRecord
from chalicelib.storage.transactions import commit
from chalicelib.storage.versioned import replace_record, unchanged


class RememberedConsents:
    """Fulfils `ConsentStore`."""

    def __init__(self, database: Database, leases: Leases, retention_days: int) -> None:
        self._database = database
        self._leases = leases
        self._retention_days = retention_days

    def load(self, user_id: str) -> UserConsents:
        key = (tables.USERS, people_records.consents_key(user_id))
        return read_or_empty(self._database.read([key]).get(key), user_id)

    def load_with_user(self, user_id: str) -> tuple[UserConsents, User | None]:
        consents = (tables.USERS, people_records.consents_key(user_id))
        user = (tables.USERS, keys.user_key(user_id))
        found = self._database.read([consents, user])
        return (
            read_or_empty(found.get(consents), user_id),
            mapping.read_user(found[user]) if user in found else None,
        )

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

    def withdraw(
        self,
        before: tuple[UserConsents, User],
        after: tuple[UserConsents, User],
        event: AuditEvent,
    ) -> None:
        (consents, user), (left, moved_on) = before, after
        writes: dict[str, Write] = {
            "consents": Put(
                ConsentsRecord,
                people_records.write_consents(left),
                unchanged(ConsentsRecord, consents.version, consents.nonce),
            ),
            "user": Put(
                UserRecord, mapping.write_user(moved_on), UserRecord.version == user.version
            ),
            # The sibling follows in version, by which readers know that the two belong together.
            "detail": Update(
                UserDetailRecord,
                keys.detail_key(user.user_id),
                (UserDetailRecord.version.set(moved_on.version),),
                UserDetailRecord.key.exists(),
            ),
        }
        if commit(self._database, writes, event, self._retention_days):
            raise WithdrawalRaced
        self._leases.users.drop(user.user_id)
        if moved_on.token_epoch != user.token_epoch:
            # No room for one more epoch of an application: all of the person's ended, and what
            # acts as the same user is leased.
            self._leases.settle()


def read_or_empty(item: Item | None, user_id: str) -> UserConsents:
    """The consents in an item, or those of a user who was never asked."""
    return UserConsents(user_id) if item is None else people_records.read_consents(item)
