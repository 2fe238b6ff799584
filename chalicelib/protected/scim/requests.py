"""Requests as the library reads them: bounded, strict JSON, and put into the standard's words."""

import json
import re
from collections.abc import Mapping

from scim2_models import (
    InvalidFilterException,
    InvalidSyntaxException,
    InvalidValueException,
    NotFoundException,
    TooManyException,
)
from scim2_server.requests import ScimRequest
from scim2_server.routing import Operation, Target, match

from chalicelib.administration.bodies import read_json_object
from chalicelib.administration.refusals import UnsupportedMediaType
from chalicelib.oauth.errors import ContentTooLarge, InvalidRequest
from chalicelib.oauth.messages import Request
from chalicelib.protected.doors import SCIM
from chalicelib.protected.scim.errors import SCIM_TYPE
from chalicelib.protected.scim.quirks import (
    normalize_filter,
    normalize_patch,
    normalize_resource,
)
from chalicelib.protected.scim.searching import count_terms

MAXIMUM_FILTER_LENGTH = 4_096
MAXIMUM_FILTER_TERMS = 50
MAXIMUM_FILTER_DEPTH = 20
MAXIMUM_OPERATIONS = 100
MAXIMUM_ATTRIBUTES = 100
MAXIMUM_ID_LENGTH = 512

_MAXIMUM_LENGTHS = {
    "filter": MAXIMUM_FILTER_LENGTH,
    "attributes": 4_096,
    "excludedAttributes": 4_096,
    "sortBy": 256,
    "sortOrder": 32,
    "startIndex": 20,
    "count": 20,
    "cursor": 8_192,
}
_ESCAPED_PAIR = re.compile(r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}|[\ud800-\udfff]")
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")')
_BOOLEAN_TERM = re.compile(r"\b(?:active|primary)\s+[a-z]{2}\s+$", re.IGNORECASE)
_WITH_BODY = frozenset(
    {Operation.create, Operation.replace, Operation.patch, Operation.search_with_body}
)
_BODY_TYPES = frozenset({SCIM_TYPE, "application/json", ""})


def read_request(request: Request, issuer: str) -> ScimRequest:
    """Raises SCIMException, OAuthError."""
    segments = [request.path_parameters.get(name, "") for name in ("endpoint", "resource_id")]
    if any("/" in segment or len(segment) > MAXIMUM_ID_LENGTH for segment in segments):
        raise NotFoundException(detail="There is no such resource")
    path = "/" + "/".join(segment for segment in segments if segment)
    # Whether the path takes the method comes before what the body holds.
    target = match(request.method, path)
    headers = {name: ", ".join(values) for name, values in request.headers.items()}
    return ScimRequest(
        method=request.method,
        base_url=issuer + SCIM.path,
        path=path,
        query=_query(request.query),
        headers={**headers, "content-type": SCIM_TYPE},
        body=_body(request, target),
    )


def _query(query: Mapping[str, object]) -> dict[str, str]:
    """The parameters of RFC 7644 §3.4.2, each at most once; others are passed over."""
    read = {}
    for name, maximum in _MAXIMUM_LENGTHS.items():
        values = query.get(name)
        if not isinstance(values, (list, tuple)) or not values:
            continue
        if len(values) > 1:
            raise InvalidValueException(detail=f"{name} must not be repeated")
        read[name] = _bounded(name, str(values[0]), maximum)
    if "filter" in read:
        read["filter"] = read_filter(read["filter"])
    return read


def read_filter(text: str) -> str:
    """A filter that is small enough to be parsed. Raises InvalidFilterException."""
    if _HALF_CHARACTER.search(_ESCAPED_PAIR.sub("", text)):
        # Written as an escape, which reads as what no encoding can store.
        raise InvalidFilterException(detail="A filter must not hold half a character")
    depth = deepest = 0
    quoted = escaped = False
    for character in text:
        if quoted:
            escaped, quoted = _in_text(character, escaped=escaped)
        elif character == '"':
            quoted = True
        elif character in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]":
            depth -= 1
    if (
        len(text) > MAXIMUM_FILTER_LENGTH
        or deepest > MAXIMUM_FILTER_DEPTH
        or count_terms(text) > MAXIMUM_FILTER_TERMS
    ):
        raise InvalidFilterException(
            detail=f"A filter may have {MAXIMUM_FILTER_LENGTH} characters, "
            f"{MAXIMUM_FILTER_TERMS} terms and {MAXIMUM_FILTER_DEPTH} levels"
        )
    normalized = normalize_filter(text)
    # Every second part is a text in quotes: none is left where a truth value is compared.
    parts = _QUOTED.split(normalized)
    if any(_BOOLEAN_TERM.search(part) for part in parts[:-1:2]):
        raise InvalidFilterException(detail="active and primary are true or false")
    return normalized


def _in_text(character: str, *, escaped: bool) -> tuple[bool, bool]:
    """Whether the next character is escaped, and whether the text goes on."""
    if escaped:
        return False, True
    return character == "\\", character != '"'


def _bounded(name: str, value: str, maximum: int) -> str:
    if len(value) > maximum:
        if name == "filter":
            return read_filter(value)
        raise InvalidValueException(detail=f"{name} may have {maximum} characters")
    if name in ("attributes", "excludedAttributes") and value.count(",") >= MAXIMUM_ATTRIBUTES:
        raise InvalidValueException(detail=f"{name} may name {MAXIMUM_ATTRIBUTES} attributes")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidValueException(detail=f"{name} must be UTF-8")
    return value


def _body(request: Request, target: Target) -> bytes:
    if target.me or target.operation not in _WITH_BODY:
        return b""
    if not request.body.strip():
        raise InvalidSyntaxException(detail="The body must be a JSON object")
    body = _read_json(request)
    if target.operation is Operation.patch:
        _bound_operations(body)
        body = normalize_patch(body)
        # A value without a path may have become many operations.
        _count_operations(body)
    elif target.operation is Operation.search_with_body:
        body = _search_body(body)
    else:
        body = normalize_resource(body)
    return json.dumps(body, ensure_ascii=False).encode()


def _read_json(request: Request) -> dict[str, object]:
    """The body's object; what is wrong with it in SCIM's words."""
    try:
        return read_json_object(request, types=_BODY_TYPES)
    except UnsupportedMediaType:
        raise UnsupportedMediaType(f"{SCIM_TYPE} or application/json, in UTF-8") from None
    except ContentTooLarge:
        raise
    except InvalidRequest as refused:
        raise InvalidSyntaxException(detail=refused.description) from None


def _search_body(body: dict[str, object]) -> dict[str, object]:
    """A search in a body is bounded as one in a URL is."""
    lengths = {name.lower(): (name, maximum) for name, maximum in _MAXIMUM_LENGTHS.items()}
    bounded = dict(body)
    for key, value in body.items():
        name, maximum = lengths.get(key.lower(), ("", 0))
        if name and isinstance(value, str):
            bounded[key] = _bounded(name, value, maximum)
            if name == "filter":
                bounded[key] = read_filter(value)
        elif isinstance(value, list) and len(value) > MAXIMUM_ATTRIBUTES:
            raise InvalidValueException(detail=f"{key} may name {MAXIMUM_ATTRIBUTES} attributes")
        elif isinstance(value, int) and abs(value) > 10**18:
            raise InvalidValueException(detail=f"{key} is too large")
    return bounded


def _bound_operations(body: Mapping[str, object]) -> None:
    """Every text that the library reads as a path is bounded as a filter is."""
    for operation in _count_operations(body):
        if not isinstance(operation, dict):
            continue
        for name, value in operation.items():
            if name.lower() == "path" and isinstance(value, str):
                read_filter(value)
            elif name.lower() == "value":
                _bound_names(value)


def _count_operations(body: Mapping[str, object]) -> list[object]:
    """The operations. Raises TooManyException."""
    listed = [
        value
        for name, value in body.items()
        if name.lower() == "operations" and isinstance(value, list)
    ]
    operations = [operation for value in listed for operation in value]
    if len(operations) > MAXIMUM_OPERATIONS:
        raise TooManyException(detail=f"A PATCH may have {MAXIMUM_OPERATIONS} operations")
    return operations


def _bound_names(value: object) -> None:
    """Names within a value are paths too; the body's depth is bounded already."""
    if isinstance(value, dict):
        for name, one in value.items():
            if "[" in name or "(" in name:
                read_filter(name)
            _bound_names(one)
    elif isinstance(value, list):
        for one in value:
            _bound_names(one)
