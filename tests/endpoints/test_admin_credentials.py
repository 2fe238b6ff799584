"""`…/secrets` and `…/certificate` as a client sees them."""

import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.certificates import certificate, der, pem, rsa_key
from tests.endpoints.administration import Administration

PEM_TYPE, DER_TYPE = "application/x-pem-file", "application/pkix-cert"


@pytest.fixture
def administration() -> Administration:
    return Administration()


def register(administration: Administration, name: str = "Robot", **changes: Any) -> str:
    """The path of an application with a certificate."""
    values = {"grant_type": "client_certificate", "allowed_scopes": ..., "certificate": pem()}
    body = administration.register(name=name, **{**values, **changes})
    assert body["client_secret"] is None
    assert body["secrets"] == []
    return f"/admin/applications/{body['client_id']}"


@pytest.mark.checklist("38")
@pytest.mark.parametrize(
    ("body", "ends_at"),
    [
        (None, "2027-01-16T08:00:00Z"),
        ({}, "2027-01-16T08:00:00Z"),
        ({"overlap_seconds": 60}, "2027-01-15T08:01:00Z"),
        ({"overlap_seconds": 7_776_000}, "2027-04-15T08:00:00Z"),
    ],
)
def test_a_rotation_shows_the_new_secret_and_the_end_of_the_old(
    administration: Administration, body: object, ends_at: str
) -> None:
    registered = administration.register()
    path = f"/admin/applications/{registered['client_id']}/secrets"
    reply = administration.call("POST", path, body)
    assert (reply.status, reply.headers["ETag"]) == (201, '"2"')
    assert reply.body["client_secret"] != registered["client_secret"]
    assert [secret["ends_at"] for secret in reply.body["secrets"]] == [ends_at, None]
    reply = administration.call("POST", path, body)
    assert (reply.status, reply.body["error"]) == (409, "conflict")


@pytest.mark.parametrize(
    "body",
    [
        {"overlap_seconds": -1},
        {"overlap_seconds": 7_776_001},
        {"overlap_seconds": None},
        {"overlap_seconds": "60"},
        {"overlap": 60},
    ],
)
def test_a_wrong_overlap_is_refused(
    administration: Administration, body: dict[str, object]
) -> None:
    path = f"/admin/applications/{administration.register()['client_id']}/secrets"
    reply = administration.call("POST", path, body)
    assert reply.status == 400
    assert set(reply.fields) == set(body)


def test_a_secret_is_cut_by_its_id(administration: Administration) -> None:
    registered = administration.register()
    path = f"/admin/applications/{registered['client_id']}/secrets"
    secret_id = registered["secrets"][0]["secret_id"]
    reply = administration.call("DELETE", f"{path}/{secret_id}")
    assert (reply.status, reply.body["secrets"]) == (200, [])
    for unknown in (secret_id, "x", "A" * 26):
        assert administration.call("DELETE", f"{path}/{unknown}").status == 404


def test_a_certificate_is_described(administration: Administration) -> None:
    made = certificate(rsa_key())
    path = register(administration, certificate=made.public_bytes(Encoding.PEM).decode())
    reply = administration.call("GET", f"{path}/certificate", headers={"Accept": "*/*"})
    assert reply.status == 200
    assert reply.body == {
        "subject": "CN=robot",
        "issuer": "CN=robot",
        "serial_number": f"{made.serial_number:x}",
        "key": "RSA 2048",
        "thumbprint": made.fingerprint(made.signature_hash_algorithm).hex(),  # type: ignore[arg-type]  # SHA-256 here
        "not_before": "2027-01-14T08:00:00Z",
        "not_after": "2028-01-15T08:00:00Z",
        "days_left": 365,
        "media_type": PEM_TYPE,
    }
    assert administration.call("GET", path).body["certificate"] == reply.body


@pytest.mark.parametrize(
    "accept", [PEM_TYPE, DER_TYPE, f"text/html, {DER_TYPE};q=0.5", "application/octet-stream"]
)
@pytest.mark.parametrize(
    ("content", "media_type", "extension"),
    [(pem().encode(), PEM_TYPE, "pem"), (der(), DER_TYPE, "cer")],
    ids=["pem", "der"],
)
def test_the_file_comes_back_as_it_was_uploaded(
    administration: Administration, accept: str, content: bytes, media_type: str, extension: str
) -> None:
    path = register(administration)
    reply = administration.call(
        "PUT", f"{path}/certificate", content, headers={"Content-Type": "application/octet-stream"}
    )
    assert reply.status == 200
    reply = administration.call("GET", f"{path}/certificate", headers={"Accept": accept})
    assert (reply.status, reply.body) == (200, content)
    assert reply.headers["Content-Type"] == media_type
    name = f"{path.rsplit('/', 1)[1]}.{extension}"
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{name}"'


@pytest.mark.parametrize(
    "content_type",
    [PEM_TYPE, DER_TYPE, "application/x-x509-ca-cert", "application/octet-stream; x=y"],
)
def test_a_certificate_is_replaced_by_a_file(
    administration: Administration, content_type: str
) -> None:
    path = register(administration)
    content = der(rsa_key())
    reply = administration.call(
        "PUT", f"{path}/certificate", content, headers={"Content-Type": content_type}
    )
    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert reply.body["key"] == "RSA 2048"


def test_a_certificate_is_replaced_by_a_text(administration: Administration) -> None:
    path = register(administration)
    reply = administration.call("PUT", f"{path}/certificate", {"certificate": pem(rsa_key())})
    assert (reply.status, reply.body["media_type"]) == (200, PEM_TYPE)


@pytest.mark.checklist("33", "34", "61")
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"x", PEM_TYPE, 400),
        (b"", DER_TYPE, 400),
        (der(last_day=-0.5), DER_TYPE, 400),
        (pem(rsa_key(1024)).encode(), PEM_TYPE, 400),
        (b"x" * 20_000, "application/octet-stream", 400),
        (json.dumps({"certificate": "?"}).encode(), "application/json", 400),
        (json.dumps({"certificate": ""}).encode(), "application/json", 400),
        (json.dumps({"certificate": pem(last_day=-0.5)}).encode(), "application/json", 400),
        (b"{}", "application/json", 400),
        (pem().encode(), "text/plain", 415),
        (pem().encode(), "multipart/form-data", 415),
        (pem().encode(), "", 415),
    ],
)
def test_an_unfit_certificate_replaces_none(
    administration: Administration, body: bytes, content_type: str, status: int
) -> None:
    path = register(administration)
    reply = administration.call(
        "PUT", f"{path}/certificate", body, headers={"Content-Type": content_type}
    )
    assert reply.status == status
    if status == 400:
        assert set(reply.fields) == {"certificate"}
    assert administration.call("GET", path).body["version"] == 1


@pytest.mark.checklist("35")
def test_a_certificate_of_another_application_is_a_conflict(
    administration: Administration,
) -> None:
    text = pem()
    register(administration, certificate=text)
    other = register(administration, "Other")
    reply = administration.call("PUT", f"{other}/certificate", {"certificate": text})
    assert reply.status == 409
    assert set(reply.fields) == {"certificate"}


def test_an_application_of_another_grant_type_has_none(administration: Administration) -> None:
    path = f"/admin/applications/{administration.register()['client_id']}/certificate"
    assert administration.call("GET", path).status == 404
    assert administration.call("GET", path, headers={"Accept": DER_TYPE}).status == 404
    assert administration.call("PUT", path, {"certificate": pem()}).status == 409


def test_the_file_in_der_is_the_certificate(administration: Administration) -> None:
    made = certificate()
    path = register(administration, certificate=made.public_bytes(Encoding.PEM).decode())
    reply = administration.call("GET", f"{path}/certificate", headers={"Accept": PEM_TYPE})
    assert x509.load_pem_x509_certificate(reply.body) == made
