"""Keys, certificate keys and signed JWTs for tests."""

import json
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.oauth.model import CertificateKey

ISSUER = "https://login.example.com"
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def private_key(algorithm: str) -> PrivateKey:
    """A key fit for the algorithm, made once per run."""
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    return rsa.generate_private_key(65537, 2048)


def certificate_key(key: PrivateKey, now: int, *, days: int = 365) -> CertificateKey:
    """As the registry stores it of a certificate that is valid from yesterday."""
    public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return CertificateKey("0" * 64, public_key, now - 86_400, now + days * 86_400)


def claims(client_id: str, now: int, **changes: Any) -> dict[str, Any]:
    """Valid claims; a change to None leaves the claim out."""
    valid = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "iat": now,
        "exp": now + 300,
        "jti": "jti-1",
    }
    return {name: value for name, value in (valid | changes).items() if value is not None}


def sign(
    payload: dict[str, Any] | bytes,
    key: PrivateKey,
    algorithm: str = "ES256",
    **header: Any,
) -> str:
    """A JWT as a client would send it."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return jwt.PyJWS().encode(body, key, algorithm, {"typ": "JWT", **header})


def unsigned(header: bytes, payload: bytes, signature: bytes = b"x") -> str:
    """Three parts that nobody signed."""
    return ".".join(
        urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, payload, signature)
    )
