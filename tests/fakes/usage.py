"""`UsageStore` in memory."""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.usage import DayFigures, Used


class FakeUsage:
    """Fulfils `UsageStore`; nothing was ever used."""

    def __init__(self) -> None:
        self.figures: list[DayFigures] = []
        self.uses: list[Mapping[Used, int]] = []
        self.away = False

    def add(self, figures: Sequence[DayFigures], uses: Mapping[Used, int]) -> None:
        if self.away:
            raise StoreUnavailable("away")
        self.figures += figures
        self.uses.append(uses)

    def read_days(self, days: Sequence[str]) -> Sequence[DayFigures]:
        return [DayFigures(day) for day in days]

    def read_last_uses(self, used: Iterable[Used]) -> Mapping[Used, int]:
        return dict.fromkeys(used, 0)
