"""Tables on terminals of any width."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from chalicelib.cli.tables import Rows, table_of

HEADINGS = ("NAME", "CLIENT ID", "GRANT TYPE", "CREATED")
WHOLE = (False, True, False, False)
CLIENT_ID = "app_01m8ppt331z708nyxggzyjre7z"
WIDEST = 18 + 30 + 18 + 20 + 3 * 2


def draw(rows: Rows, width: int) -> list[str] | None:
    table = table_of(HEADINGS, rows, WHOLE, width)
    if table is None:
        return None
    console = Console(width=width)
    with console.capture() as captured:
        console.print(table)
    return captured.get().splitlines()


def row(name: str, grant_type: str = "client_credentials") -> tuple[str, ...]:
    return name, CLIENT_ID, grant_type, "2026-11-30 17:05:17Z"


def test_where_there_is_room_nothing_is_broken() -> None:
    drawn = draw([row("Monthly statements")], WIDEST)
    assert drawn is not None
    assert drawn[1].split("  ") == list(row("Monthly statements"))


def test_words_values_and_moments_are_broken_where_they_may_be() -> None:
    drawn = draw([row("Monthly statements")], 74)
    assert drawn is not None
    assert [line.split() for line in drawn] == [
        ["NAME", "CLIENT", "ID", "GRANT", "TYPE", "CREATED"],
        ["Monthly", CLIENT_ID, "client_", "2026-11-30"],
        ["statements", "credentials", "17:05:17Z"],
    ]


def test_what_does_not_fit_is_no_table() -> None:
    assert draw([row("Monthly statements")], 40) is None
    assert draw([row("x")], 1) is None


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=40)))
def test_nothing_is_lost_and_no_line_is_too_long(names: list[str]) -> None:
    for width in (66, 80, 120):
        rows = [row(" ".join(names)), row("/".join(names))]
        drawn = draw(rows, width)
        if drawn is None:
            continue
        assert all(cell_len(line) <= width for line in drawn)
        meant = "".join(cell for cells in (HEADINGS, *rows) for cell in cells)
        assert Counter("".join(meant.split())) == Counter("".join("".join(drawn).split()))
        assert "".join(drawn).count(CLIENT_ID) == 2
