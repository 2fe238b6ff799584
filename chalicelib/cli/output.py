"""Data to standard output, messages to standard error; tables for people, JSON for programs."""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, track
from rich.text import Text

from chalicelib.cli.tables import table_of

Record = Mapping[str, Any]
Columns = Mapping[str, str]
"""The headings of a table, and the field that each shows."""

T = TypeVar("T")

_NOTHING = "-"
_WHOLE = ("ID", "SECRET")
# More than one page of a list.
_MANY = 101
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\dZ)")
# Null is an answer there.
_ENDLESS = ("token_lifetime_minutes", "expires_at")
# Epoch seconds of the standards, which nobody can read.
_EPOCHS = ("issued_at", "expires_at", "iat", "exp", "nbf", "auth_time")


def say(message: str) -> None:
    """A message; never data."""
    sys.stderr.write(f"{clean(message)}\n")


def show_record(record: Record, *, as_json: bool) -> None:
    """One thing: a line a field on a terminal."""
    if as_json or not sys.stdout.isatty():
        _write_json(record)
        return
    _print_fields(Console(), {name: _in_words(value, name) for name, value in record.items()})


def show_records(records: Sequence[Record], columns: Columns, *, as_json: bool) -> None:
    """Several things: a table on a terminal, else a JSON array of all their fields."""
    if as_json or not sys.stdout.isatty():
        _write_json(records)
        return
    if not records:
        say("Nothing found.")
        return
    rows = [[_in_words(record.get(field)) for field in columns.values()] for record in records]
    console, headings = Console(), list(columns)
    # An id that is broken into lines cannot be copied.
    whole = [heading.endswith(_WHOLE) for heading in headings]
    table = table_of(headings, rows, whole, console.width)
    if table is not None:
        console.print(table)
        return
    for number, row in enumerate(rows):
        if number:
            console.print()
        _print_fields(console, dict(zip(headings, row, strict=True)))


def show_line(record: Record, text: str, *, as_json: bool) -> None:
    """One of a stream: a line of text on a terminal, else a line of JSON."""
    if as_json or not sys.stdout.isatty():
        text = json.dumps(record, ensure_ascii=True)
    sys.stdout.write(f"{clean(text)}\n")
    sys.stdout.flush()


def show_text(text: str) -> None:
    """A text that is the data itself; on a terminal without what could steer it."""
    text = clean(text) if sys.stdout.isatty() else text
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def show_bytes(content: bytes) -> None:
    """A body or file as it is; on a terminal as text that cannot steer it."""
    if sys.stdout.isatty():
        show_text(content.decode("utf-8", "replace").replace("\r\n", "\n"))
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def progress(steps: Sequence[T], title: str) -> Iterable[T]:
    """The steps, with a bar on standard error where that is a terminal."""
    return track(
        steps, title, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    )


def counted(items: Iterable[T], title: str) -> Iterator[T]:
    """Items of nobody knows how many pages, with their number, likewise, where they are many."""
    bar = Progress(
        TextColumn(title), BarColumn(), TextColumn("{task.completed}"),
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
    )  # fmt: skip
    task = bar.add_task(title, total=None)
    with ExitStack() as shown:
        for number, item in enumerate(items, start=1):
            if number == _MANY:
                shown.enter_context(bar)
            bar.update(task, completed=number)
            yield item


def clean(text: str) -> str:
    """Text that cannot steer a terminal: control and format characters become U+FFFD."""
    return "".join(
        character if character == "\n" or unicodedata.category(character)[0] != "C" else "\ufffd"
        for character in text
    )


def _print_fields(console: Console, fields: Mapping[str, str]) -> None:
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        first, *others = value.split("\n")
        line = Text.assemble((clean(name).ljust(width), "bold"), "  ", first)
        for other in others:
            line.append(f"\n{' ' * width}  {other}")
        # The terminal breaks long lines, so that a secret is copied as one.
        console.print(line, soft_wrap=True)


def _write_json(value: object) -> None:
    # ASCII: what came from others cannot steer a terminal here either.
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def _in_words(value: object, name: str = "") -> str:
    if name in _EPOCHS and isinstance(value, int):
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%SZ}"
    if value is None or value in ("", [], {}):
        return "never" if value is None and name in _ENDLESS else _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(_in_words(entry) for entry in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(str(name))}: {_in_words(entry)}" for name, entry in value.items())
    return _MOMENT.sub(r"\1 \2", clean(str(value)))
