"""Callbacks in the table `callbacks`: one item for each deployment of an application."""

from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.paging import InvalidCursor, Page
from chalicelib.protected.rpa.model import Callback, Delivery
from chalicelib.protected.rpa.stores import CallbackKey
from chalicelib.storage.attributes import Item
from chalicelib.storage.callback_records import CallbackRecord
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.cursors import decode_cursor, encode_cursor
from chalicelib.storage.database import Database, Put, Query, Update
from chalicelib.storage.tables import CALLBACKS

_LISTED = "callback"
_PENDING = "pending"
_BY_TIME = "by_time"
_BY_PENDING = "by_pending"
_SECONDS_PER_DAY = 86_400
_FIELDS = tuple(Callback.__dataclass_fields__)


class Callbacks:
    """Fulfils `CallbackStore`."""

    def __init__(self, database: Database, retention_days: int) -> None:
        self._database = database
        self._retention_days = retention_days

    def create(self, callback: Callback) -> Callback:
        item = write_callback(callback)
        try:
            self._database.write(Put(CallbackRecord, item, CallbackRecord.key.does_not_exist()))
        except ConditionFailed as failed:
            if failed.item is None:
                raise StoreUnavailable("PutItem: the callback is gone") from failed
            return read_callback(failed.item)
        return callback

    def load(self, key: CallbackKey) -> Callback | None:
        place = (CALLBACKS, callback_key(*key))
        item = self._database.read([place]).get(place)
        return None if item is None else read_callback(item)

    def claim(self, key: CallbackKey, claim: str, now: int, until: int) -> Callback | None:
        actions = (CallbackRecord.claim.set(claim), CallbackRecord.claimed_until.set(until))
        condition = CallbackRecord.pending.exists() & (
            CallbackRecord.claimed_until.does_not_exist() | (CallbackRecord.claimed_until <= now)
        )
        update = Update(CallbackRecord, callback_key(*key), actions, condition)
        try:
            return read_callback(self._database.update(update))
        except ConditionFailed as failed:
            return None if failed.item is None else read_callback(failed.item)

    def release(self, callback: Callback) -> None:
        actions = (CallbackRecord.claim.remove(), CallbackRecord.claimed_until.remove())
        condition = CallbackRecord.pending.exists() & (CallbackRecord.claim == callback.claim)
        self._update(callback, actions, condition)

    def mark_published(self, callback: Callback, now: int) -> None:
        actions = (
            CallbackRecord.published_at.set(now),
            CallbackRecord.expires_at.set(now + self._retention_days * _SECONDS_PER_DAY),
            CallbackRecord.pending.remove(),
            CallbackRecord.claim.remove(),
            CallbackRecord.claimed_until.remove(),
        )
        # Without the mark it is published already, or was taken away by hand.
        self._update(callback, actions, CallbackRecord.pending.exists())

    def list_callbacks(
        self, delivery: Delivery | None, cursor: str | None, limit: int
    ) -> Page[Callback]:
        index = _BY_PENDING if delivery is Delivery.PENDING else _BY_TIME
        items, following = self._page(index, cursor, limit, forward=False)
        callbacks = [read_callback(item) for item in items]
        if delivery is not None:
            # Few are pending, so that leaving them out seldom shortens a page.
            callbacks = [callback for callback in callbacks if callback.delivery is delivery]
        return Page(callbacks, following)

    def list_pending(self, cursor: str | None, limit: int) -> Page[CallbackKey]:
        items, following = self._page(_BY_PENDING, cursor, limit, forward=True)
        keys = [(item["client_id"]["S"], item["deployment_id"]["S"]) for item in items]
        return Page(keys, following)

    def _page(
        self, index: str, cursor: str | None, limit: int, *, forward: bool
    ) -> tuple[list[Item], str | None]:
        """A page of one index, at most 1 MB of it (DynamoDB's own bound of a query)."""
        name, value = ("pending", _PENDING) if index == _BY_PENDING else ("listed", _LISTED)
        start = None
        if cursor is not None:
            event_id, key = decode_cursor(index, cursor, 2)
            if not key.startswith("callback#"):
                raise InvalidCursor("the cursor names no callback")
            start = {name: {"S": value}, "event_id": {"S": event_id}, "key": {"S": key}}
        attribute = CallbackRecord.pending if index == _BY_PENDING else CallbackRecord.listed
        query = Query(CallbackRecord, index, attribute == value, limit, start, forward=forward)
        items, after = self._database.query(query)
        if after is None:
            return items, None
        return items, encode_cursor(index, after["event_id"]["S"], after["key"]["S"])

    def _update(self, callback: Callback, actions: tuple[Any, ...], condition: Condition) -> None:
        """An update that is done, or has nothing to do, when its condition does not hold."""
        key = callback_key(callback.client_id, callback.deployment_id)
        try:
            self._database.write(Update(CallbackRecord, key, actions, condition))
        except ConditionFailed:
            return


def callback_key(client_id: str, deployment_id: str) -> str:
    """The key of a callback: an application cannot use up a deployment id of another's."""
    return f"callback#{client_id}#{deployment_id}"


def write_callback(callback: Callback) -> Item:
    """The item of a callback that is pending: it has no end before it is published."""
    values = {name: getattr(callback, name) for name in _FIELDS}
    key = callback_key(callback.client_id, callback.deployment_id)
    return CallbackRecord.write(key, {**values, "listed": _LISTED, "pending": _PENDING})


def read_callback(item: Item) -> Callback:
    """A callback from its item."""
    values = CallbackRecord.read(item)
    fields: dict[str, Any] = {name: values[name] for name in _FIELDS if name in values}
    return Callback(**{"user_id": None, **fields})
