"""Which passwords are allowed, and how they are kept."""

import pytest

from chalicelib.directory.passwords import (
    PasswordRefused,
    WrongPassword,
    _common_passwords,
    hash_password,
    validate_password,
    verify_password,
)


@pytest.mark.checklist("62")
def test_a_long_password_is_taken_whole() -> None:
    password = "correct horse " * 18
    assert len(password) == 252
    kept = hash_password(validate_password(password))
    verify_password(password, kept)
    for other in (password[:-1], password[:72], password[:64], password + "x"):
        with pytest.raises(WrongPassword):
            verify_password(other, kept)


@pytest.mark.checklist("62")
def test_a_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    one, other = hash_password("correct horse"), hash_password("correct horse")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
    assert "horse" not in one


def test_composed_and_decomposed_characters_are_one_password() -> None:
    kept = hash_password(validate_password("caf\u00e9 au lait"))
    verify_password("cafe\u0301 au lait", kept)


@pytest.mark.checklist("62")
@pytest.mark.parametrize(
    "password",
    [
        "", "1234567", "x" * 257, "\U0001f600" * 257, "pass\x00word!", "password1", "PassWord1",
        "12345678", "iloveyou", "Qwertyuiop", "football1",
    ],
)  # fmt: skip
def test_short_endless_and_common_passwords_are_refused(password: str) -> None:
    with pytest.raises(PasswordRefused):
        validate_password(password)


@pytest.mark.checklist("62")
def test_the_commonest_passwords_are_all_refused() -> None:
    assert len(_common_passwords()) > 8_000
    for password in _common_passwords() - {""}:
        with pytest.raises(PasswordRefused):
            validate_password(password.upper())


@pytest.mark.parametrize(
    "password", ["mit vier worten", "パスワードではない", "x" * 256, "a b c d e"]
)
def test_any_character_may_be_used(password: str) -> None:
    assert validate_password(password) == password


@pytest.mark.checklist("62")
def test_thousands_of_marks_are_refused_before_they_are_put_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marks = "\u0315" * 400 + "\u0300" * 400
    phc = hash_password("correct horse battery")
    # Whoever looked into the tables of Unicode now would fail.
    monkeypatch.setattr("chalicelib.directory.passwords.unicodedata", None)
    with pytest.raises(PasswordRefused):
        validate_password(marks)
    with pytest.raises(WrongPassword):
        verify_password(marks, phc)
