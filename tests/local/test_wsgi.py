import base64
import io
import json
import logging
from typing import Any

import pytest
from chalice.app import Chalice, Response

from chalicelib.local.wsgi import MAXIMUM_BODY_BYTES, Gateway

EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Answered:
    """What a WSGI server would have sent."""

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = int(status.split(maxsplit=1)[0])
        self.status_line = status
        self.headers = headers
        self.body = body

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(
    gateway: Gateway, method: str, path: str, *, query: str = "", body: bytes = b"", **extra: str
) -> Answered:
    sent: list[tuple[str, list[tuple[str, str]]]] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path.encode("utf-8").decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.input": io.BytesIO(body),
        **extra,
    }
    chunks = gateway(environ, lambda status, headers: sent.append((status, headers)))
    status, headers = sent[0]
    return Answered(status, headers, b"".join(chunks))


@pytest.fixture(name="gateway")
def gateway_fixture() -> Gateway:
    app = Chalice(app_name="throwaway")
    app.api.binary_types = ["font/woff2"]

    def echo(**_parameters: str) -> Response:
        assert app.current_request is not None
        event = dict(app.current_request.to_original_event())
        seen = app.current_request.raw_body
        assert isinstance(seen, bytes)
        event["seen_body"] = base64.b64encode(seen).decode()
        return Response(body=event, headers={"Content-Type": "application/json"})

    app.route("/echo", methods=EVERY_METHOD, content_types=["*/*"])(echo)
    app.route("/echo/{name}", methods=["GET"], name="named")(echo)

    @app.route("/cookies")
    def cookies() -> Response:
        return Response(body={}, headers={"Set-Cookie": ["a=1", "b=2"], "X-One": "1"})

    @app.route("/font")
    def font() -> Response:
        return Response(body=b"\x00\xff", headers={"Content-Type": "font/woff2"})

    @app.route("/empty", methods=["DELETE"])
    def empty() -> Response:
        return Response(body="", status_code=204)

    return Gateway(app)


def test_a_request_becomes_a_payload_1_0_event(gateway: Gateway) -> None:
    event = call(gateway, "GET", "/echo/b", HTTP_USER_AGENT="test", HTTP_HOST="h:1").json
    assert event["version"] == "1.0"
    assert event["resource"] == "/echo/{name}"
    assert event["path"] == "/echo/b"
    assert event["httpMethod"] == "GET"
    assert event["pathParameters"] == {"name": "b"}
    assert event["headers"] == {"User-Agent": "test", "Host": "h:1"}
    assert event["multiValueHeaders"] == {"User-Agent": ["test"], "Host": ["h:1"]}
    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None
    assert event["body"] is None
    context = event["requestContext"]
    assert context["resourcePath"] == "/echo/{name}"
    assert context["path"] == "/echo/b"
    assert context["stage"] == "$default"
    assert context["httpMethod"] == "GET"
    assert context["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "test"}
    assert context["requestId"]


def test_path_and_parameters_are_decoded(gateway: Gateway) -> None:
    event = call(gateway, "GET", "/echo/é b").json
    assert event["path"] == "/echo/é b"
    assert event["pathParameters"] == {"name": "é b"}


def test_every_value_of_a_parameter_is_kept(gateway: Gateway) -> None:
    event = call(gateway, "GET", "/echo", query="a=1&a=%C3%A9&b=&c=x%20y").json
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "é"], "b": [""], "c": ["x y"]}
    assert event["queryStringParameters"] == {"a": "é", "b": "", "c": "x y"}


@pytest.mark.parametrize(
    ("body", "is_base64"), [(b"a=1&b=2", False), ("é".encode(), False), (b"\xff\x00", True)]
)
def test_a_body_arrives_whole(gateway: Gateway, body: bytes, *, is_base64: bool) -> None:
    event = call(gateway, "POST", "/echo", body=body, CONTENT_TYPE="text/plain").json
    assert event["isBase64Encoded"] is is_base64
    assert base64.b64decode(event["seen_body"]) == body
    assert event["headers"]["Content-Type"] == "text/plain"


def test_an_unknown_path_is_the_gateways_404(gateway: Gateway) -> None:
    answer = call(gateway, "GET", "/nothing")
    assert answer.status_line == "404 Not Found"
    assert answer.json == {"message": "Not Found"}
    assert answer.header("content-type") == ["application/json"]


def test_every_method_reaches_the_app(gateway: Gateway) -> None:
    for method in EVERY_METHOD:
        assert call(gateway, method, "/echo").json["httpMethod"] == method
    answer = call(gateway, "OPTIONS", "/echo")
    assert answer.status == 405
    assert answer.header("allow")


def test_head_is_answered_without_a_body(gateway: Gateway) -> None:
    answer = call(gateway, "HEAD", "/echo")
    assert answer.body == b""
    assert int(answer.header("content-length")[0]) > 0


def test_several_cookies_stay_several_lines(gateway: Gateway) -> None:
    answer = call(gateway, "GET", "/cookies")
    assert answer.header("set-cookie") == ["a=1", "b=2"]
    assert answer.header("x-one") == ["1"]


def test_a_binary_answer_arrives_as_bytes(gateway: Gateway) -> None:
    answer = call(gateway, "GET", "/font", HTTP_ACCEPT="font/woff2")
    assert answer.body == b"\x00\xff"
    assert answer.header("content-type") == ["font/woff2"]


def test_an_empty_answer_has_no_content_type(gateway: Gateway) -> None:
    answer = call(gateway, "DELETE", "/empty")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("content-type") == []


def test_a_body_over_the_gateways_limit_is_refused_unread(gateway: Gateway) -> None:
    answer = call(gateway, "POST", "/echo", CONTENT_LENGTH=str(MAXIMUM_BODY_BYTES + 1))
    assert answer.status == 413
    assert answer.json == {"message": "Request Entity Too Large"}


def test_a_failing_function_is_a_500_without_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    class Failing:
        routes: dict[str, Any] = {"/": None}  # noqa: RUF012 - as Chalice has it

        def __call__(self, _event: Any, _context: Any) -> dict[str, Any]:
            raise RuntimeError("inner detail")

    with caplog.at_level(logging.CRITICAL):
        answer = call(Gateway(Failing()), "GET", "/")
    assert answer.status == 500
    assert answer.json == {"message": "Internal Server Error"}


def test_an_answer_that_is_none_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    class Wrong:
        routes: dict[str, Any] = {"/": None}  # noqa: RUF012 - as Chalice has it

        def __call__(self, _event: Any, _context: Any) -> dict[str, Any]:
            return {"unexpected": True}

    with caplog.at_level(logging.CRITICAL):
        assert call(Gateway(Wrong()), "GET", "/").status == 500
