"""Token strings: what they carry, what is refused without a read, what is stored."""

import re

import pytest

from chalicelib.oauth.ids import assertion_grant_id, new_client_id, new_ulid, new_user_id
from chalicelib.oauth.tokens import (
    MalformedToken,
    TokenKind,
    digest,
    encode_family,
    mint,
    new_secret,
    parse,
)

CLIENT = "app_01hzy3v7q8r9s0t1v2w3x4y5z6"
USER = "usr_01hzy3v7q8r9s0t1v2w3x4y5z7"
GRANT = "01hzy3v7q8r9s0t1v2w3x4y5z8"
FAMILY = encode_family(bytes(16))


def minted(kind: TokenKind = TokenKind.ACCESS, subject: str | None = USER) -> str:
    family = FAMILY if kind is TokenKind.REFRESH else None
    return mint(kind, CLIENT, subject, GRANT, bytes(range(32)), family=family)


@pytest.mark.parametrize("kind", list(TokenKind))
@pytest.mark.parametrize("subject", [USER, None])
def test_a_token_says_what_to_read(kind: TokenKind, subject: str | None) -> None:
    token = parse(minted(kind, subject))
    assert (token.kind, token.client_id, token.subject, token.grant_id) == (
        kind,
        CLIENT,
        subject,
        GRANT,
    )
    assert token.family == (FAMILY if kind is TokenKind.REFRESH else None)


@pytest.mark.checklist("22")
def test_one_secret_under_two_kinds_has_two_hashes() -> None:
    assert len({digest(minted(kind)) for kind in TokenKind}) == len(TokenKind)


def test_the_hash_covers_what_the_token_claims() -> None:
    other = mint(TokenKind.ACCESS, CLIENT, None, GRANT, bytes(range(32)))
    assert digest(other) != digest(minted())


@pytest.mark.parametrize("position", range(0, 136, 7))
def test_one_changed_character_is_refused_without_a_read(position: int) -> None:
    token = minted()
    changed = "a" if token[position] != "a" else "b"
    with pytest.raises(MalformedToken):
        parse(token[:position] + changed + token[position + 1 :])


@pytest.mark.parametrize(
    "value", ["", "gla_", "x" * 10_000, "Bearer " + "a" * 100, "gla_\u00e9", "gla_..."]
)
def test_a_foreign_string_is_refused(value: str) -> None:
    with pytest.raises(MalformedToken):
        parse(value)


@pytest.mark.parametrize("suffix", ["\n", " ", "\0", "="])
def test_nothing_may_follow_a_token(suffix: str) -> None:
    with pytest.raises(MalformedToken):
        parse(minted() + suffix)


def test_a_token_needs_no_quoting_anywhere() -> None:
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", minted())


def test_a_family_is_for_refresh_tokens_alone() -> None:
    secret = bytes(32)
    with pytest.raises(ValueError, match="family"):
        mint(TokenKind.REFRESH, CLIENT, USER, GRANT, secret)
    with pytest.raises(ValueError, match="family"):
        mint(TokenKind.ACCESS, CLIENT, USER, GRANT, secret, family=FAMILY)
    with pytest.raises(MalformedToken):
        parse(minted(TokenKind.REFRESH).replace("glr_", "gla_"))


def test_a_token_of_a_short_secret_is_not_minted() -> None:
    with pytest.raises(ValueError, match="32 secret bytes"):
        mint(TokenKind.ACCESS, CLIENT, None, GRANT, b"short")


@pytest.mark.checklist("37")
def test_secrets_are_256_bits_of_the_operating_systems_randomness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def from_the_system(count: int) -> bytes:
        asked.append(count)
        return b"\x07" * count

    monkeypatch.setattr("secrets.token_bytes", from_the_system)
    assert new_secret() == b"\x07" * 32
    assert asked == [32]


@pytest.mark.checklist("51")
def test_a_client_id_can_never_be_a_user_id() -> None:
    assert new_client_id().startswith("app_")
    assert new_user_id().startswith("usr_")


def test_ids_sort_by_time_and_hold_only_unreserved_characters() -> None:
    ids = [new_ulid() for _ in range(50)]
    assert ids == sorted(ids)
    assert all(re.fullmatch("[0-9a-z]{26}", value) for value in ids)


def test_one_jti_of_one_client_is_one_grant() -> None:
    assert assertion_grant_id(CLIENT, "1") == assertion_grant_id(CLIENT, "1")
    assert assertion_grant_id(CLIENT, "1") != assertion_grant_id(CLIENT, "2")
    assert assertion_grant_id(CLIENT, "1") != assertion_grant_id(CLIENT[:-1] + "7", "1")
