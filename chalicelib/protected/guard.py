"""The one guard before every protected route (RFC 6750 §2.1, §3)."""

from chalicelib.oauth.certificate_assertion import CertificateHeader
from chalicelib.oauth.errors import InsufficientScope, InvalidRequest, InvalidToken, MissingToken
from chalicelib.oauth.messages import Request
from chalicelib.oauth.validation import Access, TokenValidator

CERTIFICATE_HEADER = "x-clientcertificate-token"


class Guard:
    """Admits a request or raises the RFC 6750 error that it deserves."""

    def __init__(self, validator: TokenValidator, certificate_header: CertificateHeader) -> None:
        self._validator = validator
        self._certificate_header = certificate_header

    def admit(
        self, request: Request, required_scope: str | None, *, certificate_header: bool = False
    ) -> Access:
        """The access of whoever calls, holding `required_scope` (None: any valid credential).

        `certificate_header` also takes a signed JWT in `X-ClientCertificate-Token`, where the
        service behind is one for that header (OData, whoami).
        Raises MissingToken, InvalidToken, InsufficientScope, InvalidRequest, StoreUnavailable.
        """
        access = self._authenticate(request, certificate_header=certificate_header)
        if required_scope is not None and required_scope not in access.scopes:
            raise InsufficientScope(required_scope)
        return access

    def _authenticate(self, request: Request, *, certificate_header: bool) -> Access:
        authorizations = request.headers.get("authorization", ())
        assertions = request.headers.get(CERTIFICATE_HEADER, ()) if certificate_header else ()
        if len(authorizations) + len(assertions) > 1:
            raise InvalidRequest("More than one credential was sent.")
        if assertions:
            return self._certificate_header.validate(assertions[0])
        if not authorizations:
            raise MissingToken(detail="no credential")
        scheme, _, value = authorizations[0].partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidToken(detail="not the Bearer scheme")
        return self._validator.validate(value.strip(" "))
