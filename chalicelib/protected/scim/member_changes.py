"""Whom the operations of a PATCH let into a group and out of it (RFC 7644 §3.5.2)."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chalicelib.protected.scim.models import GROUP_URN
from chalicelib.protected.scim.representation import USER_ID

if TYPE_CHECKING:
    from scim2_models import PatchOp

_MEMBERS = "members"
_PATHS = frozenset({_MEMBERS, f"{GROUP_URN}:{_MEMBERS}".lower()})
_ONE_MEMBER = re.compile(rf'members\[\s*value\s+eq\s+"({USER_ID.pattern})"\s*\]', re.IGNORECASE)


def named_members(patch_op: "PatchOp[Any]") -> frozenset[str] | None:
    """The ids of those whom the operations name; None where one is about the whole list."""
    named: set[str] = set()
    for operation in patch_op.operations or ():
        path = "" if operation.path is None else str(operation.path)
        ids = _ids(str(operation.op.value), path, operation.value)
        if ids is None:
            return None
        named.update(ids)
    return frozenset(named)


def _ids(op: str, path: str, value: object) -> Iterable[str] | None:
    if path:
        return _ids_at(op, path, value)
    lists = [one for name, one in _named(value) if _MEMBERS in name.lower()]
    if not lists:
        return ()
    plain = [one for name, one in _named(value) if name.lower() in _PATHS]
    return _values(plain[0]) if op == "add" and len(plain) == len(lists) == 1 else None


def _ids_at(op: str, path: str, value: object) -> Iterable[str] | None:
    if _MEMBERS not in path.lower():
        return ()
    one = _ONE_MEMBER.fullmatch(path)
    if one is not None and op == "remove":
        return (one[1],) if USER_ID.fullmatch(one[1]) else None
    if path.lower() in _PATHS and op in ("add", "remove") and value:
        return _values(value)
    return None


def _values(value: object) -> list[str] | None:
    """The ids of entries; None where one of them has another form."""
    ids = []
    for entry in value if isinstance(value, list) else [value]:
        one = {name.lower(): one for name, one in _named(entry)}.get("value")
        if not isinstance(one, str) or not USER_ID.fullmatch(one):
            return None
        ids.append(one)
    return ids


def _named(value: object) -> Iterable[tuple[str, object]]:
    """What an object holds; anything else holds nothing."""
    return value.items() if isinstance(value, dict) else ()
