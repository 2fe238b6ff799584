"""Events as API Gateway sends them: of a REST API, and of an HTTP API with payload format 1.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

Event = dict[str, Any]
EventMaker = Callable[..., Event]

SOURCE_ADDRESS = "203.0.113.7"


def rest_event(
    method: str,
    resource: str,
    *,
    headers: Mapping[str, str],
    body: str | None = None,
    path_parameters: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> Event:
    """The stage is in the context's path alone; text bodies come as they are."""
    path = resource.format(**(path_parameters or {}))
    context = _context(method, resource, f"/api{path}", "api")
    context |= {"resourceId": "a1b2c3", "extendedRequestId": "JKJaXmPLvHcESHA="}
    return _event(path, headers, context, path_parameters) | {
        "body": body,
        "isBase64Encoded": False,
        **_query(query),
    }


def http_event(
    method: str,
    resource: str,
    *,
    headers: Mapping[str, str],
    body: str | None = None,
    path_parameters: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> Event:
    """Bodies of forms come in base64, as all that is not JSON or text."""
    path = resource.format(**(path_parameters or {}))
    context = _context(method, resource, path, "$default")
    context |= {"resourceId": f"ANY {resource}", "extendedRequestId": "JKJaXmPLvHcESHA="}
    encoded = body is not None and "urlencoded" in headers.get("Content-Type", "")
    if encoded and body is not None:
        body = base64.b64encode(body.encode()).decode()
    return {"version": "1.0"} | (
        _event(path, headers, context, path_parameters)
        | {"body": body, "isBase64Encoded": encoded}
        | _query(query)
    )


def _query(query: Mapping[str, str] | None) -> Event:
    return {
        "queryStringParameters": dict(query) if query else None,
        "multiValueQueryStringParameters": (
            {name: [value] for name, value in query.items()} if query else None
        ),
    }


def _event(
    path: str,
    headers: Mapping[str, str],
    context: Event,
    path_parameters: Mapping[str, str] | None,
) -> Event:
    every_header = {"Host": "a1b2c3.execute-api.eu-central-1.amazonaws.com"} | dict(headers)
    return {
        "resource": context["resourcePath"],
        "path": path,
        "httpMethod": context["httpMethod"],
        "headers": every_header,
        "multiValueHeaders": {name: [value] for name, value in every_header.items()},
        "pathParameters": dict(path_parameters) if path_parameters else None,
        "stageVariables": None,
        "requestContext": context,
    }


def _context(method: str, resource: str, path: str, stage: str) -> Event:
    return {
        "accountId": "123456789012",
        "apiId": "a1b2c3",
        "domainName": "a1b2c3.execute-api.eu-central-1.amazonaws.com",
        "domainPrefix": "a1b2c3",
        "httpMethod": method,
        "identity": {"sourceIp": SOURCE_ADDRESS, "userAgent": "test"},
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": "JKJaXmPLvHcESHA=",
        "requestTime": "10/Mar/2026:00:03:59 +0000",
        "requestTimeEpoch": 1773100800000,
        "resourcePath": resource,
        "stage": stage,
    }
