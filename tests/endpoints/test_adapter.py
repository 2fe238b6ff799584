"""The edge: events to requests, errors to answers, log lines."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Chalice

from chalicelib.endpoints.adapter import Edge, Endpoint, Refuse, as_json
from chalicelib.oauth.errors import InvalidRequest, OAuthError
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.connection import request_budget
from tests.harness import Process, Reply, TurnedClock, World


def serve(endpoint: Endpoint, *, configured: bool = True, refuse: Refuse = as_json) -> Process:
    app = Chalice(app_name="edge", configure_logs=False)
    clock = TurnedClock()
    edge = Edge(
        app, Logger(service="grantline"), lambda: request_budget(clock), configured=configured
    )
    routes = Blueprint(__name__)
    edge.add(routes, "/here", {"POST": endpoint}, refuse=refuse)
    app.register_blueprint(routes)
    return Process(app)


def call(endpoint: Endpoint, **more: Any) -> Reply:
    return serve(endpoint).call("POST", "/here", **more)


def failing(error: Exception) -> Endpoint:
    def endpoint(_: Request) -> Response:
        raise error

    return endpoint


class Log:
    """What the app's logger writes while a test runs, as it writes it."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def line(self) -> dict[str, Any]:
        lines = [json.loads(text) for text in self.text.splitlines()]
        requests = [entry for entry in lines if entry["message"] == "request"]
        assert len(requests) == 1
        return dict(requests[0])


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    handler = logging.StreamHandler(log.stream)
    logger = logging.getLogger("grantline")
    Logger(service="grantline")
    handler.setFormatter(next(each.formatter for each in logger.handlers if each.formatter))
    logger.addHandler(handler)
    yield log
    logger.removeHandler(handler)


def test_a_storage_failure_is_a_503_that_says_when_to_return() -> None:
    reply = call(failing(StoreUnavailable("Query: throttled")))
    assert (reply.status, reply.body["error"]) == (503, "temporarily_unavailable")
    assert reply.headers["Retry-After"] == "2"
    assert "throttled" not in repr(reply.body)


@pytest.mark.checklist("57")
def test_an_unexpected_error_is_a_500_that_tells_nothing(
    log: Log,
) -> None:
    reply = call(failing(ValueError("the password is hunter2")))
    assert (reply.status, reply.body["error"]) == (500, "server_error")
    said = log.text
    assert "hunter2" not in said + repr(reply.body)
    assert "ValueError" in said
    assert "failing" in said or "endpoint" in said


def test_a_deployment_without_an_issuer_answers_nothing(log: Log) -> None:
    reply = serve(lambda _: Response(200, {}), configured=False).call("POST", "/here")
    assert reply.status == 500
    assert log.line["reason"] == "GRANTLINE_ISSUER is not set"


def as_page(error: OAuthError) -> Response:
    return Response(error.status, f"<p>{error.error}", {"Content-Type": "text/html"})


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidRequest("no"), 400, "invalid_request"),
        (StoreUnavailable("away"), 503, "temporarily_unavailable"),
        (ValueError("strange"), 500, "server_error"),
    ],
)
def test_browsers_are_refused_by_a_page_and_programs_by_json(
    error: Exception, status: int, code: str
) -> None:
    process = serve(failing(error), refuse=as_page)
    page = process.call("POST", "/here", headers=BROWSER)
    assert (page.status, page.body) == (status, f"<p>{code}")
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        reply = process.call("POST", "/here", headers=headers)
        assert (reply.status, reply.body["error"]) == (status, code)


def test_a_page_of_refusal_that_fails_is_a_500_that_tells_nothing(log: Log) -> None:
    def broken(error: OAuthError) -> Response:
        raise ValueError(error.description)

    reply = serve(failing(InvalidRequest("hunter2")), refuse=broken).call(
        "POST", "/here", headers=BROWSER
    )
    assert (reply.status, reply.body["error"]) == (500, "server_error")
    assert "hunter2" not in log.text + repr(reply.body)


def test_one_line_says_what_a_request_was_and_cost(log: Log) -> None:
    world = World()
    client = world.add_client(user_id=world.add_user().user_id)
    world.process.get_token(client)
    said = log.line
    assert said["client_id"] == client.client_id
    assert said["grant_type"] == "client_credentials"
    assert said["client_authentication"] == "client_secret_basic"
    assert (said["outcome"], said["status"], said["request_id"]) == ("ok", 200, "request-1")
    assert said["aws_calls"] >= 2
    assert said["write_units"] == 1
    assert said["latency_ms"] >= 0


def test_a_refusal_is_logged_once_with_its_reason(log: Log) -> None:
    World().process.whoami("nonsense")
    said = log.line
    assert (said["outcome"], said["reason"]) == ("invalid_token", "not of the form of a token")


@pytest.mark.checklist("57")
def test_no_raw_line_break_reaches_the_log(log: Log) -> None:
    World().process.post_form("/oauth2/server/token", {"grant_type": "a\r\nfake: line"})
    assert len(log.text.splitlines()) == 1


def test_bytes_go_out_as_they_are() -> None:
    reply = call(lambda _: Response(200, b"\x00\xff", {"Content-Type": "application/pkix-cert"}))
    assert (reply.status, reply.body) == (200, b"\x00\xff")
    assert reply.headers["Content-Type"] == "application/pkix-cert"


@pytest.mark.parametrize("body", ["x" * 70_000, b"x" * 70_000])
@pytest.mark.checklist("61")
def test_a_large_body_is_refused_before_the_endpoint_sees_it(body: str | bytes) -> None:
    assert call(failing(AssertionError("was called")), body=body).status == 413


def test_a_body_that_is_not_the_base64_it_claims_is_refused() -> None:
    event = {
        "headers": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": "\u20ac!",
        "isBase64Encoded": True,
        "requestContext": {"httpMethod": "POST", "resourcePath": "/here"},
    }
    app = serve(lambda _: Response(200, {})).app
    assert app(event, None)["statusCode"] == 400


@pytest.mark.checklist("60")
def test_the_client_address_is_the_gateways() -> None:
    seen: list[Request] = []

    def endpoint(request: Request) -> Response:
        seen.append(request)
        return Response(200, {})

    call(endpoint, headers={"X-Forwarded-For": "203.0.113.9", "Authorization": "x"})
    assert seen[0].source_ip == "192.0.2.1"
    assert seen[0].header("authorization") == "x"
    assert seen[0].header("absent") is None


@pytest.mark.checklist("13")
@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb", "a\x00b", ["a=b", "c\rd"]])
def test_a_header_that_could_end_its_line_is_never_sent(value: str | list[str]) -> None:
    reply = call(lambda _: Response(303, None, {"Location": value}))
    assert (reply.status, reply.body["error"]) == (500, "server_error")
    assert "Location" not in reply.headers


def test_several_cookies_stay_several() -> None:
    reply = call(lambda _: Response(200, {}, {"Set-Cookie": ["a=b", "c=d"]}))
    assert reply.headers["Set-Cookie"] == ["a=b", "c=d"]


def test_text_of_another_type_goes_out_as_it_is() -> None:
    reply = call(lambda _: Response(200, "<p>ä", {"Content-Type": "text/html; charset=utf-8"}))
    assert reply.body == "<p>ä"
