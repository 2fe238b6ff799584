"""Logging in with a browser: authorization code, PKCE, a loopback redirect (RFC 8252 §7.3)."""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from chalicelib.cli.deployment import Deployment
from chalicelib.cli.failures import ExitCode, Failure

WAIT_SECONDS = 300
POLL_SECONDS = 1.0

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<title>Grantline</title><h1>{0}</h1><p>You can close this window and go back to the terminal.</p>
"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class _Listener(HTTPServer):
    """Waits for the one request that carries this login's state."""

    def __init__(self, state: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.timeout = POLL_SECONDS
        self.state = state
        self.answer: dict[str, str] | None = None

    def handle_error(self, *_: object) -> None:
        """Nothing: browsers break connections off, and a trace would bury the line to act on."""


class _Answer(BaseHTTPRequestHandler):
    server: _Listener
    # A connection that sends nothing keeps nobody waiting.
    timeout = 5

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        repeated = any(len(values) > 1 for values in query.values())
        answer = {name: values[0] for name, values in query.items()}
        state = answer.get("state", "").encode("utf-8", "replace")
        meant = secrets.compare_digest(state, self.server.state.encode("ascii"))
        if parts.path != "/" or repeated or not meant or self.server.answer is not None:
            self._reply(404, "This is not the login that was begun")
            return
        self.server.answer = answer
        self._reply(200, "Logged in" if "code" in answer else "Not logged in")

    def _reply(self, status: int, title: str) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(_PAGE.format(title).encode("utf-8"))

    def log_message(self, *_: object) -> None:
        """Nothing: the request's line holds the code."""


def log_in(
    deployment: Deployment,
    client_id: str,
    scope: str,
    show: Callable[[str], None],
    wait_seconds: float = WAIT_SECONDS,
) -> dict[str, Any]:
    """The token answer of a login; `show` is given the URL to open. Raises Failure."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    challenge = hashlib.sha256(verifier.encode("ascii")).digest()
    with _Listener(state) as listener:
        redirect_uri = f"http://127.0.0.1:{listener.server_address[1]}/"
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode("ascii"),
            "code_challenge_method": "S256",
        }
        show(f"{deployment.issuer}/oauth2/server/authorize?{urlencode(query)}")
        answer = _wait(listener, wait_seconds)
    # RFC 9207 §2.4: an answer of another server is not an answer.
    if answer.get("iss") != deployment.issuer:
        raise Failure(ExitCode.NOT_ALLOWED, "The answer came from another server.")
    if "code" not in answer:
        reason = answer.get("error_description") or answer.get("error") or "no code"
        raise Failure(ExitCode.NOT_ALLOWED, f"The login was refused: {reason}")
    return deployment.get_token(
        {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": answer["code"],
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
    )


def _wait(listener: _Listener, seconds: float) -> dict[str, str]:
    until = time.monotonic() + seconds
    while listener.answer is None:
        if time.monotonic() > until:
            raise Failure(ExitCode.UNAVAILABLE, "Nobody logged in in time.")
        listener.handle_request()
    return listener.answer
