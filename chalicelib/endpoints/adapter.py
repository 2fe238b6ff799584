"""Between Chalice and the rooms below: events to requests, errors to answers, one log line each."""

import re
import time
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Chalice
from chalice.app import Request as ChaliceRequest
from chalice.app import Response as ChaliceResponse

from chalicelib.oauth import request_log
from chalicelib.oauth.errors import (
    ContentTooLarge,
    InvalidRequest,
    MethodNotAllowed,
    OAuthError,
    ServerError,
    TemporarilyUnavailable,
)
from chalicelib.oauth.messages import MAXIMUM_BODY_BYTES, Request, Response
from chalicelib.oauth.stores import StoreUnavailable

Endpoint = Callable[[Request], Response]
Refuse = Callable[[OAuthError], Response]
"""What a refusal looks like that no endpoint answered by itself."""

_Refusals = tuple[Refuse, Refuse]
"""To a browser that asks for a page, and to everybody else."""

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
_CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "WWW-Authenticate, Retry-After",
}
_PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "3600",
}
_SERVER_ERROR = ServerError().body()
_METHOD_NOT_ALLOWED = 405
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Calls(Protocol):
    """What a request cost beneath, as its log line tells it."""

    @property
    def calls(self) -> int: ...
    @property
    def read_units(self) -> float: ...
    @property
    def write_units(self) -> float: ...


Budget = Callable[[], AbstractContextManager[Calls]]
Observer = Callable[[str, int, Mapping[str, object]], None]
"""Told of every answer: the route's path, the status, the fields of the log line."""


class _FileResponse(ChaliceResponse):
    """Bytes as they are. Chalice would send its listed binary types alone, and only on Accept."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        answer = ChaliceResponse("", dict(self.headers), self.status_code).to_dict(binary_types)
        return answer | {"body": b64encode(self.body).decode("ascii"), "isBase64Encoded": True}


def as_json(error: OAuthError) -> Response:
    """A refusal in the shape of RFC 6749 §5.2."""
    request_log.note(outcome=error.error, reason=error.detail)
    return Response(error.status, error.body(), error.headers())


class Edge:
    """Registers endpoints with Chalice; every request passes through `_answer`."""

    def __init__(
        self,
        app: Chalice,
        logger: Logger,
        budget: Budget,
        observer: Observer | None = None,
        *,
        configured: bool,
    ) -> None:
        self._app = app
        self._observer = observer
        self._configured = configured
        self._logger = logger
        self._budget = budget
        self._refuse_program: dict[str, Refuse] = {}
        app.register_middleware(self._finish, "http")

    def add(
        self,
        blueprint: Blueprint,
        path: str,
        endpoints: Mapping[str, Endpoint],
        *,
        cross_origin: bool = False,
        refuse: Refuse = as_json,
        refuse_program: Refuse = as_json,
    ) -> None:
        """Serve `endpoints` by method at `path`; content types are checked by the endpoints.

        `refuse` makes what a browser is shown in place of a page, `refuse_program` what
        everybody else is told.
        `cross_origin` lets pages of any origin call it (Fetch, "CORS protocol"): such a call
        carries no cookie, so it can do no more than a program elsewhere.
        """
        extra: Mapping[str, str] = {}
        if cross_origin:
            extra = _CROSS_ORIGIN
            methods = ", ".join(endpoints)
            allowed = {"Access-Control-Allow-Methods": methods, **_PREFLIGHT}
            endpoints = {**endpoints, "OPTIONS": lambda _: Response(204, None, allowed)}
        for method, endpoint in endpoints.items():
            view = self._view(endpoint, (refuse, refuse_program), extra)
            view.__name__ = f"{method}_{path}"
            blueprint.route(path, methods=[method], content_types=["*/*"])(view)
        self._refuse_program[path] = refuse_program

    def _view(
        self, endpoint: Endpoint, refusals: _Refusals, extra: Mapping[str, str]
    ) -> Callable[..., ChaliceResponse]:
        def view(**path_parameters: str) -> ChaliceResponse:
            current = self._app.current_request
            if current is None:
                raise RuntimeError("Chalice calls views with a request")
            answer = self._answer(endpoint, refusals, current, path_parameters)
            answer.headers.update(extra)
            return answer

        return view

    def _answer(
        self,
        endpoint: Endpoint,
        refusals: _Refusals,
        current: ChaliceRequest,
        path_parameters: Mapping[str, str],
    ) -> ChaliceResponse:
        """Call the endpoint; every way it can end becomes an answer and one log line."""
        started = time.perf_counter()
        with request_log.collect() as fields, self._budget() as calls:
            response = self._respond(endpoint, refusals, current, path_parameters)
            if not _are_headers_sound(response.headers):
                # Neither Chalice nor a gateway looks: one line break more is one header more.
                fields.update(outcome="server_error", reason="control character in a header")
                response = Response(500, _SERVER_ERROR)
        line = {
            "request_id": current.context.get("requestId", ""),
            "method": current.method,
            "path": current.path,
            "status": response.status,
            "latency_ms": round((time.perf_counter() - started) * 1000, 1),
            "aws_calls": calls.calls,
            "read_units": calls.read_units,
            "write_units": calls.write_units,
            "outcome": "ok",
        }
        self._logger.info("request", extra=line | fields)
        if self._observer is not None:
            self._observer(current.context["resourcePath"], response.status, line | fields)
        headers: dict[str, str | list[str]] = {**SECURITY_HEADERS, **response.headers}
        if "Content-Type" not in headers and response.body is not None:
            headers["Content-Type"] = "application/json"
        body = "" if response.body is None else response.body
        kind = _FileResponse if isinstance(body, bytes) else ChaliceResponse
        return kind(body=body, status_code=response.status, headers=headers)

    def _finish(
        self, event: ChaliceRequest, get_response: Callable[[object], ChaliceResponse]
    ) -> ChaliceResponse:
        """Give Chalice's own answers, which never passed `_answer`, our shape and a log line."""
        response = get_response(event)
        if "Content-Security-Policy" not in response.headers:
            refusal = self._chalice_refusal(event, response.status_code)
            response.body, response.status_code = refusal.body, refusal.status
            own = {"Content-Type": "application/json", **refusal.headers}
            response.headers = {**response.headers, **SECURITY_HEADERS, **own}
        return response

    def _chalice_refusal(self, event: ChaliceRequest, status: int) -> Response:
        """A method that a path does not take, as the path's own refusals are; else a failure."""
        not_allowed = status == _METHOD_NOT_ALLOWED
        error = MethodNotAllowed() if not_allowed else ServerError()
        refuse = self._refuse_program.get(event.context["resourcePath"], as_json)
        refusal = refuse(error)
        line = {
            "request_id": event.context.get("requestId", ""),
            "method": event.method,
            "path": event.path,
            "status": refusal.status,
            "outcome": error.error,
        }
        self._logger.info("request", extra=line)
        return refusal

    def _respond(
        self,
        endpoint: Endpoint,
        refusals: _Refusals,
        current: ChaliceRequest,
        path_parameters: Mapping[str, str],
    ) -> Response:
        """The endpoint's answer, or the error that it ended in, noted for the log."""
        if not self._configured:
            return as_json(ServerError(detail="GRANTLINE_ISSUER is not set"))
        event = current.to_original_event()
        try:
            return endpoint(to_request(event, path_parameters))
        except Exception as error:  # noqa: BLE001 - the edge: whatever happens becomes an answer
            refusal = self._refusal_of(error)
        refuse, refuse_program = refusals
        try:
            return refuse(refusal) if _asks_for_page(event) else refuse_program(refusal)
        except Exception as error:  # noqa: BLE001 - what should tell of a failure failed too
            return as_json(self._refusal_of(error))

    def _refusal_of(self, error: Exception) -> OAuthError:
        if isinstance(error, OAuthError):
            return error
        if isinstance(error, StoreUnavailable):
            return TemporarilyUnavailable(detail=str(error))
        # Not `exception`: messages and locals of strange errors may hold a credential.
        self._logger.error("unexpected", extra={"frames": _frames(error)})
        return ServerError(detail=type(error).__name__)


def _asks_for_page(event: Mapping[str, Any]) -> bool:
    """Browsers name HTML where they ask for a page; programs and scripts seldom do."""
    return "text/html" in ",".join(_headers(event).get("accept", ())).lower()


def _are_headers_sound(headers: Mapping[str, str | list[str]]) -> bool:
    """Whether no value could end its line (RFC 9110 §5.5)."""
    values = [[value] if isinstance(value, str) else value for value in headers.values()]
    return not any(_CONTROL.search(value) for several in values for value in several)


def to_request(event: Mapping[str, Any], path_parameters: Mapping[str, str]) -> Request:
    """The request in an API Gateway event of payload 1.0.

    The client address is the gateway's, never a forwarded header (checklist 60).
    Raises InvalidRequest, ContentTooLarge.
    """
    context = event["requestContext"]
    return Request(
        method=context["httpMethod"],
        path=context.get("path") or context["resourcePath"],
        headers=_headers(event),
        query=_multiple(event.get("multiValueQueryStringParameters")),
        path_parameters=path_parameters,
        body=_body(event),
        source_ip=(context.get("identity") or {}).get("sourceIp") or "",
        request_id=context.get("requestId") or "",
    )


def _headers(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """Every value of every header, names in lower case; an empty map where there are none."""
    headers: dict[str, list[str]] = {}
    multiple = event.get("multiValueHeaders") or {
        name: [value] for name, value in (event.get("headers") or {}).items()
    }
    for name, values in multiple.items():
        headers.setdefault(name.lower(), []).extend(values)
    return headers


def _multiple(values: Mapping[str, Sequence[str]] | None) -> Mapping[str, Sequence[str]]:
    return {} if values is None else values


def _body(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    # Base64 makes four characters of three bytes; refuse before decoding.
    if len(body) > MAXIMUM_BODY_BYTES * 4 // 3 + 4:
        raise ContentTooLarge("The body is over 64 KiB.")
    try:
        content = b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (Base64Error, ValueError):
        raise InvalidRequest("The body cannot be decoded.") from None
    if len(content) > MAXIMUM_BODY_BYTES:
        raise ContentTooLarge("The body is over 64 KiB.")
    return content


def _frames(error: BaseException) -> list[str]:
    """Where it happened: files, lines and functions, no values."""
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames
