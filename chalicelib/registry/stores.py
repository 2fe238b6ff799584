"""What the registry asks of storage."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from chalicelib.audit import AuditEvent
from chalicelib.directory.stores import NewUser
from chalicelib.oauth.model import Grant, GrantType, Status
from chalicelib.paging import Page
from chalicelib.registry.ends import End
from chalicelib.registry.model import Registration


class NameTaken(Exception):
    """Another application has this name, compared folded."""


class CertificateTaken(Exception):
    """Another application holds this certificate."""


class ApplicationChanged(Exception):
    """The application is not of the version that was read, or is gone."""


class BuiltInExists(Exception):
    """An application of this fixed id is there already."""


class Order(StrEnum):
    """In which order applications are listed: an index serves each at any size."""

    NAME = "name"
    NAME_DESCENDING = "-name"
    OLDEST = "created"
    NEWEST = "-created"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which applications a list shows, beside its search; None: whatever they have.

    `beginning`: what their folded names begin with, folded as well. The index by name reads no
    others.
    """

    grant_type: GrantType | None = None
    scope: str | None = None
    status: Status | None = None
    user_id: str | None = None
    beginning: str = ""
    order: Order = Order.NAME


EVERYTHING = Selection()


class ApplicationStore(Protocol):
    """Keeps registrations; every write is one transaction with its audit event and markers.

    Every method may raise StoreUnavailable.
    """

    def create(
        self, registration: Registration, grants: Sequence[Grant], event: AuditEvent
    ) -> None:
        """Write the application, its details and markers, its bearer grants and the event.

        All or nothing. Raises NameTaken, CertificateTaken.
        """
        ...

    def load(self, client_id: str) -> Registration | None:
        """Strongly consistent."""
        ...

    def find(self, name: str) -> str | None:
        """The client id of the application of this name, compared folded; strongly consistent."""
        ...

    def find_by_thumbprint(self, thumbprint: str) -> str | None:
        """The client id of the application that holds a certificate; strongly consistent."""
        ...

    def list_registrations(
        self, search: str, cursor: str | None, limit: int, selection: Selection = EVERYTHING
    ) -> Page[Registration]:
        """Selected applications whose folded name holds the folded `search`; eventually consistent.

        A call looks at a bounded number of names: a page may hold fewer than `limit`, or none,
        and still have a `next`. Raises InvalidCursor, also for one of another order.
        """
        ...

    def list_ends(self, since: int, until: int, cursor: str | None, limit: int) -> Page[End]:
        """Credentials that end from `since` to `until`, epoch seconds, the nearest first.

        Eventually consistent; one round trip. Raises InvalidCursor.
        """
        ...

    def count(self) -> int:
        """How many applications there are; eventually consistent, its cost grows with them."""
        ...

    def replace(
        self,
        before: Registration,
        after: Registration,
        event: AuditEvent,
        *,
        new_grants: Sequence[Grant] = (),
        ended_grants: Sequence[str] = (),
    ) -> None:
        """Write `after` (its version is one more) if the version is still `before`'s.

        Moves the name and certificate markers; puts `new_grants` (of new secrets) and leaves
        tombstones for `ended_grants` (ids of cut secrets) in the same transaction. A write that
        reduces rights returns only when no lease of the application can still be in use.
        Raises ApplicationChanged, NameTaken, CertificateTaken.
        """
        ...

    def add_grant(self, grant: Grant, event: AuditEvent) -> None:
        """Write a new grant of an application with its event; epochs make it worthless in time.

        Raises StoreUnavailable, also for a grant that exists.
        """
        ...

    def settle(self) -> None:
        """Wait until no lease from before now can still be in use.

        For whoever finds that a change was made already: its writer may still be waiting, or
        may have died before it did.
        """
        ...

    def delete(self, before: Registration, event: AuditEvent) -> None:
        """Remove the application and its markers; returns as `replace` does.

        Raises ApplicationChanged.
        """
        ...


class BootstrapStore(Protocol):
    """Writes the first records of a deployment."""

    def create(
        self,
        registrations: Sequence[Registration],
        administrator: NewUser,
        events: Sequence[AuditEvent],
    ) -> None:
        """All of it in one transaction, if no application of these ids exists.

        `events` are those of the applications. Raises BuiltInExists, NameTaken,
        UserNameTaken, StoreUnavailable.
        """
        ...


class CertificateFiles(Protocol):
    """Keeps each certificate as uploaded, under the SHA-256 of its bytes."""

    def save(self, file_sha256: str, content: bytes, media_type: str) -> None:
        """Idempotent. Raises StoreUnavailable."""
        ...

    def load(self, file_sha256: str) -> bytes:
        """Raises StoreUnavailable, also when the file is missing."""
        ...
