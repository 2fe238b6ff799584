"""Replacing an application's certificate and reading it back."""

import pytest

from chalicelib.administration.refusals import (
    Conflict,
    FieldsRefused,
    FieldsTaken,
    NotFound,
    VersionMismatch,
)
from tests.certificates import der, pem, rsa_key
from tests.fakes.clock import START
from tests.registry.registrar import ACTOR, Registrar, form


@pytest.fixture
def registrar() -> Registrar:
    return Registrar()


def register(registrar: Registrar, name: str = "Robot", **values: str) -> str:
    registered = registrar.register(form("client_certificate", name=name, **values))
    return registered.registration.application.client_id


@pytest.mark.checklist("35")
def test_a_new_certificate_ends_what_the_old_one_signed(registrar: Registrar) -> None:
    client_id = register(registrar)
    content = der(rsa_key())
    registration = registrar.certificates.replace(client_id, content, ACTOR)
    application = registration.application
    assert (application.token_epoch, application.assertions_valid_from) == (1, START - 1)
    assert registrar.certificates.load_file(client_id).content == content
    assert registration.certificate is not None
    assert registration.certificate.key_description == "RSA 2048"


def test_a_new_certificate_of_the_same_key_ends_what_a_clock_ahead_of_ours_signed(
    registrar: Registrar,
) -> None:
    key = rsa_key()
    client_id = register(registrar, certificate=pem(key))
    application = registrar.certificates.replace(client_id, der(key), ACTOR).application
    assert (application.token_epoch, application.assertions_valid_from) == (1, START + 10)
    registrar.certificates.replace(client_id, der(rsa_key()), ACTOR)
    registration = registrar.applications.load(client_id)
    assert registration.application.assertions_valid_from == START + 10


def test_the_same_certificate_again_ends_nothing(registrar: Registrar) -> None:
    text = pem()
    client_id = register(registrar, certificate=text)
    application = registrar.certificates.replace(client_id, text.encode(), ACTOR).application
    assert (application.token_epoch, application.version) == (0, 2)


def test_the_file_is_handed_back_as_it_was_uploaded(registrar: Registrar) -> None:
    text = "# robot\n" + pem()
    client_id = register(registrar, certificate=text)
    file = registrar.certificates.load_file(client_id)
    assert file.content == text.encode()
    assert file.details.media_type == "application/x-pem-file"


@pytest.mark.checklist("33", "34")
def test_a_certificate_that_may_not_be_registered_may_not_replace_one(
    registrar: Registrar,
) -> None:
    client_id = register(registrar)
    for content in (der(rsa_key(1024)), der(last_day=-0.5), b"", b"x" * 20_000):
        with pytest.raises(FieldsRefused) as caught:
            registrar.certificates.replace(client_id, content, ACTOR)
        assert set(caught.value.fields) == {"certificate"}
    assert registrar.application(client_id).version == 1


@pytest.mark.checklist("35")
def test_a_certificate_of_another_application_is_refused(registrar: Registrar) -> None:
    text = pem()
    register(registrar, certificate=text)
    other = register(registrar, "Other")
    with pytest.raises(FieldsTaken):
        registrar.certificates.replace(other, text.encode(), ACTOR)


def test_an_application_of_another_grant_type_has_no_certificate(registrar: Registrar) -> None:
    client_id = registrar.register(form()).registration.application.client_id
    with pytest.raises(Conflict):
        registrar.certificates.replace(client_id, der(), ACTOR)
    assert registrar.certificates.load(client_id).certificate is None
    with pytest.raises(NotFound):
        registrar.certificates.load_file(client_id)


def test_another_version_is_refused(registrar: Registrar) -> None:
    client_id = register(registrar)
    with pytest.raises(VersionMismatch):
        registrar.certificates.replace(client_id, der(), ACTOR, 2)
