"""Standard input, output and error as the commands need them, whatever the locale is."""

import io
import os
import sys
from pathlib import Path
from typing import TextIO


def open_streams() -> None:
    """What goes through a pipe is UTF-8; a terminal shows what it can, the rest as escapes.

    A stream that was closed by whoever began the process is empty.
    """
    nothing = Path(os.devnull)
    # Python has None for a closed stream, whatever its annotations say.
    sys.stdin = sys.stdin or nothing.open(encoding="utf-8")
    sys.stdout = sys.stdout or nothing.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or nothing.open("w", encoding="utf-8")
    _set(sys.stdin, "strict")
    _set(sys.stdout, "backslashreplace")
    _set(sys.stderr, "backslashreplace")


def _set(stream: TextIO, errors: str) -> None:
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors=errors)
