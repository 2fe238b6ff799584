"""Browser sessions in the table `tokens`: one item a user, replaced as a whole."""

from chalicelib.audit import AuditEvent
from chalicelib.directory.sessions import SessionsChanged, SessionSnapshot, UserSessions
from chalicelib.storage import keys, mapping, people_records, tables
from chalicelib.storage.attributes import Item
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.consents import read_or_empty as read_consents
from chalicelib.storage.database import Database, RecordKey
from chalicelib.storage.people_records import SessionsRecord
from chalicelib.storage.versioned import replace_record


class BrowserSessions:
    """Fulfils `SessionStore`."""

    def __init__(self, database: Database, retention_days: int) -> None:
        self._database = database
        self._retention_days = retention_days

    def load(self, user_id: str | None, client_id: str | None = None) -> SessionSnapshot:
        wanted = _keys(user_id, client_id)
        found = self._database.read(wanted.values())
        items = {name: found.get(key) for name, key in wanted.items()}
        user, application = items.get("user"), items.get("application")
        return SessionSnapshot(
            sessions=_read_or_empty(items.get("sessions"), user_id or ""),
            user=None if user is None else mapping.read_user(user),
            application=None if application is None else mapping.read_application(application),
            consents=(
                read_consents(items["consents"], user_id or "") if "consents" in items else None
            ),
        )

    def save(
        self, before: UserSessions, after: UserSessions, event: AuditEvent | None = None
    ) -> None:
        try:
            replace_record(
                self._database,
                SessionsRecord,
                people_records.write_sessions(after),
                before=(before.version, before.nonce),
                event=event,
                retention_days=self._retention_days,
            )
        except ConditionFailed as failed:
            raise SessionsChanged(_read_or_empty(failed.item, after.user_id)) from failed


def _keys(user_id: str | None, client_id: str | None) -> dict[str, RecordKey]:
    wanted: dict[str, RecordKey] = {}
    if user_id is not None:
        wanted["sessions"] = (tables.TOKENS, people_records.sessions_key(user_id))
        wanted["user"] = (tables.USERS, keys.user_key(user_id))
    if client_id is not None:
        wanted["application"] = (tables.APPLICATIONS, keys.application_key(client_id))
    if user_id is not None and client_id is not None:
        wanted["consents"] = (tables.USERS, people_records.consents_key(user_id))
    return wanted


def _read_or_empty(item: Item | None, user_id: str) -> UserSessions:
    return UserSessions(user_id) if item is None else people_records.read_sessions(item)
