"""`CallbackStore` in memory, as far as lists need it."""

from chalicelib.paging import InvalidCursor, Page
from chalicelib.protected.rpa.model import Callback, Delivery


class FakeCallbacks:
    """Lists none; the tables' own tests say what a `CallbackStore` does."""

    def list_callbacks(
        self, delivery: Delivery | None, cursor: str | None, limit: int
    ) -> Page[Callback]:
        del delivery, limit
        if cursor is not None:
            raise InvalidCursor("not a cursor")
        return Page([], None)
