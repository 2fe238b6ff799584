"""The first page of the console: what needs a look, and what happened of late."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chalicelib.pages.console.events import EventRow
from chalicelib.pages.console.frame import OVERVIEW, ConsolePage
from chalicelib.pages.console.plot import Plot

ISSUED = {
    "authorization_code": "Authorization code",
    "refresh_token": "Refresh token",
    "client_credentials": "Client credentials",
    "bearer_token": "Bearer token",
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "Client certificate",
}
REFUSED = {
    "invalid_client": "The application did not prove itself",
    "invalid_grant": "A code, token or JWT that is not valid",
    "invalid_request": "A malformed request",
    "invalid_scope": "A scope that is not allowed",
    "unauthorized_client": "A grant that the application does not have",
    "unsupported_grant_type": "A grant that there is not",
    "invalid_token": "A token that is not valid",
    "insufficient_scope": "A token without the scope",
}


@dataclass(frozen=True, slots=True)
class EndRow:
    """A credential that ends. `ends_at` and `last_used_at` are epoch seconds, None: not known.

    `when` says the distance in words.
    """

    application: str
    path: str
    is_enabled: bool
    what: str
    ends_at: int
    when: str
    is_over: bool
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class DayRow:
    """The sums of one day; the day in words."""

    day: str
    issued: int
    refused: int
    denied: int


@dataclass(frozen=True, slots=True)
class OverviewPage(ConsolePage):
    """Ends, figures and changes; `more_ends`: there are more than are shown."""

    TEMPLATE: ClassVar[str] = "console/overview.html"
    SECTION: ClassVar[str] = OVERVIEW.key

    notice_days: int
    ends: tuple[EndRow, ...]
    more_ends: bool
    plots: tuple[Plot, ...]
    days: tuple[DayRow, ...]
    events: tuple[EventRow, ...]


@dataclass(frozen=True, slots=True)
class EndsPage(ConsolePage):
    """A page of everything that ends soon; `next_query` is "" at the end."""

    TEMPLATE: ClassVar[str] = "console/ends.html"
    SECTION: ClassVar[str] = OVERVIEW.key

    notice_days: int
    ends: tuple[EndRow, ...]
    is_first: bool
    next_query: str


def distance(seconds: int) -> str:
    """How far away a moment is, in whole days: `in 5 days`, `2 days ago`."""
    days, is_past = abs(seconds) // 86_400, seconds < 0
    if days == 0:
        return "less than a day ago" if is_past else "in less than a day"
    text = "1 day" if days == 1 else f"{days} days"
    return f"{text} ago" if is_past else f"in {text}"


def counts(parts: Mapping[str, int]) -> int:
    """The sum of a day's parts."""
    return sum(parts.values())
