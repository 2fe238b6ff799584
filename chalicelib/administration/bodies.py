"""Reads a JSON body strictly: one object, no duplicate name, bounded in size and depth."""

import re

from chalicelib.administration.refusals import UnsupportedMediaType
from chalicelib.oauth import strict_json
from chalicelib.oauth.errors import ContentTooLarge, InvalidRequest
from chalicelib.oauth.messages import MAXIMUM_BODY_BYTES, Request

JSON_TYPE = "application/json"
MAXIMUM_DEPTH = 8

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def media_type(request: Request) -> str:
    """The type of the body in lower case, without parameters; empty when none is named."""
    return (request.header("content-type") or "").partition(";")[0].strip().lower()


def read_json_object(
    request: Request,
    *,
    may_be_empty: bool = False,
    maximum_depth: int = MAXIMUM_DEPTH,
    types: frozenset[str] = frozenset({JSON_TYPE}),
) -> dict[str, object]:
    """The body's JSON object. `may_be_empty` reads no body at all as `{}`.

    `types` are the media types taken; the empty one stands for none being named.

    Raises UnsupportedMediaType, ContentTooLarge, InvalidRequest.
    """
    if len(request.body) > MAXIMUM_BODY_BYTES:
        raise ContentTooLarge("The body is too large.")
    if may_be_empty and not request.body.strip():
        return {}
    charset = _CHARSET.search(request.header("content-type") or "")
    if media_type(request) not in types or (charset and charset.group(1).lower() != "utf-8"):
        raise UnsupportedMediaType(f"{JSON_TYPE} in UTF-8")
    try:
        value = strict_json.parse(request.body)
    except strict_json.MalformedJson as error:
        raise InvalidRequest(f"The body cannot be read: {error}.", detail=str(error)) from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is not a JSON object.")
    _validate(value, maximum_depth)
    return value


def _validate(value: object, depth: int) -> None:
    """Refuse deep nesting and texts that no encoding can store."""
    if depth == 0:
        raise InvalidRequest("The body is nested too deeply.")
    if isinstance(value, str) and _HALF_CHARACTER.search(value):
        # "\ud800" is a JSON escape of half a character.
        raise InvalidRequest("The body holds half a character.")
    if isinstance(value, dict):
        for name, member in value.items():
            _validate(name, depth)
            _validate(member, depth - 1)
    elif isinstance(value, list):
        for member in value:
            _validate(member, depth - 1)
