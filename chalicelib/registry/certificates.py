"""Reads an uploaded X.509 certificate and refuses what must not sign for an application.

RFC 5280 for its fields, RFC 7523 §3 for its use; the rules are those of the registration form.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from chalicelib.oauth.model import CertificateKey
from chalicelib.registry.model import CertificateDetails

MAXIMUM_CERTIFICATE_BYTES = 16 * 1024
MAXIMUM_EXTENSIONS = 30
MAXIMUM_NAMES = 100
MAXIMUM_NAME_LENGTH = 1_000
MINIMUM_RSA_BITS = 2048
# Beyond this a verification costs more than a request for a token may.
MAXIMUM_RSA_BITS = 8192
MINIMUM_RSA_EXPONENT = 65_537
MAXIMUM_RSA_EXPONENT = 2**32

PEM_TYPE = "application/x-pem-file"
DER_TYPE = "application/pkix-cert"

_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_HASHES = (
    hashes.SHA256, hashes.SHA384, hashes.SHA512, hashes.SHA3_256, hashes.SHA3_384, hashes.SHA3_512
)  # fmt: skip
_HASHLESS = (SignatureAlgorithmOID.ED25519, SignatureAlgorithmOID.ED448)
_USAGES = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}

_PEM_LABEL = re.compile(rb"-----BEGIN ([^\r\n-]{0,64})-----")
_PEM_BLOCK = re.compile(
    rb"-----BEGIN CERTIFICATE-----[ \t]*\r?\n([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----"
)
# SEQUENCE { INTEGER 3, SEQUENCE …: PFX (RFC 7292 §4). SEQUENCE { INTEGER 0 or 1, …: a private
# key of PKCS #8, PKCS #1 or SEC 1.
_PKCS12 = re.compile(rb"\x30(?:\x82..|\x81.|.)\x02\x01\x03\x30", re.DOTALL)
_PRIVATE_KEY = re.compile(rb"\x30(?:\x82..|\x81.|.)\x02\x01[\x00\x01]", re.DOTALL)

_ALLOWED_KEYS = "its key must be RSA of 2048 to 8192 bits or EC on P-256, P-384 or P-521"


class CertificateRefused(ValueError):
    """The file is not a certificate that an application may sign with; the text says why."""


@dataclass(frozen=True, slots=True)
class UploadedCertificate:
    """A certificate that passed: the file as it came, and what is kept of it."""

    content: bytes
    key: CertificateKey
    details: CertificateDetails


def read_text(text: str) -> bytes:
    """The file behind a JSON text: PEM as it is, or DER in base64. Raises CertificateRefused."""
    if "-----BEGIN" in text:
        return text.encode("utf-8")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise CertificateRefused("is neither PEM nor DER in base64") from None


def read_certificate(content: bytes, now: int) -> UploadedCertificate:
    """One certificate, PEM or DER, valid at `now` (epoch seconds). Raises CertificateRefused."""
    if not content:
        raise CertificateRefused("is empty")
    if len(content) > MAXIMUM_CERTIFICATE_BYTES:
        raise CertificateRefused("must have at most 16 KiB")
    is_pem = b"-----BEGIN" in content
    certificate = _load(_pem_block(content) if is_pem else content)
    try:
        key = _validate(certificate, now)
        subject, issuer = certificate.subject, certificate.issuer
        details = CertificateDetails(
            file_sha256=hashlib.sha256(content).hexdigest(),
            media_type=PEM_TYPE if is_pem else DER_TYPE,
            subject=_name(subject),
            issuer=_name(issuer),
            serial_number=f"{certificate.serial_number:x}",
            key_description=_describe_key(certificate),
        )
    except CertificateRefused:
        raise
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ):
        # Explicit curve parameters, extensions twice or malformed, algorithms nobody knows.
        raise CertificateRefused("holds something that is malformed or not supported") from None
    return UploadedCertificate(content, key, details)


def _pem_block(content: bytes) -> bytes:
    """The DER form within the only block of a PEM file (RFC 7468 §5)."""
    labels = _PEM_LABEL.findall(content)
    if any(b"PRIVATE KEY" in label for label in labels):
        raise CertificateRefused("holds a private key; send the certificate alone")
    if len(labels) != 1 or content.count(b"-----BEGIN") != 1:
        raise CertificateRefused("must hold exactly one block")
    block = _PEM_BLOCK.search(content)
    if block is None:
        raise CertificateRefused("is not a certificate")
    try:
        return base64.b64decode(b"".join(block.group(1).split()), validate=True)
    except (binascii.Error, ValueError):
        raise CertificateRefused("is not valid PEM") from None


def _load(der: bytes) -> x509.Certificate:
    if _PKCS12.match(der):
        raise CertificateRefused("is a PKCS #12 file; send the certificate alone")
    if _PRIVATE_KEY.match(der):
        raise CertificateRefused("is a private key; send the certificate alone")
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, x509.InvalidVersion):
        raise CertificateRefused("is not a certificate") from None


def _validate(certificate: x509.Certificate, now: int) -> CertificateKey:
    """Every rule, the cheap ones first; what passes is what verification will use."""
    not_before = int(certificate.not_valid_before_utc.timestamp())
    not_after = int(certificate.not_valid_after_utc.timestamp())
    if now < not_before:
        raise CertificateRefused("is not valid yet")
    if now >= not_after:
        raise CertificateRefused("is not valid any more")
    _validate_signature_algorithm(certificate)
    _validate_extensions(certificate)
    return CertificateKey(
        thumbprint=certificate.fingerprint(hashes.SHA256()).hex(),
        public_key=_validate_key(certificate),
        not_before=not_before,
        not_after=not_after,
    )


def _validate_signature_algorithm(certificate: x509.Certificate) -> None:
    """SHA-2 or better: with SHA-1 or MD5 another certificate of the same signature can be made."""
    if certificate.signature_algorithm_oid in _HASHLESS:
        return
    if not isinstance(certificate.signature_hash_algorithm, _HASHES):
        raise CertificateRefused("must be signed with SHA-256 or better")


def _validate_extensions(certificate: x509.Certificate) -> None:
    extensions = certificate.extensions
    if len(extensions) > MAXIMUM_EXTENSIONS:
        raise CertificateRefused("has too many extensions")
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            raise CertificateRefused("must not be of a certification authority")
        if isinstance(value, x509.KeyUsage):
            if value.key_cert_sign:
                raise CertificateRefused("must not be of a certification authority")
            if not value.digital_signature:
                raise CertificateRefused("must allow digital signatures in its key usage")
        if isinstance(value, x509.ExtendedKeyUsage) and not _USAGES & set(value):
            raise CertificateRefused("must allow client authentication in its extended key usage")
        names = isinstance(value, x509.SubjectAlternativeName | x509.IssuerAlternativeName)
        if names and sum(1 for _ in value) > MAXIMUM_NAMES:
            raise CertificateRefused("has too many names")


def _validate_key(certificate: x509.Certificate) -> bytes:
    """The public key as DER SubjectPublicKeyInfo."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        sane = MINIMUM_RSA_EXPONENT <= exponent < MAXIMUM_RSA_EXPONENT and exponent % 2 == 1
        if not MINIMUM_RSA_BITS <= key.key_size <= MAXIMUM_RSA_BITS:
            raise CertificateRefused(_ALLOWED_KEYS)
        if not sane:
            raise CertificateRefused("its RSA key has an unusual exponent")
    elif not (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES):
        raise CertificateRefused(_ALLOWED_KEYS)
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    is_ec = isinstance(key, ec.EllipticCurvePublicKey)
    # The library takes explicit parameters that equal a curve's; RFC 5480 §2.1.1 forbids them.
    if is_ec and encoded not in certificate.tbs_certificate_bytes:
        raise CertificateRefused("must name its curve, and give its point uncompressed")
    return encoded


def _describe_key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {_CURVES[key.curve.name]}"
    raise CertificateRefused(_ALLOWED_KEYS)


def _name(name: x509.Name) -> str:
    if sum(1 for _ in name) > MAXIMUM_NAMES:
        raise CertificateRefused("has too many names")
    text = name.rfc4514_string()
    if len(text) > MAXIMUM_NAME_LENGTH:
        raise CertificateRefused("has a name that is too long")
    return text
