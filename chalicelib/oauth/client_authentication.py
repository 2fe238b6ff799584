"""Client authentication at the token, introspection and revocation endpoints (RFC 6749 §2.3).

`identify` finds what was presented and whom it claims to be; after the application was read,
`authenticate` believes it or raises. Every failure gives the same answer.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_plus

from chalicelib.oauth.certificate_assertion import (
    AssertionRefused,
    VerifiedAssertion,
    claimed_client_id,
    client_audiences,
    verify,
)
from chalicelib.oauth.errors import InvalidClient
from chalicelib.oauth.ids import is_client_id
from chalicelib.oauth.messages import Request
from chalicelib.oauth.model import Application, BuiltIn, GrantType
from chalicelib.oauth.request_log import note
from chalicelib.oauth.tokens import MAXIMUM_TOKEN_LENGTH, digest
from chalicelib.oauth.validation import find_secret

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Method(StrEnum):
    """Registered client authentication methods (RFC 7591 §2)."""

    CLIENT_SECRET_BASIC = "client_secret_basic"
    CLIENT_SECRET_POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"
    NONE = "none"
    # Not registered, and nothing that a request can present: the caller is part of this process.
    IN_PROCESS = "in_process"


@dataclass(frozen=True, slots=True, repr=False)
class PresentedClient:
    """What a request presents, not believed yet; `credential` is the secret or the JWT."""

    client_id: str
    method: Method
    credential: str = ""


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that proved who it is; `assertion` where it did so by a signed JWT."""

    application: Application
    method: Method
    assertion: VerifiedAssertion | None = None


def identify(request: Request, parameters: dict[str, str]) -> PresentedClient:
    """The one credential that the request presents. Raises InvalidClient for none or several."""
    presented = [
        client
        for client in (_basic(request), _assertion(parameters), _post(parameters))
        if client is not None
    ]
    if len(presented) > 1:
        raise InvalidClient(detail="more than one credential")
    client_id = parameters.get("client_id")
    if not presented:
        if client_id is None:
            raise InvalidClient(detail="no credential")
        presented = [PresentedClient(client_id, Method.NONE)]
    client = presented[0]
    if client_id is not None and client_id != client.client_id:
        raise InvalidClient(detail="client_id names another client")
    if not is_client_id(client.client_id):
        raise InvalidClient(detail="not a client id")
    note(client_id=client.client_id, client_authentication=client.method.value)
    return client


def authenticate(
    client: PresentedClient,
    application: Application | None,
    issuer: str,
    now: int,
    *,
    public: bool = False,
) -> AuthenticatedClient:
    """The application behind a presented credential.

    A client-certificate application proves itself by a signed JWT alone, every other one by
    its secret; the weaker method is refused (checklist 24). `public` lets a public application
    in by its client_id alone, where something else proves the request (RFC 6749 §3.2.1). The
    console, which no request can authenticate as, is let in when this process is the caller.
    Raises InvalidClient.
    """
    if client.method is Method.IN_PROCESS:
        if application is None or application.built_in is not BuiltIn.CONSOLE:
            raise InvalidClient(detail="not the console")
        return AuthenticatedClient(_enabled(application), client.method)
    if client.method is Method.PRIVATE_KEY_JWT:
        try:
            assertion = verify(client.credential, application, client_audiences(issuer), now)
        except AssertionRefused as error:
            raise InvalidClient(detail=str(error)) from error
        return AuthenticatedClient(_enabled(application), client.method, assertion)
    if client.method is Method.NONE:
        if not public or application is None or not application.public:
            raise InvalidClient(detail="no credential")
        return AuthenticatedClient(_enabled(application), client.method)
    # Hashed before anything is known of the application, so that every refusal takes as long.
    presented = digest(client.credential)
    if application is None:
        raise InvalidClient(detail="unknown application")
    if application.grant_type is GrantType.CLIENT_CERTIFICATE:
        raise InvalidClient(detail="a secret for a client-certificate application")
    secret = find_secret(application, presented, now)
    if secret is None:
        raise InvalidClient(detail="wrong or ended secret")
    note(secret_id=secret.secret_id)
    return AuthenticatedClient(_enabled(application), client.method)


def _enabled(application: Application | None) -> Application:
    if application is None or not application.enabled:
        raise InvalidClient(detail="application disabled")
    return application


def _basic(request: Request) -> PresentedClient | None:
    """`Authorization: Basic`, both halves form-urlencoded before (RFC 6749 §2.3.1)."""
    values = request.headers.get("authorization", ())
    if not values:
        return None
    if len(values) > 1:
        raise InvalidClient(detail="more than one Authorization header")
    scheme, _, encoded = values[0].partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient(detail="not the Basic scheme")
    try:
        decoded = b64decode(encoded.strip(" "), validate=True).decode("utf-8")
    except (Base64Error, ValueError):
        raise InvalidClient(detail="malformed Basic credentials") from None
    client_id, colon, secret = decoded.partition(":")
    if not colon or len(decoded) > 2 * MAXIMUM_TOKEN_LENGTH:
        raise InvalidClient(detail="malformed Basic credentials")
    return PresentedClient(
        unquote_plus(client_id), Method.CLIENT_SECRET_BASIC, unquote_plus(secret)
    )


def _post(parameters: dict[str, str]) -> PresentedClient | None:
    secret = parameters.get("client_secret")
    if secret is None:
        return None
    return PresentedClient(parameters.get("client_id", ""), Method.CLIENT_SECRET_POST, secret)


def _assertion(parameters: dict[str, str]) -> PresentedClient | None:
    """`client_assertion` and its type (RFC 7521 §4.2)."""
    assertion = parameters.get("client_assertion")
    kind = parameters.get("client_assertion_type")
    if assertion is None and kind is None:
        return None
    if assertion is None or kind != ASSERTION_TYPE:
        raise InvalidClient(detail="client_assertion or its type is missing")
    try:
        client_id = claimed_client_id(assertion)
    except AssertionRefused as error:
        raise InvalidClient(detail=str(error)) from error
    return PresentedClient(client_id, Method.PRIVATE_KEY_JWT, assertion)
