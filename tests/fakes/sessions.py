"""`SessionStore` in memory."""

from chalicelib.audit import AuditEvent
from chalicelib.directory.consents import UserConsents
from chalicelib.directory.sessions import SessionsChanged, SessionSnapshot, UserSessions
from tests.fakes.memory import FakeMemory


class FakeSessions:
    """Fulfils `SessionStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def load(self, user_id: str | None, client_id: str | None = None) -> SessionSnapshot:
        with self._memory:
            return SessionSnapshot(
                sessions=self._memory.sessions.get(user_id or "", UserSessions(user_id or "")),
                user=self._memory.user(user_id or ""),
                application=self._memory.application(client_id or ""),
                consents=(
                    self._memory.consents.get(user_id, UserConsents(user_id))
                    if user_id and client_id
                    else None
                ),
            )

    def save(
        self, before: UserSessions, after: UserSessions, event: AuditEvent | None = None
    ) -> None:
        with self._memory:
            current = self._memory.sessions.get(after.user_id, UserSessions(after.user_id))
            if current.nonce == after.nonce:
                return
            if (current.version, current.nonce) != (before.version, before.nonce):
                raise SessionsChanged(current)
            self._memory.sessions[after.user_id] = after
            if event is not None:
                self._memory.events[event.event_id] = event
