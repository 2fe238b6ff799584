"""Who changed what, when and from where: the record that every administrative write carries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.paging import Page


@dataclass(frozen=True, slots=True)
class Actor:
    r"""Who acts: the application whose token was used, the user it acted as, and from where.

    `user_name` is `domain\\user`; None where an application acted as itself or the system did.
    """

    client_id: str | None
    user_id: str | None
    user_name: str | None
    source_ip: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One change. `event_id` is a ULID, so events sort by time; `at` is epoch seconds.

    `action` is `application.created`, `secret.cut`, …; `target` the client_id or user id.
    `changes` maps a field's name to what it became; secrets and password values never appear.
    """

    event_id: str
    at: int
    action: str
    target: str
    actor: Actor
    changes: Mapping[str, object] = field(default_factory=dict)


class AuditTrail(Protocol):
    """Reads the events, newest first; they are written in the transaction of their change."""

    def load(self, event_id: str) -> AuditEvent | None:
        """One event; None where it is unknown or no longer kept. Raises StoreUnavailable."""
        ...

    def list_events(
        self,
        target: str | None,
        cursor: str | None,
        limit: int,
        *,
        since: int | None = None,
        until: int | None = None,
    ) -> Page[AuditEvent]:
        """Events of one target, or all; of the times from `since` to `until`, epoch seconds.

        Raises InvalidCursor, StoreUnavailable.
        """
        ...
