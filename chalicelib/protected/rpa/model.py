"""A callback as it is kept, and the event that consumers get of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Delivery(StrEnum):
    """Whether a callback is on the event bus."""

    PENDING = "pending"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback: what the Control Room said of one deployment, and how far we are with it.

    `content` is the body as it came, `content_hash` the SHA-256 of its canonical form. `event_id`
    is a ULID and stays the same however often the event is published. `received_at` and
    `published_at` are epoch seconds; the latter is None while it is pending. Whoever publishes
    holds the `claim`, a nonce, until `claimed_until`.
    """

    client_id: str
    deployment_id: str
    event_id: str
    received_at: int
    bot_status: str
    user_id: str | None
    content: Mapping[str, object]
    content_hash: str
    published_at: int | None = None
    claim: str | None = None
    claimed_until: int | None = None

    @property
    def delivery(self) -> Delivery:
        return Delivery.PENDING if self.published_at is None else Delivery.PUBLISHED

    def detail(self) -> dict[str, object]:
        """What consumers get (docs/rpa.md): the same for every repetition of the event."""
        return {
            "event_id": self.event_id,
            "client_id": self.client_id,
            "deployment_id": self.deployment_id,
            "status": self.bot_status,
            "user_id": self.user_id,
            "received_at": self.received_at,
            "callback": self.content,
        }
