"""Certificates for tests: a fit one, and every way to be unfit."""

from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.fakes.clock import START

# P-256 written out as explicit parameters, valid to 2126; nothing in Python makes such a one.
EXPLICIT_PARAMETERS = b64decode(
    "MIICbjCCAhSgAwIBAgIUUUleqLrYre+FmY2BLO4tGWe0JwowCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIZXhw"
    "bGljaXQwIBcNMjYxMTI0MDAxMDAxWhgPMjEyNjEwMzEwMDEwMDFaMBMxETAPBgNVBAMMCGV4cGxpY2l0MIIB"
    "SzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAAAAAAAAAAAAAA////////////"
    "////MFsEIP////8AAAABAAAAAAAAAAAAAAAA///////////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxT"
    "sPY7zjw+J9JgSwMVAMSdNgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5"
    "RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA//////////+85vqtpxee"
    "hPO5ysL8YyVRAgEBA0IABBtI4/d8d8CMuUMyMYKA5jhbs38X4jJHbEtmedKZhDNvyJVRzpetjzSzwa31WX2j"
    "44988Hiyj/xI24GbVJQZWVOjUDBOMB0GA1UdDgQWBBR9U1Ez30qw5IwMUjQuLKK2aa0YbTAfBgNVHSMEGDAW"
    "gBR9U1Ez30qw5IwMUjQuLKK2aa0YbTAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0gAMEUCIFzDAAL/Kpyb"
    "ffUw4EyVztH2D3yTavOg8CfM//C75pE3AiEAoY0f+wKizgmjtzD8czmwRyOoFQrdZ+jNmn1lJhyvD9o="
)
_SHA256_WITH_RSA = bytes.fromhex("2a864886f70d01010b")

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


def der_signed_with(algorithm: str) -> bytes:
    """A certificate that says it is signed with SHA-1 or MD5, which the library will not do."""
    last = {"md5": b"\x04", "sha1": b"\x05"}[algorithm]
    return der(rsa_key()).replace(_SHA256_WITH_RSA, _SHA256_WITH_RSA[:-1] + last)
