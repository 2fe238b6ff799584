"""A small stand-in for API Gateway: WSGI requests become events, one at a time, for the app."""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

from chalicelib.local.events import Answer, Environ, answer_from, event_from, request_path
from chalicelib.local.routes import RouteTable

# API Gateway's own bound (design, "API Gateway").
MAXIMUM_BODY_BYTES = 10_000_000
FUNCTION_NAME = "grantline-local"
_TIMEOUT_MILLISECONDS = 30_000

StartResponse = Callable[[str, list[tuple[str, str]]], object]

logger = logging.getLogger(__name__)


class Application(Protocol):
    """What the adapter needs of a Chalice app: its routes, and calling it as Lambda does."""

    routes: dict[str, Any]

    def __call__(self, event: Any, context: Any, /) -> dict[str, Any]:
        """Answer one event."""
        ...


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """What Lambda tells a function about its invocation."""

    aws_request_id: str
    function_name: str = FUNCTION_NAME
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "512"
    invoked_function_arn: str = f"arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION_NAME}"

    def get_remaining_time_in_millis(self) -> int:
        return _TIMEOUT_MILLISECONDS


class Gateway:
    """A WSGI application in front of a Chalice app.

    The app runs behind one lock, as a Lambda process handles one event at a time; Chalice
    keeps the current request in the app, and moto is not linearizable under threads.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self._routes = RouteTable(app.routes)
        self._lock = Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        answer = self._answer(environ)
        length = ("Content-Length", str(len(answer.body)))
        start_response(answer.status_line, [*answer.headers, length])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, environ: Environ) -> Answer:
        match = self._routes.find(request_path(environ))
        if match is None:
            return _message(404, "Not Found")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > MAXIMUM_BODY_BYTES:
            return _message(413, "Request Entity Too Large")
        body = environ["wsgi.input"].read(length)
        event = event_from(environ, match, body)
        context = LambdaContext(aws_request_id=event["requestContext"]["requestId"])
        try:
            with self._lock:
                result = self._app(event, context)
            return answer_from(result)
        except Exception:
            logger.exception("The function failed.")
            return _message(500, "Internal Server Error")


def _message(status: int, message: str) -> Answer:
    """An answer of the gateway itself, in the shape of an HTTP API."""
    body = json.dumps({"message": message}).encode("ascii")
    return Answer(status=status, headers=[("Content-Type", "application/json")], body=body)
