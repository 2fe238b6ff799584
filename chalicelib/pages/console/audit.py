"""The audit trail on screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chalicelib.pages.console.events import ACTIONS, EventRow
from chalicelib.pages.console.frame import AUDIT, ConsolePage


@dataclass(frozen=True, slots=True)
class AuditPage(ConsolePage):
    """A page of events, the newest first.

    `texts` holds what stands in the filter, `reasons` what is wrong with it. `next_query` is ""
    at the end; `is_cut_short`: few of the events that were looked at match, and there are more.
    """

    TEMPLATE: ClassVar[str] = "console/audit.html"
    SECTION: ClassVar[str] = AUDIT.key
    ACTIONS: ClassVar[Mapping[str, str]] = ACTIONS

    rows: tuple[EventRow, ...]
    texts: Mapping[str, str]
    reasons: Mapping[str, str]
    is_first: bool
    is_cut_short: bool
    first_query: str
    next_query: str
    export_query: str
    export_limit: int
