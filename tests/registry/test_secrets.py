"""Rotating and cutting client secrets."""

import pytest

from chalicelib.administration.refusals import Conflict, NotFound
from chalicelib.oauth.life_cycle import is_live
from chalicelib.oauth.model import Application, Secret
from chalicelib.oauth.tokens import SECRET_BYTES, TokenKind, digest, parse
from tests.fakes.clock import START
from tests.registry.registrar import ACTOR, Registrar, form

DAY = 86_400


@pytest.fixture
def registrar() -> Registrar:
    return Registrar()


def register(registrar: Registrar, grant_type: str = "bearer_token") -> Application:
    return registrar.register(form(grant_type)).registration.application


def live(application: Application, now: int) -> list[Secret]:
    return [secret for secret in application.secrets if is_live(secret.ends_at, now)]


@pytest.mark.checklist("37")
def test_a_secret_is_256_random_bits_and_kept_as_a_hash(registrar: Registrar) -> None:
    registered = registrar.register(form())
    value = registered.client_secret
    assert value is not None
    token = parse(value)
    (secret,) = registered.registration.application.secrets
    assert (token.kind, token.subject) == (TokenKind.SECRET, None)
    assert token.grant_id == secret.secret_id
    assert secret.hash == digest(value)
    assert SECRET_BYTES * 8 == 256


@pytest.mark.checklist("38")
def test_both_secrets_are_live_until_the_overlap_ends(registrar: Registrar) -> None:
    before = register(registrar)
    rotated = registrar.secrets.rotate(before.client_id, DAY, ACTOR)
    application = rotated.registration.application
    old, new = application.secrets
    assert (old.secret_id, old.ends_at) == (before.secrets[0].secret_id, START + DAY)
    assert (new, new.ends_at) == (rotated.secret.stored, None)
    assert digest(rotated.secret.value) == new.hash
    assert rotated.secret.value not in repr(rotated)
    assert live(application, START + DAY - 1) == [old, new]
    assert live(application, START + DAY) == [new]
    assert application.token_epoch == 0
    assert registrar.stores.memory.grants[before.client_id, new.secret_id].created_at == START


@pytest.mark.checklist("38")
def test_a_third_live_secret_is_refused(registrar: Registrar) -> None:
    client_id = register(registrar).client_id
    registrar.secrets.rotate(client_id, DAY, ACTOR)
    with pytest.raises(Conflict):
        registrar.secrets.rotate(client_id, DAY, ACTOR)
    registrar.clock.advance(DAY)
    application = registrar.secrets.rotate(client_id, DAY, ACTOR).registration.application
    assert len(application.secrets) == 2, "the ended one is gone"


@pytest.mark.checklist("38")
def test_without_overlap_the_old_ones_end_at_once(registrar: Registrar) -> None:
    before = register(registrar)
    registrar.secrets.rotate(before.client_id, DAY, ACTOR)
    rotated = registrar.secrets.rotate(before.client_id, 0, ACTOR)
    assert rotated.registration.application.secrets == (rotated.secret.stored,)
    grant = registrar.stores.memory.grants[before.client_id, before.secrets[0].secret_id]
    assert grant.revoked_at == START


def test_a_later_rotation_never_prolongs_a_secret(registrar: Registrar) -> None:
    client_id = register(registrar).client_id
    first = registrar.secrets.rotate(client_id, 60, ACTOR).registration.application.secrets[0]
    registrar.clock.advance(60)
    application = registrar.secrets.rotate(client_id, DAY, ACTOR).registration.application
    assert first.secret_id not in [secret.secret_id for secret in application.secrets]


@pytest.mark.checklist("38")
def test_a_cut_ends_the_secret_and_every_token_at_once(registrar: Registrar) -> None:
    before = register(registrar)
    old = before.secrets[0].secret_id
    new = registrar.secrets.rotate(before.client_id, DAY, ACTOR).secret.stored
    application = registrar.secrets.cut(before.client_id, old, ACTOR).application
    assert application.secrets == (new,)
    assert application.token_epoch == 1
    assert registrar.stores.memory.grants[before.client_id, old].revoked_at == START
    assert registrar.stores.memory.grants[before.client_id, new.secret_id].revoked_at is None


def test_the_last_secret_may_be_cut_and_another_made(registrar: Registrar) -> None:
    before = register(registrar)
    application = registrar.secrets.cut(before.client_id, before.secrets[0].secret_id, ACTOR)
    assert application.application.secrets == ()
    rotated = registrar.secrets.rotate(before.client_id, DAY, ACTOR)
    assert rotated.registration.application.secrets == (rotated.secret.stored,)


def test_an_unknown_secret_cannot_be_cut(registrar: Registrar) -> None:
    client_id = register(registrar).client_id
    with pytest.raises(NotFound):
        registrar.secrets.cut(client_id, "0" * 26, ACTOR)
    with pytest.raises(NotFound):
        registrar.secrets.cut("app_" + "0" * 26, "0" * 26, ACTOR)


def test_a_certificate_application_has_no_secret(registrar: Registrar) -> None:
    client_id = register(registrar, "client_certificate").client_id
    with pytest.raises(Conflict):
        registrar.secrets.rotate(client_id, DAY, ACTOR)


def test_only_bearer_secrets_have_a_grant(registrar: Registrar) -> None:
    client_id = register(registrar, "client_credentials").client_id
    registrar.secrets.rotate(client_id, DAY, ACTOR)
    assert registrar.stores.memory.grants == {}


@pytest.mark.checklist("42")
def test_a_never_ending_bearer_secret_has_no_end(registrar: Registrar) -> None:
    values = form("bearer_token", token_lifetime_minutes=None)
    application = registrar.register(values).registration.application
    grant = registrar.stores.memory.grants[application.client_id, application.secrets[0].secret_id]
    assert grant.ends_at is None
