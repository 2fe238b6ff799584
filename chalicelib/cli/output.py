"""Data to standard output, messages to standard error; tables for people, JSON for programs."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

Record = Mapping[str, Any]
Columns = Mapping[str, str]
"""The headings of a table, and the field that each shows."""

T = TypeVar("T")

_NOTHING = "-"


def say(message: str) -> None:
    """A message; never data."""
    sys.stderr.write(f"{clean(message)}\n")


def show_record(record: Record, *, as_json: bool) -> None:
    """One thing: a line a field on a terminal."""
    if as_json or not sys.stdout.isatty():
        _write_json(record)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in record.items():
        table.add_row(Text(clean(name)), Text(_in_words(value)))
    Console().print(table)


def show_records(records: Sequence[Record], columns: Columns, *, as_json: bool) -> None:
    """Several things: a table on a terminal, else a JSON array of all their fields."""
    if as_json or not sys.stdout.isatty():
        _write_json(records)
        return
    if not records:
        say("Nothing found.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns:
        table.add_column(heading, overflow="fold")
    for record in records:
        table.add_row(*(Text(_in_words(record.get(field))) for field in columns.values()))
    Console().print(table)


def show_line(record: Record, text: str, *, as_json: bool) -> None:
    """One of a stream: a line of text on a terminal, else a line of JSON."""
    if as_json or not sys.stdout.isatty():
        text = json.dumps(record, ensure_ascii=True)
    sys.stdout.write(f"{clean(text)}\n")
    sys.stdout.flush()


def show_text(text: str) -> None:
    """A text that is the data itself."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def show_bytes(content: bytes) -> None:
    """A body or file as it is; on a terminal as text that cannot steer it."""
    if sys.stdout.isatty():
        show_text(clean(content.decode("utf-8", "replace").replace("\r\n", "\n")))
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def progress(steps: Sequence[T], title: str) -> Iterable[T]:
    """The steps, with a bar on standard error where that is a terminal."""
    return track(
        steps, title, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    )


def clean(text: str) -> str:
    """Text that cannot steer a terminal: control and format characters become U+FFFD."""
    return "".join(
        character if character == "\n" or unicodedata.category(character)[0] != "C" else "\ufffd"
        for character in text
    )


def _write_json(value: object) -> None:
    # ASCII: what came from others cannot steer a terminal here either.
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True) + "\n")


def _in_words(value: object) -> str:
    if value is None or value in ("", [], {}):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(_in_words(entry) for entry in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(str(name))}: {_in_words(entry)}" for name, entry in value.items())
    return clean(str(value))
