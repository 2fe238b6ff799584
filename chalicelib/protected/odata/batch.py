"""`$batch` of reads, multipart (Part 1, §11.7) and JSON (JSON Format 4.01, §19)."""

import re
from typing import Any

from odatapy.server.batch import BatchHandler, BatchParser, get_boundary, validate_boundary
from odatapy.server.processor import BatchProcessor
from odatapy.server.request import ODataRequest, ODataResponse
from odatapy.server.uri.resource import UriInfo

from chalicelib.oauth import strict_json
from chalicelib.protected.odata.bounds import QueryRefused, has_half_character
from chalicelib.protected.odata.handling import ReadOnlyHandler
from chalicelib.protected.odata.processor import call_of

MAXIMUM_PARTS = 20

_MEMBERS = frozenset({"id", "method", "url", "headers", "dependsOn"})
_MEDIA_TYPES = ("multipart/mixed", "application/json")
_MAXIMUM_HEADERS = 20
_CHARSET = re.compile(r'\bcharset\s*=\s*"?([^\s";]+)', re.IGNORECASE)
_REQUEST_LINE = re.compile(rb"^([A-Z]+ )([^\r\n]+)( HTTP/[0-9.]+)(?=\r?$)", re.MULTILINE)


class ReadingBatch(BatchProcessor):
    """Runs the parts one after the other; a part that would write is refused alone."""

    def __init__(self, handler: ReadOnlyHandler) -> None:
        self._handler = handler

    def process_batch(
        self, request: ODataRequest, response: ODataResponse, _uri_info: UriInfo
    ) -> None:
        """Raises QueryRefused for a batch that is malformed, too large, or in another batch."""
        call = call_of(request)
        if call.in_batch:
            # However its path was written.
            raise QueryRefused("InvalidBatch", "A batch holds no other batch.")
        call.in_batch = True
        media_type, _, parameters = (request.content_type or "").partition(";")
        media_type = media_type.strip(" \t").lower()
        charset = _CHARSET.search(parameters)
        if media_type not in _MEDIA_TYPES or (charset and charset[1].lower() != "utf-8"):
            message = f"A batch is {' or '.join(_MEDIA_TYPES)} in UTF-8."
            raise QueryRefused("UnsupportedMediaType", message, status=415)
        try:
            if media_type == "application/json":
                _validate_json(request.body)
            else:
                request.body = _REQUEST_LINE.sub(_encode_spaces, request.body)
                _validate_multipart(request)
            result = BatchHandler(self._handler, request.raw_base_uri).process(request)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            # Parts never raise: the library stumbled over the batch itself.
            raise QueryRefused("InvalidBatch", "The batch cannot be read.") from error
        response.set_status(result.status_code)
        response.content = result.body_bytes()
        for name, value in result.headers.items():
            response.set_header(name, value)


def _validate_multipart(request: ODataRequest) -> None:
    boundary = validate_boundary(get_boundary(request.content_type))
    # Every part has a delimiter before it, and one closes the last.
    _validate_count(request.body.count(b"--" + boundary.encode()) - 1)
    parts = BatchParser(request.raw_base_uri).parse(request.body, boundary)
    if any(part.changeset is not None for part in parts):
        raise QueryRefused("MethodNotAllowed", "A change set writes: this service is read-only.")


def _encode_spaces(line: re.Match[bytes]) -> bytes:
    """A request line as it should be; some clients send the spaces of a filter as they are."""
    return line[1] + line[2].replace(b" ", b"%20") + line[3]


def _validate_json(body: bytes) -> None:
    try:
        batch: Any = strict_json.parse(body)
    except strict_json.MalformedJson as error:
        raise QueryRefused("InvalidBatch", f"The batch cannot be read: {error}.") from None
    requests = batch.get("requests") if isinstance(batch, dict) else None
    if not isinstance(requests, list):
        raise QueryRefused("InvalidBatch", "The batch holds no array named requests.")
    _validate_count(len(requests))
    for part in requests:
        _validate_part(part)
    if len({part["id"] for part in requests}) < len(requests):
        # An answer could not be told from another, nor what depends on which.
        raise QueryRefused("InvalidBatch", "Two requests of the batch have the same id.")


def _validate_part(part: Any) -> None:
    if not isinstance(part, dict) or not part.keys() <= _MEMBERS:
        members = ", ".join(sorted(_MEMBERS))
        raise QueryRefused("InvalidBatch", f"A request of a batch may hold {members}.")
    headers = part.get("headers", {})
    if not isinstance(headers, dict) or len(headers) > _MAXIMUM_HEADERS:
        raise QueryRefused("InvalidBatch", "The headers of a request are not an object.")
    depends = part.get("dependsOn", [])
    texts = [part.get("id"), part.get("method"), part.get("url"), *headers.values()]
    texts += depends if isinstance(depends, list) else [depends]
    if not all(isinstance(text, str) for text in texts):
        raise QueryRefused(
            "InvalidBatch", "A request needs id, method and url; all it holds is text."
        )
    if any(has_half_character(text) for text in (*texts, *headers)):
        raise QueryRefused("InvalidBatch", "A member of a request holds half a character.")


def _validate_count(parts: int) -> None:
    if parts > MAXIMUM_PARTS:
        raise QueryRefused("InvalidBatch", f"A batch holds at most {MAXIMUM_PARTS} requests.")
