"""`/admin/rpa/callbacks`: the callbacks of bots and whether they are published, newest first."""

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.endpoints.admin_requests import (
    Gate,
    answer,
    cursor_of,
    limit_of,
    refuse_cursor,
    text_parameter,
)
from chalicelib.oauth.messages import Request, Response
from chalicelib.paging import InvalidCursor
from chalicelib.protected.rpa.model import Delivery
from chalicelib.protected.rpa.stores import CallbackStore
from chalicelib.protected.rpa.views import CallbackListView, callback_view

_LONGEST = max(len(delivery) for delivery in Delivery)


class CallbackEndpoints:
    """Admits the caller before it reads anything else."""

    def __init__(self, gate: Gate, callbacks: CallbackStore) -> None:
        self._gate = gate
        self._callbacks = callbacks

    def list_all(self, request: Request) -> Response:
        """Every callback, or those of one status."""
        self._gate.admit(request)
        status, cursor, limit = _status_of(request), cursor_of(request), limit_of(request)
        try:
            page = self._callbacks.list_callbacks(status, cursor, limit)
        except InvalidCursor:
            refuse_cursor()
        items = [callback_view(callback) for callback in page.items]
        return answer(200, CallbackListView(items=items, next=page.next, count=len(items)))


def _status_of(request: Request) -> Delivery | None:
    value = text_parameter(request, "status", _LONGEST)
    if value is None:
        return None
    try:
        return Delivery(value)
    except ValueError:
        raise FieldsRefused({"status": f"must be {' or '.join(Delivery)}"}) from None
