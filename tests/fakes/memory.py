"""What the fakes hold: one memory, with one switch to make it fail."""

import threading
from dataclasses import dataclass, field

from chalicelib.audit import AuditEvent
from chalicelib.directory.consents import UserConsents
from chalicelib.directory.model import Account
from chalicelib.directory.sessions import UserSessions
from chalicelib.oauth.model import Application, Grant, User
from chalicelib.oauth.stores import GrantKey, StoreUnavailable
from chalicelib.registry.model import Registration


@dataclass
class FakeMemory:
    """What the fakes hold; `unavailable` makes every operation fail as storage does."""

    registrations: dict[str, Registration] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    grants: dict[GrantKey, Grant] = field(default_factory=dict)
    events: dict[str, AuditEvent] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    sessions: dict[str, UserSessions] = field(default_factory=dict)
    consents: dict[str, UserConsents] = field(default_factory=dict)
    attempts: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)
    given_back: dict[tuple[str, int], str] = field(default_factory=dict)
    claims: dict[tuple[str, int], str] = field(default_factory=dict)
    unavailable: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def application(self, client_id: str) -> Application | None:
        registration = self.registrations.get(client_id)
        return None if registration is None else registration.application

    def user(self, user_id: str) -> User | None:
        account = self.accounts.get(user_id)
        return None if account is None else account.user

    def __enter__(self) -> None:
        self.lock.acquire()
        if self.unavailable:
            self.lock.release()
            raise StoreUnavailable("switched off")

    def __exit__(self, *_: object) -> None:
        self.lock.release()
