"""Bar plots as plain numbers, which a template draws as SVG: no script, no colour alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

# The units of the drawing; a phone shows it at about its own size.
WIDTH = 340
HEIGHT = 150
_LEFT = 34
_RIGHT = 2
_TOP = 8
_BOTTOM = 20
_FILLED = 0.7
_STEPS = (2, 4, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """A day: where its bar stands, the text below it, and what a pointer is told."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the plot, and its number."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a sum: its name in words, its code, and its part in percent."""

    label: str
    code: str
    count: int
    percent: float


@dataclass(frozen=True, slots=True)
class Plot:
    """Numbers of days: bars, lines, the sum, what makes it up, and all of it in a sentence.

    `kind` chooses the colour; every bar has its title, and the numbers stand in a table as well.
    """

    kind: str
    heading: str
    total: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    shares: tuple[Share, ...]
    summary: str

    @property
    def width(self) -> int:
        """Of the drawing, in its own units."""
        return WIDTH

    @property
    def height(self) -> int:
        """Likewise."""
        return HEIGHT

    @property
    def left(self) -> int:
        """Where the lines begin."""
        return _LEFT


def make_plot(
    kind: str,
    heading: str,
    days: Sequence[tuple[str, Mapping[str, int]]],
    labels: Mapping[str, str],
) -> Plot:
    """The plot of days (`2026-01-31`), the oldest first, each with its counts by name."""
    counts = [sum(parts.values()) for _, parts in days]
    top = rounded_up(max(counts, default=0))
    floor, scale = HEIGHT - _BOTTOM, (HEIGHT - _BOTTOM - _TOP) / top
    slot = (WIDTH - _LEFT - _RIGHT) / max(1, len(days))
    width = slot * _FILLED
    bars = tuple(
        _bar(day, count, _LEFT + slot * (place + 0.5), width, scale)
        for place, ((day, _), count) in enumerate(zip(days, counts, strict=True))
    )
    ticks = tuple(
        Tick(round(floor - scale * number, 1), short(number)) for number in (0, top // 2, top)
    )
    total = sum(counts)
    shares = _shares(days, labels, total)
    summary = _summary(heading, days, counts, total)
    return Plot(kind, heading, total, bars, ticks, shares, summary)


def rounded_up(number: int) -> int:
    """The number at the top line: even, with one digit that is not zero, or a power of ten."""
    size = 1
    while True:
        for step in _STEPS:
            if number <= step * size:
                return step * size
        size *= 10


def short(number: int) -> str:
    """A number in as few characters as a line's label has room for."""
    for size, unit in ((1_000_000, "m"), (1_000, "k")):
        if number >= size:
            return f"{number / size:g}{unit}"
    return str(number)


def day_text(day: str) -> str:
    """`2026-01-31` as `31 January`."""
    return f"{date.fromisoformat(day):%d %B}".removeprefix("0")


def _bar(day: str, count: int, middle: float, width: float, scale: float) -> Bar:
    height, floor = count * scale, HEIGHT - _BOTTOM
    return Bar(
        x=round(middle - width / 2, 1),
        y=round(floor - height, 1),
        width=round(width, 1),
        height=round(height, 1),
        middle=round(middle, 1),
        label=str(date.fromisoformat(day).day),
        title=f"{day_text(day)}: {count:,}",
    )


def _shares(
    days: Sequence[tuple[str, Mapping[str, int]]], labels: Mapping[str, str], total: int
) -> tuple[Share, ...]:
    sums: dict[str, int] = {}
    for _, parts in days:
        for name, count in parts.items():
            sums[name] = sums.get(name, 0) + count
    ordered = sorted(sums.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(
        Share(labels.get(name, name), name, count, round(100 * count / max(1, total), 1))
        for name, count in ordered
        if count
    )


def _summary(
    heading: str,
    days: Sequence[tuple[str, Mapping[str, int]]],
    counts: Sequence[int],
    total: int,
) -> str:
    if not days:
        return heading
    span = f"{heading} a day, {day_text(days[0][0])} to {day_text(days[-1][0])}"
    if not total:
        return f"{span}: none."
    most = max(range(len(counts)), key=counts.__getitem__)
    return f"{span}: {total:,} in all, most on {day_text(days[most][0])}, {counts[most]:,}."
