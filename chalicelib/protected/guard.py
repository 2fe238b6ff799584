"""The one guard before every protected route (RFC 6750 §2.1, §3)."""

from collections.abc import Sequence

from chalicelib.oauth.certificate_assertion import CertificateHeader
from chalicelib.oauth.errors import (
    InsufficientScope,
    InvalidToken,
    MissingToken,
    SeveralCredentials,
)
from chalicelib.oauth.messages import Request
from chalicelib.oauth.parameters import parse_form
from chalicelib.oauth.validation import Access, TokenValidator
from chalicelib.protected.doors import Door

CERTIFICATE_HEADER = "x-clientcertificate-token"


class Guard:
    """Admits a request or raises the RFC 6750 error that it deserves."""

    def __init__(self, validator: TokenValidator, certificate_header: CertificateHeader) -> None:
        self._validator = validator
        self._certificate_header = certificate_header

    def admit(self, request: Request, door: Door) -> Access:
        """The access of whoever calls, holding a scope that opens `door`.

        Raises MissingToken, InvalidToken, InsufficientScope, SeveralCredentials, StoreUnavailable,
        and InvalidRequest for a form that cannot be read.
        """
        tokens = _form_tokens(request) if door.token_in_form else ()
        access = self._authenticate(request, tokens, certificate_header=door.certificate_header)
        if door.console is not access.of_console:
            raise InvalidToken(detail="a token of the console, or none at its door")
        if door.scopes and access.scopes.isdisjoint(door.scopes):
            raise InsufficientScope(*door.scopes)
        return access

    def _authenticate(
        self, request: Request, form_tokens: Sequence[str], *, certificate_header: bool
    ) -> Access:
        authorizations = request.headers.get("authorization", ())
        assertions = request.headers.get(CERTIFICATE_HEADER, ()) if certificate_header else ()
        if len(authorizations) + len(assertions) + len(form_tokens) > 1:
            raise SeveralCredentials
        if form_tokens:
            return self._validator.validate(form_tokens[0])
        if assertions:
            return self._certificate_header.validate(assertions[0])
        if not authorizations:
            raise MissingToken(detail="no credential")
        scheme, _, value = authorizations[0].partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidToken(detail="not the Bearer scheme")
        return self._validator.validate(value.strip(" "))


def _form_tokens(request: Request) -> Sequence[str]:
    if request.method != "POST" or not request.body:
        return ()
    token = parse_form(request).get("access_token")
    return () if token is None else (token,)
