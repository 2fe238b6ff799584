"""What widely used clients send besides the letter of the standard, put into its words.

Microsoft Entra ID sends booleans as texts, managers as plain ids or in a list, also at the path
`manager`, attribute paths with filters as the names of a value without a path, and the old value
beside what is to go. The library beneath reads operations in any case, dotted names in values,
filters that match nothing yet, and members to remove as a value.
"""

import re
from collections.abc import Mapping

from chalicelib.protected.scim.models import ENTERPRISE_URN

_BOOLEANS = {"true": True, "false": False}
_BOOLEAN_NAMES = frozenset({"active", "primary"})
_BOOLEAN_TERM = re.compile(r'\b(active|primary)\s+(eq|ne)\s+"(true|false)"', re.IGNORECASE)
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")')
# Lists, of which a value beside a remove selects entries.
_LISTS = frozenset({"members", "emails", "phonenumbers", "photos", "addresses"})
_MANAGER = "manager"
_MANAGER_PATH = f"{ENTERPRISE_URN}:{_MANAGER}".lower()

_MANAGER_TERM = re.compile(
    rf"(?<![\w.:])(?:{re.escape(ENTERPRISE_URN)}:)?manager(?=\s+(?:eq|ne)\s)", re.IGNORECASE
)


def normalize_filter(text: str) -> str:
    """`primary eq "True"` compares a truth value, and `manager eq "…"` the manager's id."""
    compared = _BOOLEAN_TERM.sub(lambda m: f"{m[1]} {m[2]} {m[3].lower()}", text)
    # Every second part is a text in quotes, which stays as it is.
    parts = _QUOTED.split(compared)
    parts[::2] = [_MANAGER_TERM.sub(f"{ENTERPRISE_URN}:manager.value", part) for part in parts[::2]]
    return "".join(parts)


def normalize_resource(body: Mapping[str, object]) -> dict[str, object]:
    """A user or group as a client posts or puts it."""
    return {name: _normalize(name, value) for name, value in body.items()}


def normalize_patch(body: Mapping[str, object]) -> dict[str, object]:
    """The operations of a PATCH; what is none is left for the library to refuse."""
    changed = dict(body)
    for name, value in body.items():
        if name.lower() == "operations" and isinstance(value, list):
            changed[name] = [one for operation in value for one in _operations(operation)]
    return changed


def _operations(operation: object) -> list[object]:
    if not isinstance(operation, dict):
        return [operation]
    named = {name.lower(): name for name in operation if isinstance(name, str)}
    path = operation.get(named.get("path", "path"))
    value_name = named.get("value", "value")
    value = operation.get(value_name)
    if isinstance(path, str) and path:
        normalized = _normalize_path(path)
        changed = {**operation, named["path"]: normalized}
        if str(operation.get(named.get("op", "op"))).lower() == "remove":
            return [_removal(changed, normalized, value_name, value)]
        if value_name in operation:
            changed[value_name] = _normalize(_last_name(normalized), value, path=normalized)
            if changed[value_name] is None and value is not None:
                # Told to become nobody: the manager goes.
                rest = {name: one for name, one in changed.items() if name != value_name}
                return [{**rest, named.get("op", "op"): "remove"}]
        return [changed]
    if not isinstance(value, dict):
        return [operation]
    return _without_path(operation, value_name, value)


def _normalize_path(path: str) -> str:
    """Without its schema the manager would be an attribute that nobody knows."""
    normalized = normalize_filter(path)
    is_manager = normalized.strip().lower() == _MANAGER
    return f"{ENTERPRISE_URN}:{_MANAGER}" if is_manager else normalized


def _removal(
    operation: Mapping[str, object], path: str, value_name: str, value: object
) -> dict[str, object]:
    """A remove; where the path itself says what goes, a value only repeats what was there.

    A list, and a part of each of its entries, is left to the library, which reads paths with
    spaces about them: without its value such a remove would take everything.
    """
    named = path.strip().lower().rpartition(":")[2]
    if "[" in named or named.partition(".")[0] not in _LISTS:
        return {name: one for name, one in operation.items() if name != value_name}
    return {**operation, value_name: _selection(value)} if value else {**operation}


def _selection(value: object) -> object:
    """What a remove takes out, by the values alone: clients add names and empty references."""
    entries = value if isinstance(value, list) else [value]
    return [
        {"value": entry["value"]} if isinstance(entry, dict) and "value" in entry else entry
        for entry in entries
    ]


def _without_path(
    operation: Mapping[str, object], value_name: str, value: Mapping[str, object]
) -> list[object]:
    """One operation for the plain names, and one for each name that is a path with a filter."""
    plain = {
        _normalize_path(name): _normalize(name, one)
        for name, one in value.items()
        if "[" not in name
    }
    # "path" may be there, empty.
    rest = {name: one for name, one in operation.items() if name.lower() != "path"}
    filtered = [
        {**rest, "path": normalize_filter(name), value_name: _normalize(_last_name(name), one)}
        for name, one in value.items()
        if "[" in name
    ]
    return [{**rest, value_name: plain}, *filtered] if plain or not filtered else [*filtered]


def _normalize(name: str, value: object, *, path: str = "") -> object:
    lowered = name.lower()
    if _MANAGER_PATH in (lowered, path.lower()) or lowered == _MANAGER:
        return _manager(value)
    if _last_name(lowered) in _BOOLEAN_NAMES and isinstance(value, str):
        return _BOOLEANS.get(value.lower(), value)
    if isinstance(value, dict):
        return {key: _normalize(key, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_normalize("", one) for one in value]
    return value


def _manager(value: object) -> object:
    """A manager as an object; an empty one is none."""
    if isinstance(value, list):
        return _manager(value[0]) if value else None
    if isinstance(value, str):
        return {"value": value} if value else None
    if isinstance(value, dict) and not any(value.values()):
        return None
    return value


def _last_name(path: str) -> str:
    """`active` of `urn:…:User:active`, `primary` of `emails[type eq "work"].primary`."""
    return re.split(r"[.:]", path.rpartition("]")[2])[-1]
