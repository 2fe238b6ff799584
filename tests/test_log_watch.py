"""The watch over the logs sees what must not be there, wherever in a record it stands."""

import logging

import pytest

from chalicelib.oauth.ids import new_client_id, new_ulid
from chalicelib.oauth.tokens import TokenKind, mint, new_secret
from tests.plugins.logs import CREDENTIALS, Watch


@pytest.mark.checklist("57")
@pytest.mark.parametrize(
    "said",
    [
        mint(TokenKind.SECRET, new_client_id(), None, new_ulid(), new_secret()),
        "Authorization: Basic YXBwXzAxOnNlY3JldA==",
        "{'authorization': 'Bearer abcdefghijklmnop'}",
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.sig",
        "-----BEGIN EC PRIVATE KEY-----",
        "$argon2id$v=19$m=65536",
    ],
)
def test_a_credential_in_a_record_is_seen(said: str) -> None:
    watch = Watch()
    watch.emit(logging.LogRecord("x", logging.INFO, "f", 1, "said %s", (said,), None))
    assert len(watch.leaks) == 1
    extra = logging.LogRecord("x", logging.INFO, "f", 1, "plain", (), None)
    extra.__dict__["reason"] = said
    watch.emit(extra)
    assert len(watch.leaks) == 2


def test_ids_and_hashes_are_no_credentials() -> None:
    assert not CREDENTIALS.search(f"{new_client_id()} {new_ulid()} {'ab' * 32} Bearer realm")
