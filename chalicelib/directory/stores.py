"""What the directory asks of storage."""

from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.audit import AuditEvent
from chalicelib.directory.model import Account, Domain
from chalicelib.paging import Page


class UserNameTaken(Exception):
    """Another user has this domain and name, compared folded."""


class UserChanged(Exception):
    """The user is not of the version that was read, or is gone."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user who is not written yet; `password_hash` None: nobody can log in as them."""

    account: Account
    password_hash: str | None = field(repr=False)
    event: AuditEvent


class UserStore(Protocol):
    """Keeps users; every write is one transaction with its audit event and name marker.

    Every method may raise StoreUnavailable.
    """

    def create(self, account: Account, password_hash: str | None, event: AuditEvent) -> None:
        """Raises UserNameTaken."""
        ...

    def load(self, user_id: str) -> Account | None:
        """Strongly consistent."""
        ...

    def find(self, user_domain: str, user_name: str) -> Account | None:
        """By name, compared folded; strongly consistent, two reads."""
        ...

    def list_users(
        self, prefix: str, user_domain: str | None, cursor: str | None, limit: int
    ) -> Page[Account]:
        """Users whose folded name starts with the folded `prefix`, by name; eventually consistent.

        Raises InvalidCursor.
        """
        ...

    def list_domains(self, prefix: str, cursor: str | None, limit: int) -> Page[Domain]:
        """Domains with users whose folded name starts with the folded `prefix`, by name.

        Eventually consistent. Raises InvalidCursor.
        """
        ...

    def replace(
        self,
        before: Account,
        after: Account,
        event: AuditEvent,
        *,
        password_hash: str | None = None,
    ) -> None:
        """Write `after` (its version is one more) if the version is still `before`'s.

        `password_hash` None leaves the password as it is. A write that reduces rights (epoch,
        status, roles) returns only when no lease of the user can still be in use.
        Raises UserChanged, UserNameTaken.
        """
        ...

    def settle(self) -> None:
        """Wait until no lease from before now can still be in use.

        For whoever finds that a change was made already: its writer may still be waiting, or
        may have died before it did.
        """
        ...

    def load_password_hash(self, user_id: str) -> str | None:
        """The Argon2id PHC string, or None where the user has no password."""
        ...
