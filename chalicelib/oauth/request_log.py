"""What the rooms know about a request and its one log line should say."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_fields: ContextVar[dict[str, object] | None] = ContextVar("request_log", default=None)


@contextmanager
def collect() -> Iterator[dict[str, object]]:
    """Gather the fields noted while the block runs."""
    fields: dict[str, object] = {}
    token = _fields.set(fields)
    try:
        yield fields
    finally:
        _fields.reset(token)


def note(**fields: object) -> None:
    """Add fields to the request's log line: ids and names, never a credential."""
    collected = _fields.get()
    if collected is not None:
        collected.update(fields)
