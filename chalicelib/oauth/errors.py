"""One class per registered error code; the class fixes the HTTP status.

OAuthError
├── InvalidRequest           400  RFC 6749 §5.2
│   ├── ContentTooLarge      413
│   └── SeveralCredentials   400  RFC 6750 §2, §3.1
├── InvalidClient            401  RFC 6749 §5.2
├── InvalidGrant             400  RFC 6749 §5.2
├── UnauthorizedClient       400  RFC 6749 §5.2
├── UnsupportedGrantType     400  RFC 6749 §5.2
├── InvalidScope             400  RFC 6749 §5.2
├── InvalidToken             401  RFC 6750 §3.1
│   └── MissingToken         401  RFC 6750 §3 (no error code)
├── InsufficientScope        403  RFC 6750 §3.1
├── TemporarilyUnavailable   503  RFC 6749 §4.1.2.1
└── ServerError              500  RFC 6749 §4.1.2.1
"""

from collections.abc import Mapping

REALM = "grantline"


class OAuthError(Exception):
    """A refusal that a client may see.

    `description` is for the client (RFC 6749 §5.2: ASCII without quote and backslash);
    `detail` is for the log alone and never holds a credential.
    """

    error = "server_error"
    status = 500

    def __init__(self, description: str, *, detail: str = "") -> None:
        super().__init__(description)
        self.description = description
        self.detail = detail or description

    def body(self) -> dict[str, object]:
        """The JSON answer of RFC 6749 §5.2."""
        return {"error": self.error, "error_description": self.description}

    def headers(self) -> Mapping[str, str]:
        """Headers that the answer carries beside the body."""
        return {}


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated, malformed or not allowed."""

    error = "invalid_request"
    status = 400


class ContentTooLarge(InvalidRequest):
    """The body is over the limit (RFC 9110 §15.5.14)."""

    status = 413


class MethodNotAllowed(InvalidRequest):
    """The path takes other methods (RFC 9110 §15.5.6)."""

    status = 405

    def __init__(self) -> None:
        super().__init__("The method is not allowed here.")


class SeveralCredentials(InvalidRequest):
    """A protected resource was sent more than one credential."""

    def __init__(self) -> None:
        super().__init__("More than one credential was sent.")

    def headers(self) -> Mapping[str, str]:
        return {
            "WWW-Authenticate": f'Bearer realm="{REALM}", error="{self.error}", '
            f'error_description="{self.description}"'
        }


class InvalidClient(OAuthError):
    """Client authentication failed; every cause gives the same answer."""

    error = "invalid_client"
    status = 401

    def __init__(self, *, detail: str) -> None:
        super().__init__("Client authentication failed.", detail=detail)

    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": f'Basic realm="{REALM}", charset="UTF-8"'}


class InvalidGrant(OAuthError):
    """The assertion, code or refresh token is not valid."""

    error = "invalid_grant"
    status = 400


class UnauthorizedClient(OAuthError):
    """The application was not registered for this grant."""

    error = "unauthorized_client"
    status = 400


class UnsupportedGrantType(OAuthError):
    """The server does not know this grant."""

    error = "unsupported_grant_type"
    status = 400


class InvalidScope(OAuthError):
    """More was asked for than the application and its user may have."""

    error = "invalid_scope"
    status = 400


class InvalidToken(OAuthError):
    """The token is unknown, ended, revoked or malformed; every cause gives the same answer."""

    error = "invalid_token"
    status = 401

    def __init__(self, *, detail: str, description: str = "The access token is not valid.") -> None:
        super().__init__(description, detail=detail)

    def headers(self) -> Mapping[str, str]:
        return {
            "WWW-Authenticate": f'Bearer realm="{REALM}", error="{self.error}", '
            f'error_description="{self.description}"'
        }


class MissingToken(InvalidToken):
    """No credential was sent: the challenge names no error (RFC 6750 §3)."""

    def __init__(self, *, detail: str) -> None:
        super().__init__(detail=detail, description="No access token was sent.")

    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": f'Bearer realm="{REALM}"'}


class InsufficientScope(OAuthError):
    """The token is valid and does not open this door."""

    error = "insufficient_scope"
    status = 403

    def __init__(self, scope: str, *alternatives: str) -> None:
        """`alternatives` would do as well; the challenge names the scope to ask for alone.

        Its list is of scopes that are all required (RFC 6750 §3), which would ask for too much.
        """
        either = " or ".join((scope, *alternatives))
        super().__init__(f"The scope {either} is required.", detail=f"lacks scope {either}")
        self.scope = scope

    def headers(self) -> Mapping[str, str]:
        return {
            "WWW-Authenticate": f'Bearer realm="{REALM}", error="{self.error}", '
            f'error_description="{self.description}", scope="{self.scope}"'
        }


class TemporarilyUnavailable(OAuthError):
    """Storage did not answer within the deadline; nothing was decided (fail closed)."""

    error = "temporarily_unavailable"
    status = 503

    def __init__(self, *, detail: str) -> None:
        super().__init__("The server cannot answer now; try again shortly.", detail=detail)

    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "2"}


class ServerError(OAuthError):
    """Something that nobody foresaw; `detail` is the kind of the failure alone."""

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("The server failed.", detail=detail)
