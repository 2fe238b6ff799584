"""A signed JWT in place of a client secret (RFC 7523 §2.2)."""

import time
import uuid
from collections.abc import Mapping

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chalicelib.cli.failures import refuse_usage
from chalicelib.cli.inputs import read_bytes

LIFETIME_SECONDS = 60

_BY_CURVE = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def sign(client_id: str, issuer: str, file: str) -> Mapping[str, str]:
    """The parameters that authenticate the client with the private key in a PEM file.

    Raises Failure for what is no such key; one with a passphrase is none.
    """
    try:
        key = load_pem_private_key(read_bytes(file), None)
    except (ValueError, TypeError):
        raise refuse_usage(f"{file} is not a private key in PEM without a passphrase.") from None
    if isinstance(key, rsa.RSAPrivateKey):
        algorithm = "RS256"
    elif isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _BY_CURVE:
        algorithm = _BY_CURVE[key.curve.name]
    else:
        raise refuse_usage(f"{file} must hold an RSA key, or one on P-256, P-384 or P-521.")
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(claims, key, algorithm),
    }
