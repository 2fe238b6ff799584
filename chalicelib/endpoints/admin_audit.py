"""`/admin/audit` and `/admin/applications/{client_id}/audit`: who changed what, newest first."""

from chalicelib.administration.views import AuditListView, audit_event_view
from chalicelib.audit import AuditTrail
from chalicelib.endpoints.admin_requests import (
    Gate,
    answer,
    client_id_of,
    cursor_of,
    limit_of,
    refuse_cursor,
)
from chalicelib.oauth.messages import Request, Response
from chalicelib.paging import InvalidCursor


class AuditEndpoints:
    """One method an endpoint; each admits the caller before it reads anything else."""

    def __init__(self, gate: Gate, trail: AuditTrail) -> None:
        self._gate = gate
        self._trail = trail

    def list_all(self, request: Request) -> Response:
        """Every event."""
        self._gate.admit(request)
        return self._list(request, None)

    def list_of_application(self, request: Request) -> Response:
        """The events of one application, also of one that was deleted."""
        self._gate.admit(request)
        return self._list(request, client_id_of(request))

    def _list(self, request: Request, target: str | None) -> Response:
        cursor, limit = cursor_of(request), limit_of(request)
        try:
            page = self._trail.list_events(target, cursor, limit)
        except InvalidCursor:
            refuse_cursor()
        items = [audit_event_view(event) for event in page.items]
        return answer(200, AuditListView(items=items, next=page.next, count=len(items)))
