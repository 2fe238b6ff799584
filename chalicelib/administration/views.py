"""Answers' bodies that every registration endpoint shares."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.audit import AuditEvent

Time = Annotated[
    str, Field(description="RFC 3339, UTC.", json_schema_extra={"format": "date-time"})
]


class View(BaseModel):
    """An answer's body."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class ErrorView(View):
    """Why a request was refused (RFC 6749 §5.2)."""

    error: str
    error_description: str


class FieldsErrorView(ErrorView):
    """Why a body was refused: every wrong field with its reason."""

    fields: Annotated[
        dict[str, str], Field(description="Absent where the body could not be read at all.")
    ] = {}


class ActorView(View):
    """Who acted: an application, the user that it acted as, and the address that was seen."""

    client_id: str | None
    user_id: str | None
    user_name: str | None
    source_ip: str


class AuditEventView(View):
    """One change; `changes` names the fields and what they became."""

    event_id: str
    at: Time
    action: str
    target: str
    actor: ActorView
    changes: Mapping[str, object]


class AuditListView(View):
    """A page of audit events, the newest first."""

    items: list[AuditEventView]
    next: str | None
    count: int


class UsageDayView(View):
    """The sums of one day, UTC: by grant type, by error code, by error code."""

    day: Annotated[str, Field(json_schema_extra={"format": "date"})]
    issued: Mapping[str, int]
    refused: Mapping[str, int]
    denied: Mapping[str, int]


class UsageView(View):
    """The last days, the oldest first. Approximate: processes write their sums now and then."""

    days: list[UsageDayView]


class ApplicationUsageView(View):
    """When an application and each of its secrets were used last, to about a minute."""

    last_used_at: Time | None
    secrets: Mapping[str, Time | None]


def audit_event_view(event: AuditEvent) -> AuditEventView:
    """The JSON of an event."""
    return AuditEventView(
        event_id=event.event_id,
        at=rfc3339(event.at),
        action=event.action,
        target=event.target,
        actor=ActorView.model_validate(event.actor),
        changes=event.changes,
    )


def rfc3339(seconds: int) -> str:
    """Epoch seconds as `2026-01-31T12:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_or_none(seconds: int | None) -> str | None:
    """As `rfc3339`; None stays None."""
    return None if seconds is None else rfc3339(seconds)
