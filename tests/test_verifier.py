"""The verifier for other people's services, against a server that answers as each test wants."""

import json
import re
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib.verifier import (
    MAXIMUM_CACHE_SECONDS,
    Caller,
    InsufficientScope,
    InvalidToken,
    MissingToken,
    Refused,
    TokenVerifier,
    VerifierUnavailable,
)
from infra.staging import LOCAL_ROOMS
from tests.fakes.clock import START, FakeClock
from tests.infra.aws import serving

ACTIVE: dict[str, object] = {
    "active": True,
    "scope": "api rpa",
    "client_id": "app_a",
    "sub": "usr_b",
    "exp": START + 600,
}
INACTIVE: dict[str, object] = {"active": False}


@dataclass
class Introspection:
    """What is answered, and what was asked."""

    status: int = 200
    content: bytes = json.dumps(ACTIVE).encode()
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def say(self, **changes: object) -> None:
        self.content = json.dumps({**ACTIVE, **changes}).encode()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        subject: Introspection = self.server.subject  # type: ignore[attr-defined]  # of _Server
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        subject.asked.append(
            {"path": self.path, "form": form, "authorization": self.headers["Authorization"]}
        )
        self.send_response_only(subject.status)
        for name, value in subject.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(subject.content)))
        self.end_headers()
        self.wfile.write(subject.content)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def introspection() -> Iterator[Introspection]:
    subject = Introspection()
    with serving(_Handler, subject) as url:
        subject.url = url
        yield subject


def make(introspection: Introspection, clock: FakeClock, **options: Any) -> TokenVerifier:
    return TokenVerifier(
        introspection.url, "app:s", "s/e c", now=clock.now, monotonic=clock.monotonic, **options
    )


@pytest.fixture
def verifier(introspection: Introspection, clock: FakeClock) -> TokenVerifier:
    return make(introspection, clock)


def test_an_active_token_names_its_caller(
    introspection: Introspection, verifier: TokenVerifier
) -> None:
    caller = verifier.verify_header("Bearer gla_x", scope="api")
    scopes = frozenset({"api", "rpa"})
    assert caller == Caller("app_a", "usr_b", scopes, START + 600, ACTIVE)
    (asked,) = introspection.asked
    assert asked["path"] == "/oauth2/server/introspect"
    assert asked["form"] == {"token": ["gla_x"], "token_type_hint": ["access_token"]}
    # RFC 6749 §2.3.1: each half form-encoded, so that a colon of the id ends nothing.
    assert asked["authorization"] == "Basic YXBwJTNBczpzJTJGZStj"


def test_a_token_that_never_ends_has_no_end(
    introspection: Introspection, verifier: TokenVerifier
) -> None:
    introspection.say(exp=None)
    assert verifier.verify("gla_x").expires_at is None


@pytest.mark.parametrize("header", [None, "", "Basic Z2xhOng=", "gla_x"])
def test_without_a_bearer_token_nobody_is_asked(
    introspection: Introspection, verifier: TokenVerifier, header: str | None
) -> None:
    with pytest.raises(MissingToken) as refused:
        verifier.verify_header(header)
    assert (refused.value.status, refused.value.headers) == (401, {"WWW-Authenticate": "Bearer"})
    assert introspection.asked == []


@pytest.mark.parametrize("token", ["", " ", "a b", "a,b", "é", "a\r\nb", "=", "x" * 4097])
def test_what_is_no_token_is_refused_without_a_question(
    introspection: Introspection, verifier: TokenVerifier, token: str
) -> None:
    with pytest.raises(InvalidToken) as refused:
        verifier.verify(token)
    assert refused.value.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert introspection.asked == []


def test_a_token_without_the_scope_is_told_which_it_lacks(verifier: TokenVerifier) -> None:
    with pytest.raises(InsufficientScope) as refused:
        verifier.verify("gla_x", scope="admin")
    assert refused.value.status == 403
    assert 'scope="admin"' in refused.value.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "changes", [{"active": False}, {"active": "true"}, {"active": 1}, {"exp": START}]
)
def test_what_is_not_active_is_refused(
    introspection: Introspection, verifier: TokenVerifier, changes: dict[str, object]
) -> None:
    introspection.say(**changes)
    with pytest.raises(InvalidToken):
        verifier.verify("gla_x")


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b""),
        (200, b"[]"),
        (200, b"true"),
        (200, b"[" * 5000),
        (200, b"\xff"),
        (200, json.dumps(ACTIVE).encode("utf-16")),
        (200, b'{"active": false, ' + json.dumps(ACTIVE).encode()[1:]),
        (200, json.dumps(ACTIVE).replace(str(START + 600), "1e999").encode()),
        (200, json.dumps(ACTIVE).replace(str(START + 600), "9" * 5000).encode()),
        (200, b" " * 70_000 + b"{}"),
        (200, json.dumps({**ACTIVE, "client_id": 7}).encode()),
        (200, json.dumps({"active": True}).encode()),
        (200, json.dumps({**ACTIVE, "exp": "never"}).encode()),
        (200, json.dumps({**ACTIVE, "exp": True}).encode()),
        (200, json.dumps({**ACTIVE, "iss": "https://other.example"}).encode()),
        (201, json.dumps(ACTIVE).encode()),
        (401, b'{"error": "invalid_client"}'),
        (503, json.dumps(ACTIVE).encode()),
    ],
)
def test_what_cannot_be_known_is_refused(
    introspection: Introspection, verifier: TokenVerifier, status: int, content: bytes
) -> None:
    introspection.status, introspection.content = status, content
    with pytest.raises(VerifierUnavailable) as refused:
        verifier.verify("gla_x")
    assert refused.value.status == 503
    assert "gla_x" not in str(refused.value)


def test_callers_cannot_change_what_the_next_is_told(
    introspection: Introspection, clock: FakeClock
) -> None:
    introspection.say(more={"list": [{"deep": 1}]})
    verifier = make(introspection, clock, cache_seconds=60)
    claims: Any = verifier.verify("gla_x").claims
    for held in (claims, claims["more"], claims["more"]["list"], claims["more"]["list"][0]):
        with pytest.raises(TypeError):
            held["sub" if held is not claims["more"]["list"] else 0] = "usr_other"
    assert verifier.verify("gla_x").claims == claims


def test_a_redirect_takes_the_secret_nowhere(
    introspection: Introspection, verifier: TokenVerifier
) -> None:
    introspection.status, introspection.headers = 307, {"Location": f"{introspection.url}/other"}
    with pytest.raises(VerifierUnavailable):
        verifier.verify("gla_x")
    assert [asked["path"] for asked in introspection.asked] == ["/oauth2/server/introspect"]


def test_a_server_that_is_away_lets_nobody_in(clock: FakeClock) -> None:
    gone = Introspection()
    with serving(_Handler, gone) as url:
        gone.url = url
    with pytest.raises(VerifierUnavailable):
        make(gone, clock, timeout_seconds=1.0).verify("gla_x")


def test_without_a_cache_every_use_asks(
    introspection: Introspection, verifier: TokenVerifier
) -> None:
    verifier.verify("gla_x")
    verifier.verify("gla_x")
    assert len(introspection.asked) == 2
    introspection.content = json.dumps(INACTIVE).encode()
    with pytest.raises(InvalidToken):
        verifier.verify("gla_x")


def test_a_yes_is_kept_for_its_seconds_and_each_scope_is_looked_at(
    introspection: Introspection, clock: FakeClock
) -> None:
    verifier = make(introspection, clock, cache_seconds=10)
    verifier.verify("gla_x", "api")
    introspection.content = json.dumps(INACTIVE).encode()
    clock.advance(9.9)
    verifier.verify("gla_x", "rpa")
    with pytest.raises(InsufficientScope):
        verifier.verify("gla_x", "admin")
    assert len(introspection.asked) == 1
    clock.advance(0.1)
    with pytest.raises(InvalidToken):
        verifier.verify("gla_x", "api")


def test_a_no_is_never_kept(introspection: Introspection, clock: FakeClock) -> None:
    verifier = make(introspection, clock, cache_seconds=10)
    introspection.content = json.dumps(INACTIVE).encode()
    with pytest.raises(InvalidToken):
        verifier.verify("gla_x")
    introspection.say()
    assert verifier.verify("gla_x").client_id == "app_a"


def test_no_yes_outlives_the_tokens_end(introspection: Introspection, clock: FakeClock) -> None:
    verifier = make(introspection, clock, cache_seconds=MAXIMUM_CACHE_SECONDS)
    introspection.say(exp=START + 60)
    verifier.verify("gla_x")
    clock.advance(60)
    with pytest.raises(InvalidToken):
        verifier.verify("gla_x")
    # A use elsewhere may have extended it.
    introspection.say(exp=START + 120)
    assert verifier.verify("gla_x").expires_at == START + 120


def test_the_cache_keeps_so_many_and_forgets_the_longest_unused(
    introspection: Introspection, clock: FakeClock
) -> None:
    verifier = make(introspection, clock, cache_seconds=60, cache_entries=2)
    for token in ("a", "b", "a", "c", "a", "b"):
        verifier.verify(token)
    asked = [question["form"]["token"][0] for question in introspection.asked]
    assert asked == ["a", "b", "c", "b"]


def test_many_threads_share_one_verifier(introspection: Introspection, clock: FakeClock) -> None:
    verifier = make(introspection, clock, cache_seconds=60, cache_entries=4)
    # As many at once as the test's server lets wait.
    with ThreadPoolExecutor(4) as pool:
        tokens = [f"token{number % 8}" for number in range(128)]
        callers = set(map(str, pool.map(verifier.verify, tokens)))
    assert len(callers) == 1


@pytest.mark.parametrize(
    "issuer",
    [
        "http://auth.example",
        "http://127.0.0.1.evil.example",
        "ftp://auth.example",
        "https://",
        "auth.example",
        "https://user@auth.example",
        "https://auth.example/",
        "https://auth.example/a?b",
        "https://auth.example#c",
        "https://auth.example:99999",
        "https://auth.example:0",
        "https://auth.example:x",
        "https://auth.example/é",
        "https://auth.example/a b",
        "https://auth.example\n.evil",
        "https://auth.example\\@evil",
        "https://[::1",
    ],
)
def test_a_server_that_cannot_be_trusted_with_a_token_is_refused(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        TokenVerifier(issuer, "app", "secret")


@pytest.mark.parametrize("issuer", ["https://auth.example", "https://auth.example/tenant"])
def test_https_verifies_certificates(issuer: str) -> None:
    context = TokenVerifier(issuer, "app", "secret")._ssl_context
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    "options",
    [
        {"cache_seconds": -1},
        {"cache_seconds": 301},
        {"cache_entries": 0},
        {"timeout_seconds": 0},
        {"timeout_seconds": 61},
        {"timeout_seconds": float("nan")},
    ],
)
def test_bounds_are_held(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        TokenVerifier("https://auth.example", "app", "secret", **options)


def test_no_secret_and_no_token_is_in_what_is_printed(
    introspection: Introspection, verifier: TokenVerifier
) -> None:
    del introspection
    assert "s/e" not in repr(verifier)
    assert "usr_b" in repr(verifier.verify("gla_x"))
    assert all(issubclass(kind, Refused) for kind in (MissingToken, InvalidToken))


def test_it_is_one_file_of_the_standard_library_and_not_in_the_package() -> None:
    import chalicelib.verifier as module  # noqa: PLC0415 - its source is what is looked at

    source = Path(module.__file__).read_text(encoding="utf-8")
    imported = set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE))
    assert imported <= {
        "base64", "collections", "contextlib", "dataclasses", "hashlib", "http", "io", "json", "re",
        "socket", "ssl", "threading", "time", "types", "typing", "urllib",
    }  # fmt: skip
    assert "verifier.py" in LOCAL_ROOMS
