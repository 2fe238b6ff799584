"""Which `id_token_hint` comes back verified, and how each forgery is refused."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.oauth.id_token import LIFETIME_SECONDS, HintRefused, IdTokens, VerifiedHint
from chalicelib.oauth.ids import new_user_id
from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.signing_keys import (
    PUBLISHED_SECONDS,
    RETIRING_SECONDS,
    SIGNING_SECONDS,
    KeyRing,
)
from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes.clock import START, FakeClock
from tests.keys import FakeKeyRings
from tests.logins import ACCESS_TOKEN, CLIENT_ID, USER_ID, issue
from tests.signing import ISSUER, PrivateKey, unsigned

ALGORITHMS = pytest.mark.parametrize("algorithm", [one.value for one in Algorithm])


@ALGORITHMS
def test_a_hint_is_verified_however_long_ago_it_expired(
    id_tokens: IdTokens, algorithm: str
) -> None:
    hint = issue(id_tokens, algorithm)
    expected = VerifiedHint(USER_ID, CLIENT_ID, "session", START)
    for now in (START, START + LIFETIME_SECONDS + 1, START + 7 * 86_400):
        assert id_tokens.verify_hint(hint, now) == expected


def test_a_hint_of_the_key_before_is_verified_a_week_long(
    id_tokens: IdTokens, ring: KeyRing, clock: FakeClock
) -> None:
    ring.ensure()
    clock.advance(SIGNING_SECONDS - PUBLISHED_SECONDS)
    ring.rotate(clock.now())
    clock.advance(PUBLISHED_SECONDS)
    hint = issue(id_tokens, now=clock.now())
    ring.rotate(clock.now())
    clock.advance(7 * 86_400)
    ring.rotate(clock.now())
    assert id_tokens.verify_hint(hint, clock.now()).subject == USER_ID
    clock.advance(RETIRING_SECONDS - 7 * 86_400)
    ring.rotate(clock.now())
    with pytest.raises(HintRefused, match="kid"):
        id_tokens.verify_hint(hint, clock.now())


def sign_as_ours(ring: KeyRing, claims: Any, algorithm: str = "RS256", **header: Any) -> str:
    """A JWT with any claims under our own key."""
    kid, key = ring.signing_key(Algorithm(algorithm))
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jwt.PyJWS().encode(payload, key, algorithm, {"typ": "JWT", "kid": kid, **header})


VALID = {"iss": ISSUER, "sub": USER_ID, "aud": CLIENT_ID, "iat": START, "sid": "s"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "sub"),
        ({"aud": [CLIENT_ID]}, "aud"),
        ({"aud": "https://evil.example"}, "aud"),
        ({"aud": USER_ID}, "aud"),
        ({"iat": START + 61}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"iat": None}, "iat"),
        ({"sid": 1}, "sid"),
    ],
)
def test_a_hint_with_a_wrong_claim_is_refused(
    id_tokens: IdTokens, ring: KeyRing, changes: dict[str, Any], reason: str
) -> None:
    id_tokens.verify_hint(sign_as_ours(ring, VALID), START)
    with pytest.raises(HintRefused, match=reason):
        id_tokens.verify_hint(sign_as_ours(ring, VALID | changes), START)


@pytest.mark.parametrize("payload", [b"[]", b"1", b"no JSON", b'{"iss":1,"iss":2}', b"[" * 6000])
def test_a_hint_whose_payload_is_no_object_is_refused(
    id_tokens: IdTokens, ring: KeyRing, payload: bytes
) -> None:
    with pytest.raises(HintRefused):
        id_tokens.verify_hint(sign_as_ours(ring, payload), START)


@pytest.mark.checklist("26")
@pytest.mark.parametrize(
    "header",
    [
        {"jwk": {"kty": "oct", "k": "YQ"}},
        {"jku": "https://evil.example/jwks"},
        {"x5c": ["YQ"]},
        {"crit": ["exp"], "exp": 1},
        {"b64": False},
        {"cty": "JWT"},
    ],
)
def test_a_hint_with_a_header_that_is_not_ours_is_refused(
    id_tokens: IdTokens, ring: KeyRing, header: dict[str, Any]
) -> None:
    with pytest.raises(HintRefused, match=r"the header is not ours|not a signed JWT"):
        id_tokens.verify_hint(with_header(sign_as_ours(ring, VALID), header), START)


def with_header(token: str, changes: dict[str, Any]) -> str:
    """The token with a changed header, and so without a valid signature."""
    encoded, payload, signature = token.split(".")
    header = json.loads(urlsafe_b64decode(encoded + "=="))
    changed = {name: value for name, value in (header | changes).items() if value is not None}
    again = urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    return f"{again}.{payload}.{signature}"


@pytest.mark.checklist("25")
def test_a_hint_whose_alg_does_not_fit_its_key_is_refused(
    id_tokens: IdTokens, ring: KeyRing
) -> None:
    """Among them HS256 keyed with our public key, as published and as PEM."""
    rsa_kid, rsa_key = ring.signing_key(Algorithm.RS256)
    ec_kid, _ = ring.signing_key(Algorithm.ES256)
    payload = json.dumps(VALID).encode()
    public_jwk = json.dumps(dict(ring.public_jwks())["keys"]).encode()
    pem = rsa_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = [
        with_header(sign_as_ours(ring, VALID), {"alg": alg})
        for alg in ("none", "None", "HS256", "ES256", "PS256", "RS512", "", 1, ["RS256"], None)
    ]
    forged += [hmac_signed(payload, secret, rsa_kid) for secret in (public_jwk, pem)]
    forged.append(sign_as_ours(ring, VALID, "RS256", kid=ec_kid))
    forged.append(sign_as_ours(ring, VALID, "ES256", kid=rsa_kid))
    forged.append(
        jwt.PyJWS().encode(payload, rsa_key, "PS256", {"typ": "JWT", "kid": rsa_kid}),
    )
    forged.append(jwt.PyJWS().encode(payload, rsa_key, "RS512", {"typ": "JWT", "kid": rsa_kid}))
    for hint in forged:
        with pytest.raises(HintRefused):
            id_tokens.verify_hint(hint, START)


def hmac_signed(payload: bytes, secret: bytes, kid: str) -> str:
    """PyJWT itself refuses to sign with a public key."""
    header = json.dumps({"typ": "JWT", "alg": "HS256", "kid": kid}).encode()
    unsigned_token = unsigned(header, payload).rpartition(".")[0]
    signature = hmac.digest(secret, unsigned_token.encode(), "sha256")
    return f"{unsigned_token}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_a_hint_signed_by_somebody_else_is_refused(id_tokens: IdTokens, ring: KeyRing) -> None:
    strangers: dict[str, PrivateKey] = {
        "RS256": rsa.generate_private_key(65537, 2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
    }
    for algorithm, stranger in strangers.items():
        kid, _ = ring.signing_key(Algorithm(algorithm))
        for claimed in (kid, "unknown", ""):
            header = {"typ": "JWT", "kid": claimed}
            hint = jwt.PyJWS().encode(json.dumps(VALID).encode(), stranger, algorithm, header)
            with pytest.raises(HintRefused):
                id_tokens.verify_hint(hint, START)


def test_a_changed_hint_is_refused(id_tokens: IdTokens) -> None:
    header, payload, signature = issue(id_tokens).split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=="))
    claims["sub"] = new_user_id()
    changed = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    for hint in (f"{header}.{changed}.{signature}", f"{header}.{payload}.", f"{header}.{payload}"):
        with pytest.raises(HintRefused):
            id_tokens.verify_hint(hint, START)


@pytest.mark.checklist("32", "48")
@pytest.mark.parametrize(
    "hint",
    [
        "",
        "x",
        "..",
        "a.b.c",
        "é.é.é",
        ACCESS_TOKEN,
        "a" * 1_000_000,
        unsigned(b'{"alg":"RS256","kid":1,"typ":"JWT"}', b"{}"),
        unsigned(b'{"alg":"RS256","kid":["a"],"typ":"JWT"}', b"{}"),
        unsigned(b'{"alg":"RS256","kid":"' + b"k" * 2000 + b'","typ":"JWT"}', b"{}"),
        unsigned(b"[]", b"{}"),
        unsigned(b'"text"', b"{}"),
        unsigned(b"\xff", b"{}"),
        unsigned(b"[" * 5000, b"{}"),
        unsigned(b'{"alg":"RS256","kid":' + b"9" * 5000 + b',"typ":"JWT"}', b"{}"),
    ],
)
def test_what_is_no_id_token_is_refused(id_tokens: IdTokens, hint: str) -> None:
    with pytest.raises(HintRefused):
        id_tokens.verify_hint(hint, START)


def test_a_hint_that_cannot_be_judged_is_not_refused(
    id_tokens: IdTokens, store: FakeKeyRings, clock: FakeClock
) -> None:
    hint = issue(id_tokens)
    clock.advance(3600)
    store.unavailable = True
    with pytest.raises(StoreUnavailable):
        id_tokens.verify_hint(hint, clock.now())
