"""ID tokens, and what userinfo says of a person (OpenID Connect Core §2, §5.4; Logout §2).

An ID token says who logged in, when, where and for whom. Profile and email are userinfo's:
with the code flow there is always an access token to ask it with (§5.4).
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.oauth import scope, strict_json
from chalicelib.oauth.ids import is_client_id
from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.model import Application, Grant, User
from chalicelib.oauth.signing_keys import KeyRing, UnknownSigningKey, VerificationKey

# Long enough for a client that keeps it as its own session for a while; a refresh gives no other.
LIFETIME_SECONDS = 3600
MAXIMUM_HINT_LENGTH = 8 * 1024
MAXIMUM_CLOCK_SKEW_SECONDS = 10
_HEADERS = frozenset({"alg", "kid", "typ"})


class HintRefused(Exception):
    """The `id_token_hint` is not an ID token of ours; the message is for the log."""


@dataclass(frozen=True, slots=True)
class VerifiedHint:
    """Whom and for which client an ID token named; it may have expired. Epoch seconds."""

    subject: str
    client_id: str
    session_id: str | None
    issued_at: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What the directory knows of a person beside the names; `updated_at`: epoch seconds."""

    email: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    updated_at: int | None = None


class IdTokens:
    """Signs ID tokens with the key ring, and verifies them when they come back."""

    def __init__(self, ring: KeyRing, issuer: str) -> None:
        self._ring = ring
        self._issuer = issuer

    def issue(self, application: Application, grant: Grant, access_token: str, now: int) -> str:
        """The ID token of a person's grant beside this access token.

        Signed with the application's `id_token_signed_response_alg`. Raises StoreUnavailable
        when no key can be had; there is no unsigned one. ValueError: the grant is no person's.
        """
        login = grant.login
        if grant.subject is None or login is None:
            raise ValueError("an ID token is about a login")
        claims: dict[str, object] = {
            "iss": self._issuer,
            "sub": grant.subject,
            "aud": application.client_id,
            "exp": now + LIFETIME_SECONDS,
            "iat": now,
            "auth_time": login.authenticated_at,
            "sid": login.session_id,
            "at_hash": access_token_hash(access_token),
        }
        if login.nonce is not None:
            claims["nonce"] = login.nonce
        return self._sign(claims, Algorithm(application.id_token_signed_response_alg))

    def verify_hint(self, hint: str, now: int) -> VerifiedHint:
        """The verified claims of an `id_token_hint`, expired or not.

        Whether the client and the session still exist is the caller's to find out. Raises
        HintRefused, StoreUnavailable; nothing of the payload is believed before the signature.
        """
        if len(hint) > MAXIMUM_HINT_LENGTH:
            raise HintRefused("too long")
        claims = _claims(hint, self._key_of(hint))
        subject, client_id = claims.get("sub"), claims.get("aud")
        if claims.get("iss") != self._issuer:
            raise HintRefused("iss is another issuer")
        if not isinstance(subject, str) or not isinstance(client_id, str):
            raise HintRefused("sub or aud is not a string")
        if not is_client_id(client_id):
            raise HintRefused("aud is no client of ours")
        issued_at, session_id = claims.get("iat"), claims.get("sid")
        if not isinstance(issued_at, int) or issued_at > now + MAXIMUM_CLOCK_SKEW_SECONDS:
            raise HintRefused("iat is ahead or no time")
        if session_id is not None and not isinstance(session_id, str):
            raise HintRefused("sid is not a string")
        return VerifiedHint(subject, client_id, session_id, issued_at)

    def _sign(self, claims: Mapping[str, object], algorithm: Algorithm) -> str:
        from jwt import PyJWS  # noqa: PLC0415 - cold start: imported with the first login

        kid, key = self._ring.signing_key(algorithm)
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return PyJWS().encode(payload, key, algorithm.value, {"typ": "JWT", "kid": kid})

    def _key_of(self, hint: str) -> VerificationKey:
        """The key that the header names, if the header says what ours say and nothing else."""
        from jwt import PyJWS  # noqa: PLC0415 - cold start
        from jwt.exceptions import PyJWTError  # noqa: PLC0415 - cold start

        try:
            header = PyJWS().get_unverified_header(hint)
        except (PyJWTError, ValueError, RecursionError) as error:
            raise HintRefused(f"not a signed JWT: {type(error).__name__}") from None
        if header.keys() != _HEADERS or not isinstance(header["kid"], str):
            raise HintRefused("the header is not ours")
        try:
            key = self._ring.verification_key(header["kid"])
        except UnknownSigningKey as error:
            raise HintRefused(str(error)) from None
        if header["alg"] != key.algorithm.value:
            raise HintRefused("alg does not fit the key")
        return key


def access_token_hash(access_token: str) -> str:
    """The `at_hash`: the left half of the SHA-256, as both algorithms use it (§3.1.3.6)."""
    digest = hashlib.sha256(access_token.encode("ascii")).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")


def user_claims(user: User, profile: Profile, scopes: frozenset[str]) -> dict[str, object]:
    r"""What userinfo answers about a person for these granted scopes (§5.1, §5.4).

    `preferred_username` is `domain\user`, the only name that is unique here. `email_verified`
    is left out: an administrator typed the address in, nobody has proved it.
    """
    claims: dict[str, object | None] = {"sub": user.user_id}
    if scope.PROFILE in scopes:
        names = [name for name in (profile.given_name, profile.family_name) if name]
        claims["name"] = " ".join(names) or user.user_name
        claims["given_name"] = profile.given_name
        claims["family_name"] = profile.family_name
        claims["preferred_username"] = f"{user.user_domain}\\{user.user_name}"
        claims["updated_at"] = profile.updated_at
    if scope.EMAIL in scopes:
        claims["email"] = profile.email
    return {name: value for name, value in claims.items() if value is not None}


def _claims(hint: str, key: VerificationKey) -> Mapping[str, object]:
    from jwt import PyJWS  # noqa: PLC0415 - cold start
    from jwt.exceptions import PyJWTError  # noqa: PLC0415 - cold start

    try:
        complete = PyJWS().decode_complete(hint, key.key, algorithms=[key.algorithm.value])
        claims = strict_json.parse(complete["payload"])
    except (PyJWTError, strict_json.MalformedJson) as error:
        raise HintRefused(f"signature: {type(error).__name__}") from None
    if not isinstance(claims, dict):
        raise HintRefused("not a JSON object")
    return claims
