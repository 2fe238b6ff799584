"""The audit trail: events are put in the transaction of their change, and listed newest first."""

import re
from datetime import UTC, datetime

from pynamodb.expressions.condition import Condition

from chalicelib.audit import AuditEvent
from chalicelib.oauth.clock import Clock
from chalicelib.paging import InvalidCursor, Page
from chalicelib.storage import keys, mapping, tables
from chalicelib.storage.attributes import Item
from chalicelib.storage.cursors import decode_cursor, encode_cursor
from chalicelib.storage.database import Database, Put, Query
from chalicelib.storage.records import AuditEventRecord

# One request asks for at most so many months: all of the default retention, when few are busy.
MAXIMUM_MONTHS_A_PAGE = 16

_SECONDS_PER_DAY = 86_400
# An event may carry the time of a machine whose clock is ahead of ours.
_CLOCK_SKEW_SECONDS = 60
# An index sorts by id, made by one machine a moment before the event's time is: what is listed
# after an event of this much earlier cannot be of the time asked for.
_ORDER_SECONDS = 600
_BY_TARGET = "by_target"
_BY_MONTH = "by_month"
_MONTHS_A_YEAR = 12
_EVENT_ID = re.compile(r"[0-9a-z]{26}")
# In a cursor, in place of an event: none of the month was listed yet.
_WHOLE_MONTH = "-"


def month_of(at: int) -> str:
    """The bucket of a time, `2026-05` (UTC)."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


def put_event(event: AuditEvent, retention_days: int) -> Put:
    """The write of an event; that its id is new makes a repeated transaction known."""
    item = mapping.write_event(event, month_of, retention_days)
    return Put(AuditEventRecord, item, AuditEventRecord.key.does_not_exist())


class AuditEvents:
    """Fulfils `AuditTrail`."""

    def __init__(self, database: Database, clock: Clock, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._retention_days = retention_days

    def load(self, event_id: str) -> AuditEvent | None:
        key = (tables.AUDIT_EVENTS, keys.event_key(event_id))
        item = self._database.read([key]).get(key)
        return None if item is None else mapping.read_event(item)

    def list_events(
        self,
        target: str | None,
        cursor: str | None,
        limit: int,
        *,
        since: int | None = None,
        until: int | None = None,
    ) -> Page[AuditEvent]:
        if target is None:
            items, following = self._list_all(cursor, limit, since, until)
        else:
            items, following = self._list_target(target, cursor, limit)
        events = [mapping.read_event(item) for item in items]
        if since is not None and events and events[-1].at < since - _ORDER_SECONDS:
            following = None
        within = [
            event
            for event in events
            if (since is None or event.at >= since) and (until is None or event.at <= until)
        ]
        return Page(within, following)

    def _list_target(
        self, target: str, cursor: str | None, limit: int
    ) -> tuple[list[Item], str | None]:
        if not keys.can_be_key(target):
            return [], None
        start = None
        if cursor is not None:
            (event_id,) = decode_cursor(_BY_TARGET, cursor, 1)
            start = {"target": {"S": target}, **_event_keys(event_id)}
        condition = AuditEventRecord.target == target
        items, after = self._page(_BY_TARGET, condition, start, limit)
        return items, None if after is None else encode_cursor(_BY_TARGET, after["event_id"]["S"])

    def _list_all(
        self, cursor: str | None, limit: int, since: int | None, until: int | None
    ) -> tuple[list[Item], str | None]:
        """Month after month backwards, as far as events are kept and of the time asked for."""
        now = self._clock.now()
        first = max(0, now - self._retention_days * _SECONDS_PER_DAY, since or 0)
        last = now + _CLOCK_SKEW_SECONDS
        oldest = month_of(min(first, last))
        month = month_of(max(0, last if until is None else min(until, last)))
        start: Item | None = None
        if cursor is not None:
            month, start = _position(cursor)
        items: list[Item] = []
        for _ in range(MAXIMUM_MONTHS_A_PAGE):
            if month < oldest:
                return items, None
            condition = AuditEventRecord.month == month
            page, after = self._page(_BY_MONTH, condition, start, limit - len(items))
            items += page
            if after is not None:
                return items, encode_cursor(_BY_MONTH, month, after["event_id"]["S"])
            month, start = _month_before(month), None
            if len(items) >= limit:
                break
        return items, encode_cursor(_BY_MONTH, month, _WHOLE_MONTH)

    def _page(
        self, index: str, condition: Condition, start: Item | None, limit: int
    ) -> tuple[list[Item], Item | None]:
        query = Query(AuditEventRecord, index, condition, limit, start, forward=False)
        return self._database.query(query)


def _position(cursor: str) -> tuple[str, Item | None]:
    """The month to go on in, and the event to go on after; None: from the month's end."""
    month, event_id = decode_cursor(_BY_MONTH, cursor, 2)
    try:
        parsed = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidCursor("the cursor names no month") from error
    if parsed.strftime("%Y-%m") != month:
        raise InvalidCursor("the cursor names no month")
    if event_id == _WHOLE_MONTH:
        return month, None
    return month, {"month": {"S": month}, **_event_keys(event_id)}


def _event_keys(event_id: str) -> Item:
    if not _EVENT_ID.fullmatch(event_id):
        raise InvalidCursor("the cursor names no event")
    return {"event_id": {"S": event_id}, "key": {"S": keys.event_key(event_id)}}


def _month_before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    if number > 1:
        return f"{year:04d}-{number - 1:02d}"
    return f"{year - 1:04d}-{_MONTHS_A_YEAR:02d}"
