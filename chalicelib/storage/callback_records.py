"""The record of callbacks, and so the records of all tables."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.storage.attributes import JsonAttribute, TimeToLiveAttribute, WholeNumberAttribute
from chalicelib.storage.records import RECORDS
from chalicelib.storage.tables import CALLBACKS, Record, RecordIndex


class TimeIndex(RecordIndex["CallbackRecord"], name="by_time"):
    """All callbacks, by time."""

    listed = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)


class PendingIndex(RecordIndex["CallbackRecord"], name="by_pending"):
    """The callbacks that are not published: sparse, so nearly always empty."""

    pending = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)


class CallbackRecord(Record):
    """`callback#<client_id>#<deployment_id>`: what a bot's end was told, and its delivery.

    Only a published one has an end: `pending` and `expires_at` are never there together.
    """

    class Meta:
        """The table."""

        table_name = CALLBACKS

    client_id = UnicodeAttribute()
    deployment_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    received_at = WholeNumberAttribute()
    bot_status = UnicodeAttribute()
    user_id = UnicodeAttribute(null=True)
    content = JsonAttribute()
    content_hash = UnicodeAttribute()
    published_at = WholeNumberAttribute(null=True)
    claim = UnicodeAttribute(null=True)
    claimed_until = WholeNumberAttribute(null=True)
    listed = UnicodeAttribute()
    pending = UnicodeAttribute(null=True)
    expires_at = TimeToLiveAttribute(null=True)
    by_time = TimeIndex()
    by_pending = PendingIndex()


ALL_RECORDS: tuple[type[Record], ...] = (*RECORDS, CallbackRecord)
