"""Certificates for tests: a fit one, and every way to be unfit."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.fakes import START

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def ec_key(name: str = "P-256") -> ec.EllipticCurvePrivateKey:
    curves: dict[str, ec.EllipticCurve] = {
        "P-256": ec.SECP256R1(),
        "P-384": ec.SECP384R1(),
        "P-521": ec.SECP521R1(),
        "K-256": ec.SECP256K1(),
    }
    return ec.generate_private_key(curves[name])


@cache
def rsa_key(bits: int = 2048, exponent: int = 65_537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def certificate(
    key: Any = None,
    *,
    first_day: float = -1,
    last_day: float = 365,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    algorithm: Any = None,
    name: x509.Name | None = None,
    signer: Any = None,
) -> x509.Certificate:
    """A certificate signed by its own key; days count from the tests' present."""
    key = key or ec_key()
    signer = signer or key
    name = name or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "robot")])
    start = datetime.fromtimestamp(START, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start + timedelta(days=first_day))
        .not_valid_after(start + timedelta(days=last_day))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, algorithm or hashes.SHA256())


def pem(key: Any = None, **arguments: Any) -> str:
    return certificate(key, **arguments).public_bytes(Encoding.PEM).decode()


def der(key: Any = None, **arguments: Any) -> bytes:
    return certificate(key, **arguments).public_bytes(Encoding.DER)
