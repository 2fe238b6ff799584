"""Forms of the console with a file among their fields (RFC 7578), read strictly and bounded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.administration.bodies import media_type
from chalicelib.oauth.errors import InvalidRequest
from chalicelib.oauth.messages import MAXIMUM_BODY_BYTES, Request
from chalicelib.oauth.parameters import MAXIMUM_PARAMETERS, parse_form

MULTIPART = "multipart/form-data"
MAXIMUM_PART_HEADERS = 1_000

_BOUNDARY = re.compile(r';\s*boundary="?([A-Za-z0-9\'()+_,./:=?-]{1,70})"?\s*(?:;|$)')
_NAME = re.compile(rb'(?i)content-disposition:\s*form-data;\s*name="([a-z0-9_]{1,64})"')
_FILE_NAME = re.compile(rb'(?i);\s*filename="[^"\r\n]{0,500}"')


@dataclass(frozen=True, slots=True)
class Posted:
    """The fields of a form that have a value, and its files that are not empty."""

    fields: dict[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)


def read_posted(request: Request) -> Posted:
    """A form with files or without. Raises InvalidRequest, ContentTooLarge."""
    if media_type(request) != MULTIPART:
        return Posted(parse_form(request, maximum_length=MAXIMUM_BODY_BYTES))
    match = _BOUNDARY.search(request.header("content-type") or "")
    if match is None or request.query:
        raise InvalidRequest("The form is malformed.")
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for name, is_file, content in _parts(request.body, match[1].encode("ascii")):
        if name in fields or name in files:
            raise InvalidRequest("A field was sent more than once.")
        if is_file:
            files[name] = content
        else:
            fields[name] = _text(content)
    return Posted(
        {name: value for name, value in fields.items() if value},
        {name: content for name, content in files.items() if content},
    )


def _parts(body: bytes, boundary: bytes) -> list[tuple[str, bool, bytes]]:
    """Name, whether it is a file, and content of each part, in order."""
    sections = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(sections) - 2 > MAXIMUM_PARAMETERS:
        raise InvalidRequest("There are too many fields.")
    if sections[0] != b"" or not sections[-1].startswith(b"--"):
        raise InvalidRequest("The form is malformed.")
    return [_part(section) for section in sections[1:-1]]


def _part(section: bytes) -> tuple[str, bool, bytes]:
    headers, separator, content = section.partition(b"\r\n\r\n")
    if not separator or len(headers) > MAXIMUM_PART_HEADERS or not headers.startswith(b"\r\n"):
        raise InvalidRequest("The form is malformed.")
    name = _NAME.search(headers)
    if name is None:
        raise InvalidRequest("A field of the form has no name that is ours.")
    return name[1].decode("ascii"), _FILE_NAME.search(headers) is not None, content


def _text(content: bytes) -> str:
    """Of any length that a body can have: what is too long for its field is refused there."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("A field is not UTF-8.") from None
