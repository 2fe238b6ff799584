"""Refusals that the authorization endpoint may send to a redirect URI (RFC 6749 §4.1.2.1).

    AuthorizationRefused
    ├── RequestRefused            invalid_request
    ├── ResponseTypeRefused       unsupported_response_type
    ├── ScopeRefused              invalid_scope
    ├── AccessDenied              access_denied
    ├── LoginRequired             login_required           OpenID Connect Core §3.1.2.6
    ├── ConsentRequired           consent_required
    ├── RequestNotSupported       request_not_supported
    ├── RequestUriNotSupported    request_uri_not_supported
    └── RegistrationNotSupported  registration_not_supported

They are no `OAuthError`: raised only once client and redirect URI are known good.
"""


class AuthorizationRefused(Exception):
    """An answer to the redirect URI; `description` is for the client."""

    error = "server_error"

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class RequestRefused(AuthorizationRefused):
    """A parameter is missing, malformed or not allowed."""

    error = "invalid_request"


class ResponseTypeRefused(AuthorizationRefused):
    """Another response type than `code`."""

    error = "unsupported_response_type"


class ScopeRefused(AuthorizationRefused):
    """A scope is unknown, or more than the application or the person may have."""

    error = "invalid_scope"


class AccessDenied(AuthorizationRefused):
    """The person said no."""

    error = "access_denied"


class LoginRequired(AuthorizationRefused):
    """`prompt=none`, and nobody is logged in."""

    error = "login_required"


class ConsentRequired(AuthorizationRefused):
    """`prompt=none`, and the person has to be asked."""

    error = "consent_required"


class RequestNotSupported(AuthorizationRefused):
    """Request objects are not supported (OpenID Connect Core §6.1)."""

    error = "request_not_supported"


class RequestUriNotSupported(AuthorizationRefused):
    """Request objects by reference are not supported (OpenID Connect Core §6.2)."""

    error = "request_uri_not_supported"


class RegistrationNotSupported(AuthorizationRefused):
    """Registration in the request is not supported (OpenID Connect Core §7.2.1)."""

    error = "registration_not_supported"
