"""Watches every log record of every test: one that holds a credential fails its test (57)."""

import logging
import re
from collections.abc import Iterator

import pytest

LOGGERS = (None, "grantline", "chalice", "grantline.local")
CREDENTIALS = re.compile(
    r"gl[acrs]_[0-9a-z]{26}\.[0-9a-z]+\."  # a token or secret of ours
    r"|\b(?:Basic|Bearer) [A-Za-z0-9+/=._~-]{12,}"  # an Authorization header
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ"  # a signed JWT
    r"|BEGIN [A-Z ]*PRIVATE KEY"
    r"|\$argon2id\$"
    r"|[Ss]et-[Cc]ookie"
)


class Watch(logging.Handler):
    """Keeps what it should never have seen."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = f"{record.getMessage()} {record.__dict__!r}"
        if found := CREDENTIALS.search(said):
            self.leaks.append(f"{record.name}: …{found.group()[:12]}…")


_watch = Watch()


def pytest_configure() -> None:
    for name in LOGGERS:
        logging.getLogger(name).addHandler(_watch)


@pytest.fixture(autouse=True)
def _no_credential_is_logged() -> Iterator[None]:
    _watch.leaks.clear()
    yield
    assert not _watch.leaks, _watch.leaks
