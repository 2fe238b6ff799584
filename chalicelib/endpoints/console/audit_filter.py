"""Which events of the audit trail a query asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from urllib.parse import urlencode

from chalicelib.audit import AuditEvent, AuditTrail
from chalicelib.directory.model import fold
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.admin_requests import text_parameter
from chalicelib.oauth.messages import Request
from chalicelib.paging import Page, gather
from chalicelib.registry.stores import ApplicationStore

MAXIMUM_TEXT_LENGTH = 250
SECONDS_A_DAY = 86_400

_NAMES = ("actor", "target", "action", "since", "until")
# No application may have such a name.
_ID = re.compile(r"(?:app|usr|grp)_[0-9a-z]{26}")
# Targets that an application may be named like; it is meant then.
_OTHER_TARGET = re.compile(r"signing_keys|query#\S*|administrator")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Names:
    """Looks names up; what has an id is found by it, also when it is gone."""

    users: UserStore
    applications: ApplicationStore

    def resolve(self, name: str) -> str | None:
        """The id behind a name as it is now; one to three reads. Raises StoreUnavailable."""
        domain, separator, user_name = name.partition("\\")
        account = self.users.find(domain, user_name) if separator else None
        if account is not None:
            return account.user.user_id
        found = self.applications.find(name)
        if found is None and _OTHER_TARGET.fullmatch(name):
            return name
        return found


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """`texts` as they were sent, without empty ones; times are epoch seconds."""

    texts: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    since: int | None = None
    until: int | None = None

    def accepts(self, event: AuditEvent) -> bool:
        """Whether actor and action are those asked for; target and times narrow the reading."""
        action, actor = self.texts.get("action"), self.texts.get("actor")
        if action is not None and event.action != action:
            return False
        if actor is None:
            return True
        by = event.actor
        return actor in (by.user_id, by.client_id) or fold(actor) in fold(by.user_name or "")

    def query(self, **changes: str) -> str:
        """The query that asks for the same."""
        return urlencode({**self.texts, **changes})

    def read(
        self, trail: AuditTrail, cursor: str | None, *, enough: int, page_size: int, most_reads: int
    ) -> Page[AuditEvent]:
        """Matching events, the newest first. Raises InvalidCursor, StoreUnavailable."""
        return gather(
            lambda at: trail.list_events(
                self.target, at, page_size, since=self.since, until=self.until
            ),
            self.accepts,
            cursor,
            enough=enough,
            most_reads=most_reads,
        )


def filter_of(request: Request, names: Names) -> tuple[AuditFilter, dict[str, str]]:
    r"""The filter, and what is wrong with it by the name of the field.

    A target is an id, the name of a user as `domain\user`, or the name of an application.
    Raises FieldsRefused for what no form of ours sends, StoreUnavailable.
    """
    texts = {
        name: value.strip()
        for name in _NAMES
        if (value := text_parameter(request, name, MAXIMUM_TEXT_LENGTH) or "").strip()
    }
    reasons: dict[str, str] = {}
    target = texts.get("target")
    if target is not None and not _ID.fullmatch(target):
        target = names.resolve(target)
        if target is None:
            reasons["target"] = "No user and no application has this name now. Try the id."
    since, until = _day(texts, "since", reasons), _day(texts, "until", reasons)
    if since is not None and until is not None and until < since:
        reasons["until"] = "The last day must not be before the first."
    if until is not None:
        until += SECONDS_A_DAY - 1
    return AuditFilter(texts, target, since, until), reasons


def _day(texts: Mapping[str, str], name: str, reasons: dict[str, str]) -> int | None:
    """The first second of a day, UTC."""
    text = texts.get(name)
    if text is None:
        return None
    try:
        # Python reads other forms of ISO 8601 as well.
        day = date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        reasons[name] = "Write a day as 2026-01-31."
        return None
    return max(0, int(datetime.combine(day, time(), UTC).timestamp()))
