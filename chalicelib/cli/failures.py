"""How a command can end: its exit code, and the one line that says why."""

from collections.abc import Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """What scripts can rely on (docs/command-line.md)."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_ALLOWED = 3
    NOT_FOUND = 4
    CONFLICT = 5
    UNAVAILABLE = 6
    PROBLEMS_FOUND = 7
    INTERRUPTED = 130
    # As a shell tells of SIGPIPE.
    PIPE_CLOSED = 141


class Failure(Exception):
    """The command did not do what it was asked to; `fields` names what was wrong with a form."""

    def __init__(
        self, code: ExitCode, message: str, fields: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields or {}

    def record(self) -> dict[str, object]:
        """As JSON."""
        return {"reason": self.message, "fields": dict(self.fields)}


def refuse_usage(message: str) -> Failure:
    """What was typed cannot be understood."""
    return Failure(ExitCode.USAGE, message)
