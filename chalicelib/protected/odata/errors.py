"""Refusals that happen before OData sees a request, in OData's shape (JSON Format, §19)."""

from chalicelib.oauth import request_log
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.messages import Response

_TYPE = "application/json;odata.metadata=minimal"


def refuse(error: OAuthError) -> Response:
    """The answer to an error, with its status and headers; the error's code is OData's too."""
    request_log.note(outcome=error.error, reason=error.detail)
    body = {"error": {"code": error.error, "message": error.description}}
    headers = {"Content-Type": _TYPE, "OData-Version": "4.0", **error.headers()}
    return Response(error.status, body, headers)
