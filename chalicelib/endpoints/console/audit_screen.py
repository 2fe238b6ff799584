"""`/console/audit`: the audit trail, filtered and paged."""

from chalicelib.audit import AuditEvent, AuditTrail
from chalicelib.endpoints.admin_requests import cursor_of, refuse_cursor
from chalicelib.endpoints.console.audit_export import EXPORT_ROWS
from chalicelib.endpoints.console.audit_filter import AuditFilter, Names, filter_of
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.event_rows import EventRows
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.messages import Request, Response
from chalicelib.pages.console.audit import AuditPage
from chalicelib.paging import InvalidCursor, Page

PAGE_SIZE = 50
# What one page looks at when few events match: 1,000.
READS_A_PAGE = 20


class AuditScreen:
    """The list."""

    def __init__(self, desk: Desk, trail: AuditTrail, names: Names, rows: EventRows) -> None:
        self._desk = desk
        self._trail = trail
        self._names = names
        self._rows = rows

    def __call__(self, request: Request, visitor: Visitor) -> Response:
        """A page of events; a filter that cannot be read is shown with what is wrong.

        Raises FieldsRefused.
        """
        wanted, reasons = filter_of(request, self._names)
        cursor = cursor_of(request) or None
        page: Page[AuditEvent] = Page((), None)
        if not reasons:
            page = self._read(wanted, cursor)
        shown = AuditPage(
            rows=self._rows.rows(page.items),
            texts=wanted.texts,
            reasons=reasons,
            is_first=cursor is None,
            is_cut_short=page.next is not None and len(page.items) < PAGE_SIZE,
            first_query=wanted.query(),
            next_query="" if page.next is None else wanted.query(cursor=page.next),
            export_query=wanted.query(),
            export_limit=EXPORT_ROWS,
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(shown, 400 if reasons else 200)

    def _read(self, wanted: AuditFilter, cursor: str | None) -> Page[AuditEvent]:
        try:
            return wanted.read(
                self._trail,
                cursor,
                enough=PAGE_SIZE,
                page_size=PAGE_SIZE,
                most_reads=READS_A_PAGE,
            )
        except InvalidCursor:
            refuse_cursor()
