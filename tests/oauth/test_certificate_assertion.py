"""Signed JWTs: what authenticates a client-certificate application, and what does not."""

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chalicelib.oauth.certificate_assertion import (
    AssertionRefused,
    claimed_client_id,
    header_audience,
    verify,
)
from chalicelib.oauth.model import Application, GrantType, LifeCycle, LifeCycleType
from tests.signing import ISSUER, certificate_key, claims, private_key, sign, unsigned

NOW = 1_800_000_000
CLIENT = "app_01hzy3v7q8r9s0t1v2w3x4y5z6"


def application(algorithm: str = "ES256") -> Application:
    return Application(
        client_id=CLIENT,
        name="Reports",
        grant_type=GrantType.CLIENT_CERTIFICATE,
        allowed_scopes=frozenset({"odata_query"}),
        life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, 3600),
        user_id="usr_01hzy3v7q8r9s0t1v2w3x4y5z7",
        certificate=certificate_key(private_key(algorithm), NOW),
    )


def assert_refused(assertion: str, why: str, app: Application | None = None) -> None:
    with pytest.raises(AssertionRefused, match=why):
        verify(assertion, app or application(), (ISSUER,), NOW)


def signed(algorithm: str = "ES256", **changes: Any) -> str:
    return sign(claims(CLIENT, NOW, **changes), private_key(algorithm), algorithm)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "ES512"])
def test_every_algorithm_that_fits_the_key_is_accepted(algorithm: str) -> None:
    key_of = "RS256" if algorithm == "PS256" else algorithm
    assertion = sign(claims(CLIENT, NOW), private_key(key_of), algorithm)
    verified = verify(assertion, application(key_of), (ISSUER,), NOW)
    assert (verified.client_id, verified.jti) == (CLIENT, "jti-1")
    assert (verified.issued_at, verified.ends_at) == (NOW, NOW + 300)


@pytest.mark.checklist("25")
@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512", "RS384", "EdDSA", ["ES256"], None])
def test_an_algorithm_outside_the_list_is_refused(algorithm: object) -> None:
    header = json.dumps({"alg": algorithm}).encode()
    payload = json.dumps(claims(CLIENT, NOW)).encode()
    assert_refused(unsigned(header, payload), "alg is not allowed")


@pytest.mark.checklist("25")
@pytest.mark.parametrize(
    ("algorithm", "held"), [("ES256", "ES384"), ("ES256", "RS256"), ("RS256", "ES256")]
)
def test_an_algorithm_that_does_not_fit_the_key_is_refused(algorithm: str, held: str) -> None:
    assert_refused(signed(algorithm), "does not fit", application(held))


@pytest.mark.checklist("25")
def test_a_public_key_used_as_an_hmac_secret_is_refused() -> None:
    header, payload = b'{"alg":"HS256"}', json.dumps(claims(CLIENT, NOW)).encode()
    certificate = application().certificate
    assert certificate is not None
    body = unsigned(header, payload).rsplit(".", 1)[0]
    tag = hmac.new(certificate.public_key, body.encode(), hashlib.sha256).digest()
    assert_refused(unsigned(header, payload, tag), "alg is not allowed")


@pytest.mark.checklist("26")
@pytest.mark.parametrize("name", ["jku", "x5u", "x5c", "jwk", "crit", "b64"])
def test_a_header_that_would_choose_the_key_is_refused(name: str) -> None:
    value: object = ["exp"] if name in ("crit", "x5c") else "https://evil.example/keys"
    header = f'{{"alg":"ES256","{name}":{value!r}}}'.replace("'", '"').encode()
    assert_refused(unsigned(header, json.dumps(claims(CLIENT, NOW)).encode()), name)


@pytest.mark.checklist("27")
@pytest.mark.parametrize(
    "audience",
    [[ISSUER], ISSUER + "/", "https://other.example", header_audience(ISSUER), "", None, 1],
)
def test_an_audience_that_is_not_exactly_ours_is_refused(audience: object) -> None:
    assert_refused(signed(aud=audience), "aud")


@pytest.mark.checklist("28")
@pytest.mark.parametrize(
    "changes", [{"iss": "app_01hzy3v7q8r9s0t1v2w3x4y5z9"}, {"sub": "somebody"}, {"iss": None}]
)
def test_issuer_subject_and_client_must_be_one(changes: dict[str, Any]) -> None:
    assert_refused(signed(**changes), "iss, sub|sub missing")


@pytest.mark.checklist("29")
@pytest.mark.parametrize(
    "changes",
    [
        {"exp": None},
        {"iat": None},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "\ud800"},
        {"exp": NOW},
        {"exp": NOW - 1, "iat": NOW - 100},
        {"exp": NOW + 301},
        {"exp": "soon"},
        {"exp": True},
        {"iat": NOW - 301, "exp": NOW + 1},
        {"exp": NOW - 10, "iat": NOW},
    ],
)
def test_missing_past_or_long_times_are_refused(changes: dict[str, Any]) -> None:
    assert_refused(signed(**changes), "exp|iat|jti|expired|five minutes")


@pytest.mark.checklist("30")
@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_clock_eight_seconds_ahead_is_accepted_and_a_minute_is_not(name: str) -> None:
    changes: dict[str, Any] = {name: NOW + 8, "exp": NOW + 200}
    assert verify(signed(**changes), application(), (ISSUER,), NOW).jti == "jti-1"
    assert_refused(signed(**{name: NOW + 61, "exp": NOW + 200}), f"{name} is ahead")


@pytest.mark.checklist("31")
def test_a_jti_of_128_characters_is_accepted_and_of_129_is_not() -> None:
    assert verify(signed(jti="x" * 128), application(), (ISSUER,), NOW).jti == "x" * 128
    assert_refused(signed(jti="x" * 129), "jti")


@pytest.mark.checklist("32")
@pytest.mark.parametrize(
    "payload",
    [
        b'{"sub": "a", "sub": "b"}',
        b'{"exp": NaN}',
        b'{"exp": 1' + b"0" * 30 + b"}",
        b"[" * 3000,
        b"[]",
        b"\xff\xfe",
    ],
)
def test_hostile_payloads_are_refused_before_any_key_is_read(payload: bytes) -> None:
    with pytest.raises(AssertionRefused):
        claimed_client_id(unsigned(b'{"alg":"ES256"}', payload))


@pytest.mark.checklist("32")
@pytest.mark.parametrize(
    "assertion", ["x" * 1_000_000, "a.b", "a.b.c.d", "..", "\u00e9.\u00e9.\u00e9", ""]
)
def test_what_is_no_jwt_is_refused_at_once(assertion: str) -> None:
    with pytest.raises(AssertionRefused):
        claimed_client_id(assertion)


@pytest.mark.parametrize("subject", ["x", "usr_01hzy3v7q8r9s0t1v2w3x4y5z7", "app_" + "y" * 3000, 7])
def test_a_subject_that_is_no_client_id_is_never_looked_up(subject: object) -> None:
    with pytest.raises(AssertionRefused, match="client id"):
        claimed_client_id(signed(sub=subject))


def test_another_key_is_refused() -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert_refused(sign(claims(CLIENT, NOW), stranger), "signature")


def test_a_changed_payload_is_refused() -> None:
    header, _, signature = signed().split(".")
    payload = signed(jti="other").split(".")[1]
    assert_refused(f"{header}.{payload}.{signature}", "signature")


@pytest.mark.checklist("33")
@pytest.mark.parametrize("shift", [-86_401, 365 * 86_400])
def test_a_certificate_that_is_not_valid_now_is_refused_at_use(shift: int) -> None:
    with pytest.raises(AssertionRefused, match="not valid now"):
        verify(signed(), application(), (ISSUER,), NOW + shift)


@pytest.mark.checklist("33")
def test_a_short_rsa_key_is_refused_at_use() -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the weak key under test
    weak = replace(application(), certificate=certificate_key(key, NOW))
    assert_refused(signed("RS256"), "too weak", weak)


@pytest.mark.checklist("33")
def test_an_odd_curve_is_refused_at_use() -> None:
    odd = certificate_key(ec.generate_private_key(ec.SECP256K1()), NOW)
    assert_refused(signed(), "of another kind", replace(application(), certificate=odd))


@pytest.mark.checklist("24")
@pytest.mark.parametrize("grant_type", [kind for kind in GrantType if kind != "client_certificate"])
def test_only_a_client_certificate_application_signs(grant_type: GrantType) -> None:
    assert_refused(
        signed(), "not a client-certificate", replace(application(), grant_type=grant_type)
    )


@pytest.mark.checklist("35")
def test_an_application_without_its_certificate_is_refused() -> None:
    assert_refused(signed(), "no certificate", replace(application(), certificate=None))


def test_an_unknown_application_is_refused() -> None:
    with pytest.raises(AssertionRefused, match="unknown"):
        verify(signed(), None, (ISSUER,), NOW)
