"""Key pairs for signatures, and their public halves as JWKs (RFC 7517, RFC 7518 §6, RFC 7638).

PyJWT and cryptography are imported where first used: a token for a machine needs neither.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
    PublicKey = RSAPublicKey | EllipticCurvePublicKey

# 112 bits of security; a longer key takes twice the time and more to sign (RFC 7518 §3.3).
RSA_BITS = 2048
RSA_EXPONENT = 65537


class Algorithm(StrEnum):
    """What ID tokens are signed with; every other `alg` is refused (RFC 8725 §3.1)."""

    RS256 = "RS256"
    ES256 = "ES256"


# The members of a public key that its thumbprint covers, and no other (RFC 7638 §3.2).
_MEMBERS = {Algorithm.RS256: ("e", "kty", "n"), Algorithm.ES256: ("crv", "kty", "x", "y")}


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new key pair. `public_jwk` is published as it is; `private_key` is PKCS #8 DER, clear."""

    kid: str
    public_jwk: Mapping[str, str]
    private_key: bytes = field(repr=False)


def generate(algorithm: Algorithm) -> KeyPair:
    """A key pair of the operating system's randomness; its `kid` is its thumbprint."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - cold start
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - cold start
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    private: PrivateKey
    if algorithm is Algorithm.RS256:
        private = rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)
    else:
        private = ec.generate_private_key(ec.SECP256R1())
    members = _public_members(private.public_key(), algorithm)
    kid = thumbprint(members)
    return KeyPair(
        kid=kid,
        public_jwk={**members, "use": "sig", "alg": algorithm.value, "kid": kid},
        private_key=private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    )


def load_private_key(der: bytes) -> "PrivateKey":
    """The key that `generate` made, sealed since: what its numbers are was decided here.

    So an RSA key's primes are not tried again, which takes as long as a hundred signatures.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - cold start
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - cold start
        load_der_private_key,
    )

    key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError("not a key that this module makes")
    return key


def load_public_key(public_jwk: Mapping[str, str]) -> "PublicKey":
    """The key in a JWK that `generate` made."""
    from jwt import PyJWK  # noqa: PLC0415 - cold start

    key: PublicKey = PyJWK(dict(public_jwk)).key
    return key


def thumbprint(members: Mapping[str, str]) -> str:
    """The SHA-256 of the required members of a public JWK, base64url (RFC 7638 §3)."""
    text = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode("ascii")


def _public_members(key: "PublicKey", algorithm: Algorithm) -> dict[str, str]:
    from jwt.algorithms import ECAlgorithm, RSAAlgorithm  # noqa: PLC0415 - cold start

    kind: Any = RSAAlgorithm if algorithm is Algorithm.RS256 else ECAlgorithm
    members: dict[str, str] = kind.to_jwk(key, as_dict=True)
    return {name: members[name] for name in _MEMBERS[algorithm]}
