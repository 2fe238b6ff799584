"""Refusals that happen before OData sees a request, in OData's shape (JSON Format, §19)."""

from collections.abc import Mapping

from chalicelib.oauth import request_log
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.messages import Response
from chalicelib.protected.odata.bounds import QueryRefused
from chalicelib.protected.odata.handling import ERROR_TYPE
from chalicelib.protected.odata.processor import VERSION


def refuse(error: OAuthError) -> Response:
    """The answer to an error, with its status and headers; the error's code is OData's too."""
    request_log.note(outcome=error.error, reason=error.detail)
    return _error(error.status, error.error, error.description, error.headers())


def refuse_query(refused: QueryRefused) -> Response:
    """The answer to a question that is refused before the handler sees it."""
    code = refused.code or ""
    request_log.note(outcome=code, reason=type(refused).__name__)
    return _error(refused.status_code, code, refused.message, {})


def _error(status: int, code: str, message: str, headers: Mapping[str, str]) -> Response:
    body = {"error": {"code": code, "message": message}}
    own = {"Content-Type": ERROR_TYPE, "OData-Version": VERSION}
    return Response(status, body, {**own, **headers})
