"""`/console` and `/console/ends`: what ends soon, figures of the last days, recent changes."""

from collections.abc import Sequence
from urllib.parse import urlencode

from chalicelib.audit import AuditTrail
from chalicelib.endpoints.admin_requests import cursor_of, refuse_cursor
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.event_rows import EventRows
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.stores import Reading, RecordReader
from chalicelib.pages.console.frame import APPLICATIONS
from chalicelib.pages.console.overview import (
    ISSUED,
    REFUSED,
    DayRow,
    EndRow,
    EndsPage,
    OverviewPage,
    counts,
    distance,
)
from chalicelib.pages.console.plot import Plot, day_text, make_plot
from chalicelib.paging import InvalidCursor, Page
from chalicelib.registry.applications import Applications
from chalicelib.registry.ends import End
from chalicelib.registry.warnings import NOTICE_SECONDS
from chalicelib.usage import DayFigures, Usage

SECONDS_A_DAY = 86_400
NOTICE_DAYS = NOTICE_SECONDS // SECONDS_A_DAY
# What has ended is worth a look as long as somebody may still wonder why it stopped.
PAST_SECONDS = 7 * SECONDS_A_DAY
FIGURE_DAYS = 14
ENDS_SHOWN = 8
ENDS_A_PAGE = 50
EVENTS_SHOWN = 8


class OverviewScreen:
    """Both pages cost the same however many applications there are."""

    def __init__(
        self,
        *,
        desk: Desk,
        applications: Applications,
        usage: Usage,
        trail: AuditTrail,
        events: EventRows,
        reader: RecordReader,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._applications = applications
        self._usage = usage
        self._trail = trail
        self._events = events
        self._reader = reader
        self._clock = clock

    def show(self, request: Request, visitor: Visitor) -> Response:
        """The first page of the console."""
        ends = self._ends(None, ENDS_SHOWN)
        figures = self._usage.last_days(FIGURE_DAYS)
        recent = self._trail.list_events(None, None, EVENTS_SHOWN)
        page = OverviewPage(
            notice_days=NOTICE_DAYS,
            ends=self._rows(ends.items),
            more_ends=ends.next is not None,
            plots=_plots(figures),
            days=tuple(map(_day, reversed(figures))),
            events=self._events.rows(recent.items),
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(page)

    def list_ends(self, request: Request, visitor: Visitor) -> Response:
        """Everything that ends soon, in pages. Raises FieldsRefused."""
        cursor = cursor_of(request) or None
        try:
            ends = self._ends(cursor, ENDS_A_PAGE)
        except InvalidCursor:
            refuse_cursor()
        page = EndsPage(
            notice_days=NOTICE_DAYS,
            ends=self._rows(ends.items),
            is_first=cursor is None,
            next_query="" if ends.next is None else urlencode({"cursor": ends.next}),
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(page)

    def _ends(self, cursor: str | None, limit: int) -> Page[End]:
        now = self._clock.now()
        return self._applications.list_ends(now - PAST_SECONDS, now + NOTICE_SECONDS, cursor, limit)

    def _rows(self, ends: Sequence[End]) -> tuple[EndRow, ...]:
        """With names and last uses; an application that is gone by now is left out."""
        if not ends:
            return ()
        clients = frozenset(end.client_id for end in ends)
        found = self._reader.read(Reading(clients=clients)).applications
        used = self._usage.last_uses({(end.client_id, end.secret_id) for end in ends})
        now = self._clock.now()
        return tuple(
            EndRow(
                application=found[end.client_id].name,
                path=f"{APPLICATIONS.path}/{end.client_id}",
                is_enabled=found[end.client_id].enabled,
                what="Certificate" if end.secret_id is None else f"Secret …{end.secret_id[-8:]}",
                ends_at=end.ends_at,
                when=distance(end.ends_at - now),
                is_over=end.ends_at <= now,
                last_used_at=used.get((end.client_id, end.secret_id)),
            )
            for end in ends
            if end.client_id in found
        )


def _plots(figures: Sequence[DayFigures]) -> tuple[Plot, ...]:
    issued = [(day.day, day.issued) for day in figures]
    refused = [(day.day, day.refused) for day in figures]
    denied = [(day.day, day.denied) for day in figures]
    return (
        make_plot("issued", "Tokens issued", issued, ISSUED),
        make_plot("refused", "Tokens refused", refused, REFUSED),
        make_plot("denied", "Calls refused by services", denied, REFUSED),
    )


def _day(figures: DayFigures) -> DayRow:
    return DayRow(
        day=day_text(figures.day),
        issued=counts(figures.issued),
        refused=counts(figures.refused),
        denied=counts(figures.denied),
    )
