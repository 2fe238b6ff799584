"""Values for the parameters of stored queries: read by their types, never pasted into a text.

A stored filter is parsed with placeholders behind its aliases; the values are handed to the
evaluation beside it, so no value can be taken for a part of the filter.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.protected.odata.bounds import QueryRefused, has_half_character
from chalicelib.protected.odata.stored_queries import ParameterType

MAXIMUM_TEXT_LENGTH = 1_000

# A literal of each type, for the parser to judge types by.
PLACEHOLDERS: Mapping[ParameterType, str] = {
    ParameterType.STRING: "'text'",
    ParameterType.INTEGER: "0",
    ParameterType.BOOLEAN: "true",
    ParameterType.DATETIME: "2000-01-01T00:00:00Z",
}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BOOLEANS = {"true": True, "false": False}


def placeholder_options(types: Mapping[str, ParameterType]) -> dict[str, str]:
    """Query options that define every parameter's alias for the parser."""
    return {f"@{name}": PLACEHOLDERS[kind] for name, kind in types.items()}


def bind(types: Mapping[str, ParameterType], given: Mapping[str, object]) -> dict[str, Any]:
    """The value of each parameter; texts are read as their type writes them.

    Raises QueryRefused for a parameter that is missing, unknown, or of another type.
    """
    unknown = sorted(given.keys() - types.keys())
    if unknown:
        raise _refusal(f"The query has no parameter {unknown[0][:40]}.")
    missing = sorted(types.keys() - given.keys())
    if missing:
        raise _refusal(f"The parameter {missing[0]} is missing.")
    return {name: _read(name, kind, given[name]) for name, kind in types.items()}


def write(value: object) -> str:
    """A bound value as `bind` reads it again."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _read(name: str, kind: ParameterType, value: object) -> Any:
    read: Any = None
    if kind is ParameterType.STRING:
        read = value if isinstance(value, str) and _is_storable(value) else None
    elif kind is ParameterType.BOOLEAN:
        read = value if isinstance(value, bool) else _BOOLEANS.get(str(value))
    elif kind is ParameterType.INTEGER:
        whole = not isinstance(value, bool) and _INTEGER.fullmatch(str(value))
        read = int(str(value)) if whole else None
    elif isinstance(value, str):
        read = _time(value)
    if read is None:
        raise _refusal(f"The parameter {name} must be of type {kind.value}.")
    return read


def _is_storable(text: str) -> bool:
    return len(text) <= MAXIMUM_TEXT_LENGTH and not has_half_character(text)


def _time(value: str) -> datetime | None:
    """RFC 3339, with its offset."""
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _refusal(message: str) -> QueryRefused:
    return QueryRefused("InvalidParameter", message)
