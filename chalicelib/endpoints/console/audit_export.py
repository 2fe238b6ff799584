"""`/console/audit/export`: the audit trail as a CSV file, in parts of bounded size."""

import json
from datetime import UTC, datetime

from chalicelib.audit import AuditEvent, AuditTrail
from chalicelib.endpoints.admin_requests import cursor_of, refuse_cursor
from chalicelib.endpoints.console.audit_filter import AuditFilter, Names, filter_of
from chalicelib.endpoints.console.desk import Screen
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.pages.console.frame import AUDIT
from chalicelib.pages.csv_text import BYTE_ORDER_MARK, csv_line
from chalicelib.paging import InvalidCursor

EXPORT_PATH = f"{AUDIT.path}/export"
EXPORT_ROWS = 5_000
# A query answers with at most 1 MB, however many are asked for.
PAGE_SIZE = 500
# What one file looks at: 20,000 events.
MOST_READS = 40
# One page more stays below the 6 MB of a function's answer, of which Base64 takes a quarter.
EXPORT_BYTES = 2_000_000

MORE = "There is more; the next part is at"
HEADINGS = (
    "time",
    "action",
    "target",
    "user_name",
    "user_id",
    "client_id",
    "source_ip",
    "changes",
    "event_id",
)


class AuditExport:
    """Makes files of what the list's filter asks for."""

    def __init__(
        self, listed: Screen, trail: AuditTrail, names: Names, clock: Clock, issuer: str
    ) -> None:
        self._listed = listed
        self._trail = trail
        self._names = names
        self._clock = clock
        self._issuer = issuer

    def __call__(self, request: Request, visitor: Visitor) -> Response:
        """One file; where it is not whole its last line says where the next part is.

        Raises FieldsRefused.
        """
        wanted, reasons = filter_of(request, self._names)
        if reasons:
            return self._listed(request, visitor)
        lines, following = self._read(wanted, cursor_of(request) or None)
        headers = {
            "Content-Type": "text/csv; charset=utf-8; header=present",
            "Content-Disposition": f'attachment; filename="{self._file_name(following)}"',
        }
        if following is not None:
            url = f"{self._issuer}{EXPORT_PATH}?{wanted.query(cursor=following)}"
            lines.append(csv_line((MORE, url, *[""] * (len(HEADINGS) - 2))))
            headers["Link"] = f'<{url}>; rel="next"'
        text = BYTE_ORDER_MARK + csv_line(HEADINGS) + "".join(lines)
        return Response(200, text.encode("utf-8", "replace"), headers)

    def _read(self, wanted: AuditFilter, cursor: str | None) -> tuple[list[str], str | None]:
        """Lines, and the cursor of the next part, None at the end."""
        lines: list[str] = []
        size = 0
        for _ in range(MOST_READS):
            try:
                page = wanted.read(self._trail, cursor, enough=1, page_size=PAGE_SIZE, most_reads=1)
            except InvalidCursor:
                refuse_cursor()
            found = [csv_line(_cells(event)) for event in page.items]
            lines += found
            size += sum(len(line.encode("utf-8", "replace")) for line in found)
            cursor = page.next
            if cursor is None or len(lines) > EXPORT_ROWS - PAGE_SIZE or size > EXPORT_BYTES:
                break
        return lines, cursor

    def _file_name(self, following: str | None) -> str:
        day = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%d")
        return f"audit-{day}{'' if following is None else '-part'}.csv"


def _cells(event: AuditEvent) -> tuple[str, ...]:
    actor = event.actor
    return (
        datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        event.action,
        event.target,
        actor.user_name or "",
        actor.user_id or "",
        actor.client_id or "",
        actor.source_ip,
        json.dumps(event.changes, ensure_ascii=False, sort_keys=True),
        event.event_id,
    )
