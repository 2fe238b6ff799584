"""ID tokens: what they say, who can verify them, and which hints come back verified."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from authlib.oidc.core import CodeIDToken
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt as jose_jwt
from joserfc.jwk import KeySet

from chalicelib.oauth.id_token import (
    LIFETIME_SECONDS,
    HintRefused,
    IdTokens,
    Profile,
    VerifiedHint,
    access_token_hash,
    user_claims,
)
from chalicelib.oauth.ids import new_client_id, new_ulid, new_user_id
from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.model import (
    Application,
    Grant,
    GrantKind,
    GrantType,
    LifeCycle,
    LifeCycleType,
    Login,
    User,
)
from chalicelib.oauth.signing_keys import (
    PUBLISHED_SECONDS,
    RETIRING_SECONDS,
    SIGNING_SECONDS,
    KeyRing,
)
from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes import START, FakeClock
from tests.keys import FakeKeyRings, FakeProtector, open_ring
from tests.signing import ISSUER, PrivateKey, unsigned

ACCESS_TOKEN = "gla_" + "a" * 100
CLIENT_ID = new_client_id()
USER_ID = new_user_id()
ALGORITHMS = pytest.mark.parametrize("algorithm", [one.value for one in Algorithm])


@pytest.fixture
def store() -> FakeKeyRings:
    return FakeKeyRings()


@pytest.fixture
def protector() -> FakeProtector:
    return FakeProtector()


@pytest.fixture
def ring(store: FakeKeyRings, protector: FakeProtector, clock: FakeClock) -> KeyRing:
    return open_ring(store, protector, clock)


@pytest.fixture
def id_tokens(ring: KeyRing) -> IdTokens:
    return IdTokens(ring, ISSUER)


def application(algorithm: str = "RS256") -> Application:
    return Application(
        client_id=CLIENT_ID,
        name="Shop",
        grant_type=GrantType.AUTHORIZATION_CODE,
        allowed_scopes=frozenset({"login"}),
        life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, 3600),
        id_token_signed_response_alg=algorithm,
    )


def grant(nonce: str | None = "n-0S6_WzA2Mj", **changes: Any) -> Grant:
    values: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "grant_id": new_ulid(),
        "kind": GrantKind.AUTHORIZATION_CODE,
        "created_at": START,
        "creation_nonce": "c",
        "subject": USER_ID,
        "login": Login(authenticated_at=START - 60, session_id="session", nonce=nonce),
    }
    return Grant(**(values | changes))


def issue(id_tokens: IdTokens, algorithm: str = "RS256", now: int = START) -> str:
    return id_tokens.issue(application(algorithm), grant(), ACCESS_TOKEN, now)


def verified(ring: KeyRing, token: str) -> Mapping[str, Any]:
    """As a client of PyJWT does, against the published keys."""
    keys = jwt.PyJWKSet.from_dict(dict(ring.public_jwks()))
    header = jwt.get_unverified_header(token)
    claims: dict[str, Any] = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=["RS256", "ES256"],
        audience=CLIENT_ID,
        issuer=ISSUER,
        options={
            "require": ["iss", "sub", "aud", "exp", "iat", "auth_time"],
            "verify_exp": False,
            "verify_iat": False,
        },
    )
    return claims


@ALGORITHMS
def test_it_says_who_logged_in_when_and_for_whom(
    id_tokens: IdTokens, ring: KeyRing, algorithm: str
) -> None:
    token = issue(id_tokens, algorithm)
    assert jwt.get_unverified_header(token) == {
        "typ": "JWT",
        "alg": algorithm,
        "kid": ring.signing_key(Algorithm(algorithm))[0],
    }
    assert verified(ring, token) == {
        "iss": ISSUER,
        "sub": USER_ID,
        "aud": CLIENT_ID,
        "exp": START + LIFETIME_SECONDS,
        "iat": START,
        "auth_time": START - 60,
        "nonce": "n-0S6_WzA2Mj",
        "sid": "session",
        "at_hash": access_token_hash(ACCESS_TOKEN),
    }


@ALGORITHMS
def test_authlib_verifies_it(id_tokens: IdTokens, ring: KeyRing, algorithm: str) -> None:
    keys = KeySet.import_key_set(json.loads(json.dumps(ring.public_jwks())))
    decoded = jose_jwt.decode(issue(id_tokens, algorithm), keys, algorithms=[algorithm])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        options={"iss": {"essential": True, "value": ISSUER}, "aud": {"value": CLIENT_ID}},
        params={
            "client_id": CLIENT_ID,
            "nonce": "n-0S6_WzA2Mj",
            "access_token": ACCESS_TOKEN,
            "max_age": 100,
        },
    )
    claims.validate(now=START)


def test_without_a_nonce_asked_for_there_is_none(id_tokens: IdTokens, ring: KeyRing) -> None:
    token = id_tokens.issue(application(), grant(nonce=None), ACCESS_TOKEN, START)
    assert "nonce" not in verified(ring, token)


def test_the_access_token_hash_is_that_of_the_standard() -> None:
    """OpenID Connect Core §A.3 has the example."""
    assert (
        access_token_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"
    )
    digest = hashlib.sha256(b"abc").digest()[:16]
    assert access_token_hash("abc") == urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.mark.parametrize("changes", [{"subject": None}, {"login": None}])
def test_a_machines_grant_gets_none(id_tokens: IdTokens, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="login"):
        id_tokens.issue(application(), grant(**changes), ACCESS_TOKEN, START)


def test_an_algorithm_that_is_not_ours_is_never_used(id_tokens: IdTokens) -> None:
    for algorithm in ("none", "HS256", "RS512", ""):
        with pytest.raises(ValueError, match="not a valid Algorithm"):
            issue(id_tokens, algorithm)


def test_there_is_no_unsigned_one(
    id_tokens: IdTokens, store: FakeKeyRings, protector: FakeProtector
) -> None:
    protector.unavailable = True
    with pytest.raises(StoreUnavailable):
        issue(id_tokens)
    protector.unavailable, store.unavailable = False, True
    with pytest.raises(StoreUnavailable):
        issue(id_tokens)


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
    with pytest.raises(HintRefused):
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


PERSON = User(USER_ID, "ana", "corp")
FULL = Profile(email="ana@example.com", given_name="Ana", family_name="Ruiz", updated_at=START)


@pytest.mark.parametrize(
    ("profile", "scopes", "expected"),
    [
        (FULL, {"openid"}, {}),
        (FULL, {"openid", "email"}, {"email": "ana@example.com"}),
        (
            FULL,
            {"openid", "profile"},
            {
                "name": "Ana Ruiz",
                "given_name": "Ana",
                "family_name": "Ruiz",
                "preferred_username": "corp\\ana",
                "updated_at": START,
            },
        ),
        (
            Profile(),
            {"openid", "profile", "email"},
            {"name": "ana", "preferred_username": "corp\\ana"},
        ),
        (
            Profile(family_name="Ruiz"),
            {"profile"},
            {"name": "Ruiz", "family_name": "Ruiz", "preferred_username": "corp\\ana"},
        ),
    ],
)
def test_userinfo_says_what_the_scopes_ask_for(
    profile: Profile, scopes: set[str], expected: dict[str, Any]
) -> None:
    assert user_claims(PERSON, profile, frozenset(scopes)) == {"sub": USER_ID, **expected}
