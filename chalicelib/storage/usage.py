"""Figures of usage in the table `tokens`: an item a day, and one for each last use."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pynamodb.expressions.operand import Path

from chalicelib.storage.attributes import Item, TimeToLiveAttribute, WholeNumberAttribute
from chalicelib.storage.database import Database, Update, Write
from chalicelib.storage.tables import TOKENS, InTokens
from chalicelib.usage import DayFigures, Used

DAY_SECONDS = 86_400
# Long enough to compare this month with the same month a year ago.
KEPT_SECONDS = 400 * DAY_SECONDS

_KINDS = ("issued", "refused", "denied")


class UsageDayRecord(InTokens):
    """`usage#<day>`: sums of one day; beside `expires_at` a number for each `<kind>#<name>`."""

    expires_at = TimeToLiveAttribute()


class LastUseRecord(InTokens):
    """`last_use#<client_id>`, `last_use#<client_id>#<secret_id>`: one moment."""

    at = WholeNumberAttribute()
    expires_at = TimeToLiveAttribute()


class UsageFigures:
    """Fulfils `UsageStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, figures: Sequence[DayFigures], uses: Mapping[Used, int]) -> None:
        writes: dict[str, Write] = {day.day: _add(day) for day in figures}
        writes |= {_use_key(used): _set(used, at) for used, at in uses.items()}
        if writes:
            self._database.transact(writes)

    def read_days(self, days: Sequence[str]) -> Sequence[DayFigures]:
        found = self._database.read((TOKENS, _day_key(day)) for day in days)
        return [_read_day(day, found.get((TOKENS, _day_key(day)), {})) for day in days]

    def read_last_uses(self, used: Iterable[Used]) -> Mapping[Used, int]:
        keys = {(TOKENS, _use_key(entry)): entry for entry in used}
        found = self._database.read(keys)
        return {keys[key]: int(item["at"]["N"]) for key, item in found.items()}


def _add(figures: DayFigures) -> Update:
    begins = int(datetime.fromisoformat(f"{figures.day}T00:00:00+00:00").timestamp())
    sums: list[tuple[str, int]] = [
        (f"{kind}#{name}", number)
        for kind in _KINDS
        for name, number in getattr(figures, kind).items()
    ]
    adds = [Path([name]).add(number) for name, number in sums]
    actions = (UsageDayRecord.expires_at.set(begins + KEPT_SECONDS), *adds)
    return Update(UsageDayRecord, _day_key(figures.day), actions, None)


def _set(used: Used, at: int) -> Update:
    # An update makes the item too: whoever may extend tokens needs no further right for this.
    actions = (LastUseRecord.at.set(at), LastUseRecord.expires_at.set(at + KEPT_SECONDS))
    return Update(LastUseRecord, _use_key(used), actions, None)


def _read_day(day: str, item: Item) -> DayFigures:
    kinds: dict[str, dict[str, int]] = {kind: {} for kind in _KINDS}
    for attribute, value in item.items():
        kind, separator, name = attribute.partition("#")
        if separator and kind in kinds:
            kinds[kind][name] = int(value["N"])
    return DayFigures(day, **kinds)


def _day_key(day: str) -> str:
    return f"usage#{day}"


def _use_key(used: Used) -> str:
    client_id, secret_id = used
    return f"last_use#{client_id}" if secret_id is None else f"last_use#{client_id}#{secret_id}"
