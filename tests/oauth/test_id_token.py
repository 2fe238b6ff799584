"""ID tokens: what they say, who can verify them, and what userinfo says instead."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from authlib.oidc.core import CodeIDToken
from joserfc import jwt as jose_jwt
from joserfc.jwk import KeySet

from chalicelib.oauth.id_token import (
    LIFETIME_SECONDS,
    IdTokens,
    Profile,
    access_token_hash,
    user_claims,
)
from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.model import User
from chalicelib.oauth.signing_keys import KeyRing
from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes.clock import START
from tests.keys import FakeKeyRings, FakeProtector
from tests.logins import ACCESS_TOKEN, CLIENT_ID, USER_ID, application, grant, issue
from tests.signing import ISSUER

ALGORITHMS = pytest.mark.parametrize("algorithm", [one.value for one in Algorithm])


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
