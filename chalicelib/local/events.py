"""Between WSGI and API Gateway: events of payload format 1.0, and the answers to them."""

import base64
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from chalicelib.local.routes import Match

Environ = Mapping[str, Any]
Headers = list[tuple[str, str]]

STAGE = "$default"
# WSGI names these two without the prefix that marks every other header.
_UNPREFIXED = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}
# The server below decides on these: what it sends is framed by itself.
_HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over WSGI."""

    status: int
    headers: Headers
    body: bytes

    @property
    def status_line(self) -> str:
        """`200 OK`; a status without a name of its own gets none."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = ""
        return f"{self.status} {phrase}".rstrip()


def request_path(environ: Environ) -> str:
    """The path, percent-decoded as an HTTP API hands it on; WSGI carries its bytes as Latin-1."""
    path: str = environ.get("PATH_INFO", "")
    return path.encode("latin-1").decode("utf-8", "replace") or "/"


def event_from(environ: Environ, match: Match, body: bytes) -> dict[str, Any]:
    """The payload 1.0 event of a request, as an HTTP API with one `ANY` route per path sends it."""
    headers = _headers(environ)
    query = _query(environ)
    path = request_path(environ)
    text, is_base64 = _encoded(body)
    return {
        "version": "1.0",
        "resource": match.resource_path,
        "path": path,
        "httpMethod": environ["REQUEST_METHOD"],
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": _context(environ, match, path),
        "pathParameters": match.parameters or None,
        "stageVariables": None,
        "body": text,
        "isBase64Encoded": is_base64,
    }


def answer_from(result: Mapping[str, Any]) -> Answer:
    """The HTTP answer that API Gateway makes of what the function returned."""
    body: str = result.get("body") or ""
    content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode("utf-8")
    headers = list(_flat(result.get("headers") or {}, result.get("multiValueHeaders") or {}))
    if content and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain; charset=utf-8"))
    return Answer(status=result["statusCode"], headers=headers, body=content)


def _headers(environ: Environ) -> dict[str, list[str]]:
    """Every header by its name; WSGI has already joined a repeated one with commas."""
    headers = {}
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            headers[key.removeprefix("HTTP_").replace("_", "-").title()] = [value]
        elif key in _UNPREFIXED and value:
            headers[_UNPREFIXED[key]] = [value]
    return headers


def _query(environ: Environ) -> dict[str, list[str]]:
    """Every value of every parameter, empty ones included."""
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return query


def _encoded(body: bytes) -> tuple[str | None, bool]:
    """The body as an event carries it: text where it is UTF-8, else base64."""
    if not body:
        return None, False
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), True


def _context(environ: Environ, match: Match, path: str) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": "000000000000",
        "apiId": "local",
        "domainName": environ.get("HTTP_HOST", ""),
        "httpMethod": environ["REQUEST_METHOD"],
        "identity": {
            "sourceIp": environ.get("REMOTE_ADDR", ""),
            "userAgent": environ.get("HTTP_USER_AGENT", ""),
        },
        "path": path,
        "protocol": environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        "requestId": str(uuid.uuid4()),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": None,
        "resourcePath": match.resource_path,
        "stage": STAGE,
    }


def _flat(
    single: Mapping[str, str], multiple: Mapping[str, Iterable[str]]
) -> Iterable[tuple[str, str]]:
    """Each header line once; several `Set-Cookie` stay several lines."""
    repeated = {name.lower() for name in multiple}
    for name, value in single.items():
        if name.lower() not in _HOP_BY_HOP | repeated:
            yield name, str(value)
    for name, values in multiple.items():
        if name.lower() not in _HOP_BY_HOP:
            for value in values:
                yield name, str(value)
