"""Tables that fit a terminal: broken between words where they must be, else given up."""

import re
from collections.abc import Sequence

from rich.cells import cell_len, chop_cells
from rich.table import Table
from rich.text import Text

GAP = 2

# A break is taken after a space, and within names of values, paths and addresses.
_PIECE = re.compile(r"[^\s_/@]*[\s_/@]|[^\s_/@]+")
_DATE_OR_TIME = re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d:\d\dZ")
# A longer piece is broken anywhere: what others wrote may have none, and a table of a few
# broken words is still read more quickly than a list.
_LONGEST_PIECES = (14, 8)

Rows = Sequence[Sequence[str]]


def table_of(
    headings: Sequence[str], rows: Rows, whole: Sequence[bool], width: int
) -> Table | None:
    """The rows below their headings in at most `width` columns; None where they do not fit.

    `whole` says which columns are never broken.
    """
    cells = [headings, *rows]
    columns = [[row[number] for row in cells] for number in range(len(headings))]
    full = [max(map(_width_of, column)) for column in columns]
    room = width - GAP * (len(headings) - 1)
    for longest in _LONGEST_PIECES:
        least = [
            wide if kept else _narrowest(column, longest)
            for wide, kept, column in zip(full, whole, columns, strict=True)
        ]
        if sum(least) <= room:
            return _drawn(headings, rows, _share(full, least, room))
    return None


def _drawn(headings: Sequence[str], rows: Rows, widths: Sequence[int]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for heading, wide in zip(headings, widths, strict=True):
        table.add_column(Text(_broken(heading, wide)), no_wrap=True, width=wide)
    for row in rows:
        table.add_row(*(Text(_broken(cell, w)) for cell, w in zip(row, widths, strict=True)))
    return table


def _share(full: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths between `least` and `full`; what lacks most gets the room that is left."""
    widths = list(least)
    for _ in range(min(room, sum(full)) - sum(least)):
        lacking = [wide - now for wide, now in zip(full, widths, strict=True)]
        widths[lacking.index(max(lacking))] += 1
    return widths


def _width_of(cell: str) -> int:
    return max(map(cell_len, cell.split("\n")))


def _narrowest(column: Sequence[str], longest: int) -> int:
    """The width of the longest word of the heading, or piece of what is below it."""
    heading, *cells = column
    widths = [cell_len(word) for word in heading.split()]
    for piece in (piece.rstrip() for cell in cells for piece in _PIECE.findall(cell)):
        wide = cell_len(piece)
        widths.append(wide if _DATE_OR_TIME.fullmatch(piece) else min(wide, longest))
    return max(widths)


def _broken(cell: str, width: int) -> str:
    return "\n".join(line for text in cell.split("\n") for line in _lines(text, width))


def _lines(text: str, width: int) -> list[str]:
    lines = [""]
    for piece in _PIECE.findall(text):
        word = piece.rstrip()
        if cell_len(lines[-1] + word) <= width:
            lines[-1] += piece
        else:
            lines += chop_cells(word, width)
            lines[-1] += piece[len(word) :]
    return [line.rstrip() for line in lines if line] or [""]
