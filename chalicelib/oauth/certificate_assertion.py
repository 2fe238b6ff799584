"""Signed JWTs of client-certificate applications: one verification, three ways (RFC 7523 §3).

The three ways are the client assertion, the jwt-bearer assertion, and the header
`X-ClientCertificate-Token`, whose audience is `<issuer>/odata/query`, so that a JWT seen in
an OData request cannot be redeemed for a token.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.oauth import strict_json
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import InvalidToken
from chalicelib.oauth.ids import is_client_id
from chalicelib.oauth.leasing import decide_on
from chalicelib.oauth.model import Application, CertificateKey, GrantKind, GrantType
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import Reading, RecordReader, Snapshot
from chalicelib.oauth.validation import Access, acting_user, rights

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    PublicKey = RSAPublicKey | EllipticCurvePublicKey

MAXIMUM_ASSERTION_LENGTH = 8 * 1024
MAXIMUM_LIFETIME_SECONDS = 300
# FAPI 2.0 §5.3.2.1: up to 10 s ahead must be accepted, over 60 s must be refused.
MAXIMUM_CLOCK_SKEW_SECONDS = 10
MAXIMUM_JTI_LENGTH = 128
MINIMUM_RSA_BITS = 2048

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512")
_EC_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
# Each would let the sender choose the key, or how the signature is computed (RFC 8725 §3.10).
_REFUSED_HEADERS = ("jku", "x5u", "x5c", "jwk", "crit", "b64")


class AssertionRefused(Exception):
    """The JWT does not authenticate its client; the message is for the log and names the check."""


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """What a verified JWT says; times are epoch seconds."""

    client_id: str
    jti: str
    issued_at: int
    ends_at: int


def claimed_client_id(assertion: str) -> str:
    """The client that a JWT claims, unverified: it only chooses what to read.

    Raises AssertionRefused when the string is no JWT with a subject.
    """
    _, payload, _ = _take_apart(assertion)
    client_id = payload.get("sub")
    if not isinstance(client_id, str) or not is_client_id(client_id):
        raise AssertionRefused("sub missing or no client id")
    return client_id


def verify(
    assertion: str, application: Application | None, audiences: tuple[str, ...], now: int
) -> VerifiedAssertion:
    """The verified claims of a JWT signed with the application's uploaded certificate.

    `audiences` are the exact `aud` strings accepted. Raises AssertionRefused; the checks stand
    in their order, and nothing of the payload is believed before the signature.
    """
    header, _, algorithm = _take_apart(assertion)
    certificate = _certificate(application, now)
    key = load_public_key(certificate.public_key)
    _refuse_headers(header)
    if algorithm not in allowed_algorithms(key):
        raise AssertionRefused("alg does not fit the key")
    claims = _claims(_verified_payload(assertion, key, algorithm))
    client_id = "" if application is None else application.client_id
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise AssertionRefused("iss, sub and client_id differ")
    audience = claims.get("aud")
    if not isinstance(audience, str) or audience not in audiences:
        raise AssertionRefused("aud is not this server")
    issued_at, ends_at = _validate_times(claims, now)
    if application is None or issued_at <= application.assertions_valid_from:
        raise AssertionRefused("signed before the application's revocation")
    return VerifiedAssertion(client_id, _jti(claims), issued_at, ends_at)


class CertificateHeader:
    """Validates a JWT sent as it is with a request, in `X-ClientCertificate-Token`."""

    def __init__(self, store: RecordReader, clock: Clock, issuer: str) -> None:
        self._store = store
        self._clock = clock
        self._issuer = issuer

    def validate(self, assertion: str) -> Access:
        """The access that the JWT gives until its end; it may be sent again until then.

        Raises InvalidToken, StoreUnavailable.
        """
        try:
            client_id = claimed_client_id(assertion)
        except AssertionRefused as error:
            raise InvalidToken(detail=str(error)) from error
        note(client_id=client_id)
        reading = Reading(clients=frozenset({client_id}), acting_user_of=client_id)
        return decide_on(
            self._store, reading, lambda snapshot: self._decide(assertion, client_id, snapshot)
        )

    def _decide(self, assertion: str, client_id: str, snapshot: Snapshot) -> Access:
        application = snapshot.applications.get(client_id)
        audiences: tuple[str, ...] = (header_audience(self._issuer),)
        if application is not None and application.header_accepts_issuer_audience:
            audiences += (self._issuer,)
        try:
            verified = verify(assertion, application, audiences, self._clock.now())
        except AssertionRefused as error:
            raise InvalidToken(detail=str(error)) from error
        if application is None or not application.enabled:
            raise InvalidToken(detail="application disabled")
        user = acting_user(application.user_id, snapshot)
        return Access(
            application=application,
            user=user,
            scopes=rights(application.allowed_scopes, application, user),
            kind=GrantKind.CLIENT_CERTIFICATE,
            issued_at=verified.issued_at,
            ends_at=verified.ends_at,
        )


def client_audiences(issuer: str) -> tuple[str, ...]:
    """The `aud` values of a JWT that authenticates a client or is redeemed for a token.

    The issuer, or the token endpoint, which RFC 7523 §3 allows and client libraries send.
    """
    return (issuer, f"{issuer}/oauth2/server/token")


def header_audience(issuer: str) -> str:
    """The `aud` of a JWT sent in the header."""
    return f"{issuer}/odata/query"


@lru_cache(maxsize=256)
def load_public_key(der: bytes) -> "PublicKey":
    """The key of a stored certificate, checked again at use. Raises AssertionRefused."""
    # Imported here: a token for a client secret needs no public-key cryptography.
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - cold start
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - cold start
        load_der_public_key,
    )

    key = load_der_public_key(der)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MINIMUM_RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _EC_ALGORITHMS:
        return key
    raise AssertionRefused("the certificate's key is too weak or of another kind")


def allowed_algorithms(key: "PublicKey") -> tuple[str, ...]:
    """The signature algorithms that this key may be used with, and no other (RFC 8725 §3.1)."""
    curve = getattr(key, "curve", None)
    if curve is None:
        return ("RS256", "PS256")
    return (_EC_ALGORITHMS[curve.name],)


def _take_apart(assertion: str) -> tuple[Mapping[str, object], Mapping[str, object], str]:
    """Header, payload and `alg`, none of them verified."""
    if len(assertion) > MAXIMUM_ASSERTION_LENGTH:
        raise AssertionRefused("too long")
    parts = assertion.split(".")
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - the compact form has three parts
        raise AssertionRefused("not a signed JWT")
    header, payload = _claims(_decode(parts[0])), _claims(_decode(parts[1]))
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise AssertionRefused("alg is not allowed")
    return header, payload, algorithm


def _decode(part: str) -> bytes:
    try:
        return b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (Base64Error, ValueError):
        raise AssertionRefused("not base64url") from None


def _claims(text: bytes) -> Mapping[str, object]:
    try:
        value = strict_json.parse(text)
    except strict_json.MalformedJson as error:
        raise AssertionRefused(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise AssertionRefused("not a JSON object")
    return value


def _refuse_headers(header: Mapping[str, object]) -> None:
    refused = [name for name in _REFUSED_HEADERS if name in header]
    if refused:
        raise AssertionRefused(f"header parameter {refused[0]} is not allowed")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in ("jwt", "client-authentication+jwt"):
        raise AssertionRefused("typ is not a JWT's")


def _certificate(application: Application | None, now: int) -> CertificateKey:
    if application is None:
        raise AssertionRefused("unknown application")
    if application.grant_type is not GrantType.CLIENT_CERTIFICATE:
        raise AssertionRefused("not a client-certificate application")
    certificate = application.certificate
    if certificate is None:
        raise AssertionRefused("no certificate")
    if not certificate.not_before <= now < certificate.not_after:
        raise AssertionRefused("the certificate is not valid now")
    return certificate


def _verified_payload(assertion: str, key: "PublicKey", algorithm: str) -> bytes:
    from jwt import PyJWS  # noqa: PLC0415 - cold start: imported with the first signed JWT
    from jwt.exceptions import PyJWTError  # noqa: PLC0415 - as above

    try:
        complete = PyJWS().decode_complete(assertion, key, algorithms=[algorithm])
    except PyJWTError as error:
        raise AssertionRefused(f"signature: {type(error).__name__}") from None
    payload: bytes = complete["payload"]
    return payload


def _validate_times(claims: Mapping[str, object], now: int) -> tuple[int, int]:
    """`iat` and `exp`, both required, at most five minutes apart, around now."""
    issued_at, ends_at = _seconds(claims, "iat"), _seconds(claims, "exp")
    if ends_at - issued_at > MAXIMUM_LIFETIME_SECONDS or ends_at <= issued_at:
        raise AssertionRefused("longer than five minutes")
    if issued_at > now + MAXIMUM_CLOCK_SKEW_SECONDS:
        raise AssertionRefused("iat is ahead")
    if "nbf" in claims and _seconds(claims, "nbf") > now + MAXIMUM_CLOCK_SKEW_SECONDS:
        raise AssertionRefused("nbf is ahead")
    if ends_at <= now:
        raise AssertionRefused("expired")
    return issued_at, ends_at


def _seconds(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AssertionRefused(f"{name} missing or not a number")
    return int(value)


def _jti(claims: Mapping[str, object]) -> str:
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= MAXIMUM_JTI_LENGTH:
        raise AssertionRefused("jti missing or too long")
    if any("\ud800" <= character <= "\udfff" for character in jti):
        raise AssertionRefused("jti holds half a character")
    return jti
