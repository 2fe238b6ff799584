"""Tables as CSV (RFC 4180) that a spreadsheet can open without running what stands in a cell."""

import re
from collections.abc import Sequence

# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"); the wide
# forms are what some take for the same.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - the wide forms are meant
# What ends a cell where semicolons or tabs do, and whatever of the cell behind it they pass over; a
# quote in the middle of a cell quotes nothing there, so that a line break ends the record too.
_INNER_START = re.compile('([;\t\r\n][;\\s"]*)([=+@\uff1d\uff0b\uff0d\uff20-]?)')
_QUOTED = frozenset('",\r\n')
LINE_END = "\r\n"
# Without it some spreadsheets take UTF-8 for another encoding.
BYTE_ORDER_MARK = "\ufeff"


def csv_line(cells: Sequence[str]) -> str:
    """One record, with its line end."""
    return ",".join(map(_cell, cells)) + LINE_END


def _cell(text: str) -> str:
    """An apostrophe makes a text of what would be a formula.

    Also behind what some spreadsheets, by the customs of their country, take for the end of a cell.
    """
    if text.startswith(_FORMULA_STARTS):
        text = f"'{text}"
    text = _INNER_START.sub(lambda found: f"{found[1]}'{found[2]}" if found[2] else found[1], text)
    if _QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'
