"""Text that others chose, as a page may show it (Unicode UAX #9, Trojan Source)."""

import unicodedata
from datetime import UTC, datetime

# Control, formatting (bidi marks, zero width), surrogate, private, unassigned, line separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_STAND_IN = "\N{REPLACEMENT CHARACTER}"


def visible(text: str) -> str:
    """The text with every character that cannot be seen replaced by one that can.

    An application named with a right-to-left mark could otherwise turn the sentence around it.
    """
    return "".join(
        _STAND_IN if unicodedata.category(character) in _HIDDEN else character for character in text
    )


def date_text(seconds: int) -> str:
    """Epoch seconds as a date, in UTC: no script knows the zone."""
    return f"{datetime.fromtimestamp(seconds, UTC):%d %b %Y}".removeprefix("0")
