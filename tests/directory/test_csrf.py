"""A form is taken only from the browser, the session and the purpose it was shown for."""

import re

import pytest

from chalicelib.directory.csrf import (
    FormRefused,
    csrf_token,
    is_prelogin_secret,
    new_prelogin_secret,
    verify_csrf,
)
from tests.directory.people import People


@pytest.mark.checklist("14")
def test_a_token_is_taken_as_often_as_its_form_is_shown() -> None:
    secret = new_prelogin_secret()
    token = csrf_token(secret, "login", "client_id=app_a")
    verify_csrf(secret, "login", token, "client_id=app_a")
    verify_csrf(secret, "login", token, "client_id=app_a")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    assert secret not in token


@pytest.mark.checklist("14")
def test_a_token_that_is_absent_is_refused() -> None:
    secret = new_prelogin_secret()
    for cookie, token in ((secret, None), (secret, ""), (None, "x"), (None, None), ("", "x")):
        with pytest.raises(FormRefused) as refused:
            verify_csrf(cookie, "login", token)
        assert refused.value.status == 403


@pytest.mark.checklist("14")
def test_a_foreign_token_is_refused() -> None:
    secret, other = new_prelogin_secret(), new_prelogin_secret()
    token = csrf_token(secret, "login")
    for value in (csrf_token(other, "login"), token[:-1], token + "A", "ä", "\ud800", "a" * 9999):
        with pytest.raises(FormRefused):
            verify_csrf(secret, "login", value)


@pytest.mark.checklist("14")
def test_a_token_of_another_session_is_refused() -> None:
    people = People()
    user = people.add()
    first = people.log_in(user)
    token = csrf_token(first, "consent")
    second = people.log_in(user, replaced_cookie=first)
    with pytest.raises(FormRefused):
        verify_csrf(second, "consent", token)


@pytest.mark.checklist("14", "16")
def test_a_token_holds_for_one_purpose_and_what_was_shown() -> None:
    secret = new_prelogin_secret()
    token = csrf_token(secret, "consent", "app_a", "api login")
    for purpose, *bound in (
        ("login", "app_a", "api login"),
        ("consent", "app_b", "api login"),
        ("consent", "app_a", "api admin"),
        ("consent", "app_aapi login"),
        ("consent", "app_a", "api login", ""),
        ("consentapp_a", "api login"),
        ("consent",),
    ):
        with pytest.raises(FormRefused):
            verify_csrf(secret, purpose, token, *bound)


def test_a_pre_login_secret_is_256_random_bits() -> None:
    assert len({new_prelogin_secret() for _ in range(100)}) == 100
    assert is_prelogin_secret(new_prelogin_secret())
    for value in (None, "", "a", "a" * 42, "a" * 44, "ä" * 43, "a" * 42 + ";"):
        assert not is_prelogin_secret(value)
