"""Uploaded certificates: which are taken, and every reason why not."""

import base64
import hashlib
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chalicelib.registry.certificates import (
    MAXIMUM_CERTIFICATE_BYTES,
    CertificateRefused,
    read_certificate,
    read_text,
)
from tests.certificates import (
    EXPLICIT_PARAMETERS,
    certificate,
    der,
    der_signed_with,
    ec_key,
    pem,
    rsa_key,
)
from tests.fakes.clock import START


def usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def private(key_format: PrivateFormat, encoding: Encoding) -> bytes:
    return rsa_key().private_bytes(encoding, key_format, NoEncryption())


def refusal(content: bytes) -> str:
    with pytest.raises(CertificateRefused) as caught:
        read_certificate(content, START)
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "description"),
    [
        (lambda: ec_key("P-256"), "EC P-256"),
        (lambda: ec_key("P-384"), "EC P-384"),
        (lambda: ec_key("P-521"), "EC P-521"),
        (lambda: rsa_key(2048), "RSA 2048"),
        (lambda: rsa_key(3072), "RSA 3072"),
    ],
)
def test_a_fit_certificate_is_described(key: Callable[[], object], description: str) -> None:
    made = certificate(key())
    content = made.public_bytes(Encoding.DER)
    uploaded = read_certificate(content, START)
    assert uploaded.content == content
    assert uploaded.key.thumbprint == hashlib.sha256(content).hexdigest()
    assert uploaded.key.public_key == made.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    assert (uploaded.key.not_before, uploaded.key.not_after) == (
        START - 86_400,
        START + 365 * 86_400,
    )
    assert uploaded.details.file_sha256 == hashlib.sha256(content).hexdigest()
    assert uploaded.details.subject == uploaded.details.issuer == "CN=robot"
    assert uploaded.details.media_type == "application/pkix-cert"
    assert uploaded.details.key_description == description


def test_pem_keeps_its_file_and_has_the_thumbprint_of_its_der_form() -> None:
    made = certificate()
    content = b"Subject: robot\r\n" + made.public_bytes(Encoding.PEM).replace(b"\n", b"\r\n")
    uploaded = read_certificate(content, START)
    assert uploaded.content == content
    assert uploaded.details.media_type == "application/x-pem-file"
    assert uploaded.key.thumbprint == made.fingerprint(hashes.SHA256()).hex()
    assert uploaded.details.file_sha256 != uploaded.key.thumbprint


def test_json_brings_pem_or_der_in_base64() -> None:
    content = der()
    assert read_text(base64.b64encode(content).decode()) == content
    assert read_text(base64.encodebytes(content).decode()) == content
    text = pem()
    assert read_text(text) == text.encode()
    with pytest.raises(CertificateRefused, match="neither PEM nor DER"):
        read_text("not a certificate!")


@pytest.mark.parametrize(
    "extension",
    [
        x509.BasicConstraints(ca=False, path_length=None),
        usage(digital_signature=True),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
        x509.SubjectAlternativeName([x509.DNSName(f"{number}") for number in range(100)]),
    ],
)
def test_fit_extensions_are_taken(extension: x509.ExtensionType) -> None:
    assert read_certificate(der(extensions=[(extension, False)]), START)


@pytest.mark.checklist("33")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: der(first_day=-10, last_day=-1), "not valid any more"),
        (lambda: der(last_day=0), "not valid any more"),
        (lambda: der(first_day=0.001), "not valid yet"),
        (lambda: der(rsa_key(1024)), "2048"),
        (lambda: der(rsa_key(2048, 3)), "exponent"),
        (lambda: der(ec_key("K-256")), "P-256"),
        (lambda: der(ed25519.Ed25519PrivateKey.generate(), signer=ec_key()), "P-256"),
        (lambda: der(dsa.generate_private_key(2048), signer=ec_key()), "P-256"),
        (lambda: der_signed_with("sha1"), "SHA-256"),
        (lambda: der_signed_with("md5"), "SHA-256"),
        (lambda: der(algorithm=hashes.SHA224()), "SHA-256"),
    ],
)
def test_weak_or_unfit_certificates_are_refused(content: Callable[[], bytes], reason: str) -> None:
    assert reason in refusal(content())


@pytest.mark.checklist("33")
@pytest.mark.parametrize(
    ("extension", "reason"),
    [
        (x509.BasicConstraints(ca=True, path_length=None), "certification authority"),
        (usage(digital_signature=True, key_cert_sign=True), "certification authority"),
        (usage(key_encipherment=True), "digital signatures"),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), "client authentication"),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), "client authentication"),
    ],
)
def test_certificates_for_another_use_are_refused(
    extension: x509.ExtensionType, reason: str
) -> None:
    assert reason in refusal(der(extensions=[(extension, True)]))


def _pkcs12() -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"robot", ec_key(), certificate(), None, BestAvailableEncryption(b"password")
    )


@pytest.mark.checklist("34")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda: b"", "empty"),
        (lambda: pem().encode() + b"\n" * MAXIMUM_CERTIFICATE_BYTES, "16 KiB"),
        (lambda: pem().encode() * 2, "exactly one block"),
        (lambda: pem().encode() + b"-----BEGIN", "exactly one block"),
        (lambda: private(PrivateFormat.PKCS8, Encoding.PEM), "private key"),
        (lambda: private(PrivateFormat.TraditionalOpenSSL, Encoding.PEM), "private key"),
        (lambda: private(PrivateFormat.PKCS8, Encoding.DER), "private key"),
        (lambda: private(PrivateFormat.TraditionalOpenSSL, Encoding.DER), "private key"),
        (lambda: pem().encode() + private(PrivateFormat.PKCS8, Encoding.PEM), "private key"),
        (_pkcs12, "PKCS #12"),
        (lambda: EXPLICIT_PARAMETERS, "curve"),
        (lambda: der() + b"\x00", "not a certificate"),
        (lambda: der()[:-1], "not a certificate"),
        (lambda: b"\x30" * 16_000, "not a certificate"),
        (lambda: b"certificate", "not a certificate"),
        (lambda: pem().encode().replace(b"CERTIFICATE", b"X509 CRL"), "not a certificate"),
        (lambda: pem().encode().replace(b"M", b"=", 1), "not valid PEM"),
        (lambda: pem().encode().replace(b"-----END CERTIFICATE-----", b""), "not a certificate"),
        (lambda: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "not a cert"),
        (lambda: der(name=_long_name()), "too long"),
        (lambda: der(name=_many_names(101)), "too many names"),
        (lambda: der(extensions=[(_addresses(101), False)]), "too many names"),
        (lambda: der(extensions=[(_addresses(10_000), False)]), "16 KiB"),
        (lambda: der(extensions=_many_extensions(31)), "too many extensions"),
    ],
)
def test_hostile_files_are_refused(content: Callable[[], bytes], reason: str) -> None:
    assert reason in refusal(content())


@pytest.mark.checklist("34")
def test_malformed_extensions_are_refused() -> None:
    broken = x509.UnrecognizedExtension(x509.oid.ExtensionOID.BASIC_CONSTRAINTS, b"\x01")
    assert "malformed" in refusal(der(extensions=[(broken, True)]))


def _long_name() -> x509.Name:
    names = [
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"{number}" * 60)
        for number in range(20)
    ]
    return x509.Name(names)


def _many_names(count: int) -> x509.Name:
    unit = NameOID.ORGANIZATIONAL_UNIT_NAME
    return x509.Name([x509.NameAttribute(unit, f"{number}") for number in range(count)])


def _addresses(count: int) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(n)) for n in range(count)])


def _many_extensions(count: int) -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.{n}"), b"\x05\x00"), False)
        for n in range(1, count + 1)
    ]
