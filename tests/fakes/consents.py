"""`ConsentStore` in memory."""

from dataclasses import replace

from chalicelib.audit import AuditEvent
from chalicelib.directory.consents import ConsentsChanged, UserConsents, WithdrawalRaced
from chalicelib.oauth.model import User
from tests.fakes.memory import FakeMemory


class FakeConsents:
    """Fulfils `ConsentStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def load(self, user_id: str) -> UserConsents:
        with self._memory:
            return self._memory.consents.get(user_id, UserConsents(user_id))

    def load_with_user(self, user_id: str) -> tuple[UserConsents, User | None]:
        with self._memory:
            return self.load(user_id), self._memory.user(user_id)

    def save(
        self, before: UserConsents, after: UserConsents, event: AuditEvent | None = None
    ) -> None:
        with self._memory:
            current = self.load(after.user_id)
            if current.nonce == after.nonce:
                return
            if (current.version, current.nonce) != (before.version, before.nonce):
                raise ConsentsChanged(current)
            if event is not None:
                self._memory.events[event.event_id] = event
            self._memory.consents[after.user_id] = after

    def withdraw(
        self,
        before: tuple[UserConsents, User],
        after: tuple[UserConsents, User],
        event: AuditEvent,
    ) -> None:
        with self._memory:
            if event.event_id in self._memory.events:
                return
            user_id = before[1].user_id
            if self.load_with_user(user_id) != before:
                raise WithdrawalRaced
            account = self._memory.accounts[user_id]
            self._memory.accounts[user_id] = replace(account, user=after[1])
            self._memory.consents[user_id] = after[0]
            self._memory.events[event.event_id] = event
