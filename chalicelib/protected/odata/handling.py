"""odatapy's handler, made read-only and safe to show to anybody."""

import re
from urllib.parse import unquote, unquote_plus

from odatapy.errors import ODataError
from odatapy.http.content_type import ContentType
from odatapy.http.method import HttpMethod
from odatapy.server.handler import ODataHandler, to_error
from odatapy.server.negotiator import RepresentationType
from odatapy.server.processor import CustomContentTypeSupport
from odatapy.server.request import ODataRequest, ODataResponse
from odatapy.server.serializer.json_serializer import ODataJsonSerializer

from chalicelib.oauth import request_log
from chalicelib.oauth.errors import TemporarilyUnavailable
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.protected.odata import bounds, wording
from chalicelib.protected.odata.bounds import QueryRefused
from chalicelib.protected.odata.processor import VERSION, call_of

BATCH = "$batch"
ERROR_TYPE = "application/json;odata.metadata=minimal"
MAXIMUM_MESSAGE_LENGTH = 500
# Lambda's answers end at 6 MB.
MAXIMUM_ANSWER_BYTES = 4_000_000

_BAD_REQUEST = 400
_METHOD_NOT_ALLOWED = 405
_SERVER_ERROR = 500
# What the handler may read of a request's headers. Of preferences, those that change an answer's
# size or a batch's end: `respond-async` would start a thread.
_HEADERS = frozenset(
    {"accept", "accept-charset", "content-type", "odata-maxversion", "odata-version", "prefer"}
)
_PREFERENCES = re.compile(
    r"(?:odata\.)?(?:maxpagesize\s*=\s*[0-9]{1,9}|continue-on-error(?:\s*=\s*true)?)$"
)
# Raw values are text and the model is XML, whatever else the client would rather have: some that
# prefer JSON read no JSON of a model. `$format` is asked for knowingly, and stays.
_OF_ONE_FORMAT = re.compile(r"(^|/)\$(count|value|metadata)/?$")
_FORMAT_PARAMETER = re.compile(
    r"\s*(q=[0-9.]+|charset=utf-?8|IEEE754Compatible=(true|false)|odata\.streaming=(true|false)"
    r"|odata\.metadata=(none|minimal|full))\s*",
    re.IGNORECASE,
)


class JsonEntities(CustomContentTypeSupport):
    """Entities and their properties are JSON alone: what every client of OData 4.0 reads.

    A client that would rather have XML gets the JSON that it takes as well.
    """

    def modify_supported_content_types(
        self, default_supported: list[ContentType], representation_type: RepresentationType
    ) -> list[ContentType]:
        """The types that a client may choose among."""
        if representation_type in (RepresentationType.SERVICE, RepresentationType.METADATA):
            return default_supported
        return [one for one in default_supported if "xml" not in one.subtype]


class ReadOnlyHandler(ODataHandler):
    """Every request, those in a batch included, passes its bounds before it is parsed."""

    def process(self, request: ODataRequest) -> ODataResponse:
        """Answer a part of a batch: its path is as a client wrote it."""
        request.raw_odata_path = unquote(request.raw_odata_path)
        return self.answer(request)

    def answer(self, request: ODataRequest) -> ODataResponse:
        """Answer a request whose path is decoded; whatever it holds, this does not raise."""
        try:
            _admit(request)
            response = super().process(request)
            _validate_size(response)
        except QueryRefused as refused:
            response = ODataResponse()
            self._handle_error(request, response, refused)
            request.negotiated_version = VERSION
            self._finish(request, response)
        return response

    def _handle_error(self, request: ODataRequest, response: ODataResponse, exc: Exception) -> None:
        """The error as JSON (JSON Format, §19); a failure of ours is kept for the caller.

        The library's own way to change errors leaves their status as it is.
        """
        status, error = to_error(exc)
        reason = type(exc).__name__
        if isinstance(exc, StoreUnavailable) and call_of(request).in_batch:
            # The parts that were answered stay answered.
            unavailable = TemporarilyUnavailable(detail=str(exc))
            status, reason = unavailable.status, str(exc)
            error = ODataError(unavailable.error, unavailable.description)
            for name, value in unavailable.headers().items():
                response.set_header(name, value)
        elif status == _SERVER_ERROR and request.uri_info is None:
            # Nothing was read yet: the parser stumbled over what the client wrote.
            status, error = _BAD_REQUEST, ODataError("InvalidRequest", "The URL cannot be read.")
        elif status == _SERVER_ERROR:
            call = call_of(request)
            call.failure = call.failure or exc
        error.code = wording.code_of(status, error.code)
        request_log.note(outcome=error.code, reason=reason)
        message = wording.plain(error.message or "")[:MAXIMUM_MESSAGE_LENGTH]
        # It may repeat half a character of what a client wrote.
        error.message = message.encode("utf-8", "backslashreplace").decode("utf-8")
        response.set_content(ODataJsonSerializer(service_version=VERSION).error(error), ERROR_TYPE)
        response.set_status(status)
        if status == _METHOD_NOT_ALLOWED:
            response.set_header("Allow", "POST" if _is_batch(request) else "GET")


def _is_batch(request: ODataRequest) -> bool:
    return request.raw_odata_path.strip("/") == BATCH


def _admit(request: ODataRequest) -> None:
    """Raises QueryRefused for what writes or goes beyond the bounds."""
    _keep_headers(request)
    if request.method is not (HttpMethod.POST if _is_batch(request) else HttpMethod.GET):
        raise QueryRefused("MethodNotAllowed", "This service is read-only.", status=405)
    bounds.validate_path(request.raw_odata_path)
    options: dict[str, list[str]] = {}
    for part in (request.raw_query_path or "").split("&"):
        if part:
            name, _, value = part.partition("=")
            options.setdefault(_decode(name).strip(), []).append(_decode(value))
    bounds.validate_options(options)


def _decode(text: str) -> str:
    try:
        return unquote_plus(text, errors="surrogatepass")
    except UnicodeDecodeError:
        raise QueryRefused("InvalidQuery", "The query is not UTF-8.") from None


def _validate_size(response: ODataResponse) -> None:
    if len(response.body_bytes()) > MAXIMUM_ANSWER_BYTES:
        raise QueryRefused("AnswerTooLarge", "The answer is too large; use $top or $select.")


def _keep_headers(request: ODataRequest) -> None:
    """Drop what the handler would do more with than answer."""
    kept = {name: value for name, value in request.headers.items() if name in _HEADERS}
    preferred = [one for one in _listed(kept.pop("prefer", "")) if _PREFERENCES.match(one)]
    if preferred:
        kept["prefer"] = ", ".join(preferred)
    if _OF_ONE_FORMAT.search(request.raw_odata_path):
        kept.pop("accept", None)
    elif "accept" in kept:
        kept["accept"] = _known_formats(kept["accept"])
    request.set_headers(kept)


def _known_formats(accept: str) -> str:
    """The formats without those that are to be rejected for a parameter (Part 1, §8.2.1).

    When no other is left, all are kept: the handler tells what is wrong. Java's own client asks
    for `*`, which stands for every type.
    """
    formats = ["*/*" + one[1:] if re.match(r"\*\s*(;|$)", one) else one for one in _listed(accept)]
    known = [
        one
        for one in formats
        if all(_FORMAT_PARAMETER.fullmatch(part.replace('"', "")) for part in one.split(";")[1:])
    ]
    return ", ".join(known or formats)


def _listed(header: str) -> list[str]:
    return [one.strip() for one in header.split(",")]
