"""What the protocol asks of storage. Every method is one round trip unless it says otherwise.

Whatever storage cannot answer within its deadline raises `StoreUnavailable`; a miss is never
reported because of a fault.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.audit import AuditEvent
from chalicelib.oauth.model import Application, Grant, User

GrantKey = tuple[str, str]
"""(client_id, grant_id)"""


class StoreUnavailable(Exception):
    """Storage failed or its deadline passed; the outcome is unknown and nothing may be allowed."""


class GrantExists(Exception):
    """A grant of this key was there before: the identifier is used up."""


class GrantChanged(Exception):
    """The grant is not as it was read; `current` is it now, None when it is gone."""

    def __init__(self, current: Grant | None) -> None:
        super().__init__("the grant changed")
        self.current = current


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read at once. `acting_user_of` adds the user that this application acts as."""

    clients: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    grants: frozenset[GrantKey] = frozenset()
    acting_user_of: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read, strongly consistent; what is absent is not in the maps.

    `leased`: some of it came from process memory. Such a snapshot may only say yes: before a
    refusal, read again with `fresh`.
    """

    applications: Mapping[str, Application] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    grants: Mapping[GrantKey, Grant] = field(default_factory=dict)
    leased: bool = False


class RecordReader(Protocol):
    """Reads applications, users and grants together."""

    def read(self, reading: Reading, *, fresh: bool = False) -> Snapshot:
        """One strongly consistent batch; two when `acting_user_of` was guessed wrong.

        `fresh` passes over leases, at most once per lease time and record in this process.
        Raises StoreUnavailable.
        """
        ...


class GrantCreator(Protocol):
    """Makes grants."""

    def create(self, grant: Grant) -> None:
        """Put if absent. A record with this very `creation_nonce` is this call's own success.

        Raises GrantExists, StoreUnavailable.
        """
        ...


class GrantStore(RecordReader, GrantCreator, Protocol):
    """Keeps grants; every step is one conditional update of one item."""

    def extend(
        self, grant: Grant, token_hash: str | None, ends_at: int, now: int, nonce: str
    ) -> None:
        """Move the end of one access token (None: of the bearer secret) to `ends_at`.

        Holds only if the record exists, is as read (`grant.version`), is not revoked and the
        end as stored is after `now`. Never creates, never moves an end back.
        Raises GrantChanged, StoreUnavailable.
        """
        ...

    def advance(self, before: Grant, after: Grant) -> None:
        """Write `after` (its version is one more, its nonce new) if the record is as `before`.

        For the steps of a person's grant: exchange, rotation, revocation by a replay. Never
        creates. Raises GrantChanged, StoreUnavailable.
        """
        ...

    def revoke(self, key: GrantKey, now: int, nonce: str, *, of_person: bool = False) -> bool:
        """Mark the grant revoked; returns only when no process may still act on a lease of it.

        `of_person`: it is a person's grant, which is never leased, so there is nothing to wait
        for. Idempotent; a grant that is absent stays absent. Whether it was this very call that
        ended it, which is so of one call for each grant. Raises StoreUnavailable.
        """
        ...

    def report(self, event: AuditEvent) -> None:
        """Put an event in the audit trail that no administrative change brings along.

        Idempotent. Raises StoreUnavailable.
        """
        ...
