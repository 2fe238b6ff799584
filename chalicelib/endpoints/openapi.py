"""`/admin/openapi.json`: the registration endpoints in OpenAPI 3.1, made from routes and models.

Served to anybody: it holds nothing but what the source says, and a client has to read it before
it can have a token.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from chalicelib.endpoints.admin import ROUTES
from chalicelib.endpoints.openapi_operations import (
    ERRORS,
    IF_MATCH,
    MODELS,
    OPERATIONS,
    PATH_PARAMETERS,
    Operation,
)
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.scope import ADMIN

_PUBLIC_SECONDS = 300


class OpenApi:
    """Answers with the document, made when it is asked for: the schemas of all bodies take long."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def __call__(self, _: Request) -> Response:
        return Response(
            200, describe(self._issuer), {"Cache-Control": f"public, max-age={_PUBLIC_SECONDS}"}
        )


@cache
def describe(issuer: str) -> dict[str, Any]:
    """The document for this issuer."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Grantline registration endpoints",
            "version": "1",
            "description": "Register applications and users, and look after them.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": issuer or "/"}],
        "security": [{"oauth2": [ADMIN]}, {"bearer": []}],
        "paths": {path: _path(path, methods) for path, methods in ROUTES.items()},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": _security_schemes(issuer),
        },
    }


def _path(path: str, methods: Mapping[str, str]) -> dict[str, Any]:
    named = [PATH_PARAMETERS[name] for name in PATH_PARAMETERS if f"{{{name}}}" in path]
    operations = {
        method.lower(): _operation(name, OPERATIONS[name], identified=bool(named))
        for method, name in methods.items()
    }
    return {**({"parameters": named} if named else {}), **operations}


def _operation(name: str, operation: Operation, *, identified: bool) -> dict[str, Any]:
    parameters = list(operation.parameters)
    if operation.versioned:
        parameters.append(IF_MATCH)
    described: dict[str, Any] = {
        "operationId": name,
        "summary": operation.summary,
        "responses": _responses(operation, identified=identified),
    }
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": _reference(operation.body)}}
        content |= dict.fromkeys(operation.file_types_in, _FILE)
        described["requestBody"] = {"required": operation.body_required, "content": content}
    if operation.public:
        described["security"] = []
    return described


_FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


def _responses(operation: Operation, *, identified: bool) -> dict[str, Any]:
    success: dict[str, Any] = {"description": operation.success}
    if operation.answer is not None:
        schema = _reference(operation.answer)
        success["content"] = {"application/json": {"schema": schema}}
        success["content"] |= dict.fromkeys(operation.file_types_out, _FILE)
    if operation.etag:
        success["headers"] = {"ETag": {"schema": {"type": "string"}}}
    responses = {str(operation.status): success}
    for status in sorted(_error_statuses(operation, identified=identified)):
        error = ERRORS[status]
        responses[str(status)] = {
            "description": error.description,
            "content": {"application/json": {"schema": _reference(error.body)}},
        }
    return responses


def _error_statuses(operation: Operation, *, identified: bool) -> set[int]:
    """Which refusals an operation can end in."""
    if operation.public:
        return set()
    statuses = {400, 401, 403, 503}
    if identified:
        statuses.add(404)
    if operation.versioned:
        statuses |= {409, 412}
    if operation.body is not None:
        statuses |= {409, 413, 415}
    return statuses


def _reference(model: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model}"}


def _schemas() -> dict[str, Any]:
    """The models' schemas; a change takes any part of the form that creates."""
    # What is read is described as it may arrive, what is answered as it leaves.
    _, document = models_json_schema(
        [(model, "validation") for model in MODELS],
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = document["$defs"]
    for change, form in (("ApplicationChange", "RegistrationForm"), ("UserChange", "UserForm")):
        fields = {
            name: {key: value for key, value in field.items() if key != "default"}
            for name, field in schemas[form]["properties"].items()
        }
        schemas[change] = {
            "type": "object",
            "additionalProperties": False,
            "description": "Fields to change; the result must keep every rule of creation.",
            "properties": fields,
        }
    schemas["Document"] = {"type": "object", "description": "An OpenAPI 3.1 document."}
    return schemas


def _security_schemes(issuer: str) -> dict[str, Any]:
    flow = {
        "tokenUrl": f"{issuer}/oauth2/server/token",
        "scopes": {ADMIN: "The registration endpoints, for administrators."},
    }
    return {
        "oauth2": {"type": "oauth2", "flows": {"clientCredentials": flow}},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
