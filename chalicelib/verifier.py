"""Verifies access tokens for a Python service by asking Grantline (RFC 7662).

One file without dependencies: copy it into your service. It imports nothing of Grantline's.

    verifier = TokenVerifier("https://auth.example", client_id, client_secret)
    caller = verifier.verify_header(request.headers.get("Authorization"), scope="api")

Whatever cannot be known is refused. docs/protect-your-api.md says how to use it.
"""

import hashlib
import http.client
import io
import json
import re
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import SplitResult, quote_plus, urlencode, urlsplit

MAXIMUM_CACHE_SECONDS = 300.0
MAXIMUM_TIMEOUT_SECONDS = 60.0
MAXIMUM_TOKEN_LENGTH = 4096
MAXIMUM_ANSWER_BYTES = 64 * 1024

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1
# What a URL is written in (RFC 3986 §2), less what parsers disagree about.
_URL = re.compile(r"[!-\[\]-~]+")
_OK = 200

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Refused(Exception):
    """The request must not be served: `status`, and `headers` for the answer (RFC 6750 §3)."""

    status: ClassVar[int] = 401

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class MissingToken(Refused):
    """No bearer token was sent."""


class InvalidToken(Refused):
    """The token is malformed, unknown, ended or revoked."""

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class InsufficientScope(Refused):
    """The token is valid and lacks the scope."""

    status = 403

    def __init__(self, scope: str) -> None:
        super().__init__(f"the scope {scope} is required")
        self.scope = scope

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{self.scope}"'}


class VerifierUnavailable(Refused):
    """Grantline did not answer, or not as it should: nothing is known of the token."""

    status = 503

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "2"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `subject` is the user, or the client where it acts as itself.

    `expires_at` is epoch seconds, None: never. `claims` is all that introspection said, read-only.
    """

    client_id: str
    subject: str
    scopes: frozenset[str]
    expires_at: int | None
    claims: Mapping[str, object] = field(repr=False)


class TokenVerifier:
    """Asks for each token, or for `cache_seconds` remembers the yes; safe to share by threads.

    With a cache a token that was revoked is let in for so long, and a sliding token's use is not
    counted meanwhile; an end is never passed. At most `cache_entries` are kept, by the SHA-256 of
    their tokens; a no is never kept.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        *,
        cache_seconds: float = 0.0,
        cache_entries: int = 1000,
        timeout_seconds: float = 5.0,
        ssl_context: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """The application `client_id` must be registered with `introspection: any`.

        `timeout_seconds` is for connecting to one address of the server, and again for the
        question and its whole answer, however many pieces that comes in.
        Raises ValueError for a URL that is not https (loopback excepted) and for bounds.
        """
        if not 0 <= cache_seconds <= MAXIMUM_CACHE_SECONDS:
            raise ValueError(f"cache_seconds must be from 0 to {MAXIMUM_CACHE_SECONDS:g}")
        if cache_entries < 1:
            raise ValueError("cache_entries must be positive")
        if not 0 < timeout_seconds <= MAXIMUM_TIMEOUT_SECONDS:
            raise ValueError(f"timeout_seconds must be at most {MAXIMUM_TIMEOUT_SECONDS:g}, not 0")
        self._issuer = issuer
        self._url = _endpoint(issuer)
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"  # RFC 6749 §2.3.1
        self._authorization = f"Basic {b64encode(pair.encode()).decode()}"
        self._timeout_seconds = timeout_seconds
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._now = now
        self._monotonic = monotonic
        self._cache = _Cache(cache_seconds, cache_entries)

    def verify_header(self, authorization: str | None, scope: str | None = None) -> Caller:
        """The caller of a request with this Authorization header. Raises Refused."""
        if authorization is None:
            raise MissingToken("no Authorization header")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise MissingToken("not the Bearer scheme")
        return self.verify(token.strip(" "), scope)

    def verify(self, token: str, scope: str | None = None) -> Caller:
        """The caller that a token stands for, holding `scope` if one is named. Raises Refused."""
        if len(token) > MAXIMUM_TOKEN_LENGTH or not _TOKEN.fullmatch(token):
            raise InvalidToken("not of the form of a token")
        key = hashlib.sha256(token.encode("ascii")).digest()
        # Counted from before the question, so that a slow answer makes no lease longer.
        asked_at = self._monotonic()
        caller = self._cache.find(key, asked_at)
        # What is past the end that was told may have been extended by a use elsewhere: ask.
        if caller is None or self._has_ended(caller):
            caller = self._ask(token)
            self._cache.keep(key, caller, asked_at)
        if self._has_ended(caller):
            raise InvalidToken("the token has ended")
        if scope is not None and scope not in caller.scopes:
            raise InsufficientScope(scope)
        return caller

    def _has_ended(self, caller: Caller) -> bool:
        return caller.expires_at is not None and caller.expires_at <= self._now()

    def _ask(self, token: str) -> Caller:
        answer = self._introspect(token)
        if answer.get("active") is not True:
            raise InvalidToken("the token is not active")
        caller = _read_caller(answer)
        if answer.get("iss", self._issuer) != self._issuer:
            raise VerifierUnavailable("the answer is of another issuer")
        return caller

    def _introspect(self, token: str) -> Mapping[str, object]:
        """The answer as it is. Raises VerifierUnavailable, which holds nothing of the token."""
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        body = urlencode({"token": token, "token_type_hint": "access_token"})
        try:
            status, content = self._exchange(body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            # A ValueError is what http.client makes of some malformed answers.
            raise VerifierUnavailable(f"no answer: {type(error).__name__}") from None
        if status != _OK or len(content) > MAXIMUM_ANSWER_BYTES:
            raise VerifierUnavailable(f"introspection answered {status}")
        try:
            answer = _read_only(json.loads(content.decode("utf-8"), object_pairs_hook=_object))
        except (ValueError, RecursionError):
            raise VerifierUnavailable("introspection answered no JSON") from None
        if not isinstance(answer, Mapping):
            raise VerifierUnavailable("introspection answered no object")
        return answer

    def _exchange(self, body: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """The status and the beginning of the body."""
        with closing(self._connection()) as connection:
            connection.connect()
            stream = _Stream(
                connection.sock, self._monotonic() + self._timeout_seconds, self._monotonic
            )
            connection.request("POST", self._url.path, body, headers)
            # http.client follows no redirect, so that the secret goes nowhere else.
            with http.client.HTTPResponse(stream, method="POST") as response:  # type: ignore[arg-type]  # which it asks for makefile alone
                response.begin()
                content = response.read(MAXIMUM_ANSWER_BYTES + 1)
                if response.length:  # what was announced and did not come, or is too much
                    raise http.client.IncompleteRead(content[:0])
                return response.status, content

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=self._timeout_seconds)
        return http.client.HTTPSConnection(
            host, port, timeout=self._timeout_seconds, context=self._ssl_context
        )


class _Stream(io.RawIOBase):
    """What a socket receives until `ends`; its own time-out begins anew with every read."""

    def __init__(self, sock: socket.socket, ends: float, monotonic: Callable[[], float]) -> None:
        self._sock = sock
        self._ends = ends
        self._monotonic = monotonic

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        left = self._ends - self._monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


class _Cache:
    """Callers by the hash of their token, the longest unused first."""

    def __init__(self, seconds: float, entries: int) -> None:
        self._seconds = seconds
        self._entries = entries
        self._kept: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: bytes, now: float) -> Caller | None:
        with self._lock:
            caller, until = self._kept.get(key, (None, 0.0))
            if caller is None:
                return None
            if now >= until:
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
            return caller

    def keep(self, key: bytes, caller: Caller, asked_at: float) -> None:
        if not self._seconds:
            return
        with self._lock:
            self._kept[key] = (caller, asked_at + self._seconds)
            self._kept.move_to_end(key)
            while len(self._kept) > self._entries:
                self._kept.popitem(last=False)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):  # which one counts is not said (RFC 8259 §4)
        raise ValueError("a name stands twice")
    return members


def _read_only(value: object) -> object:
    """The same, for several callers to share."""
    if isinstance(value, dict):
        return MappingProxyType({name: _read_only(member) for name, member in value.items()})
    return tuple(map(_read_only, value)) if isinstance(value, list) else value


def _endpoint(issuer: str) -> SplitResult:
    if not _URL.fullmatch(issuer):
        raise ValueError("the issuer must be a URL in ASCII, without spaces")
    try:
        url = urlsplit(f"{issuer}/oauth2/server/introspect")
        port_is_possible = url.port != 0
    except ValueError:
        port_is_possible = False
    if not port_is_possible:
        raise ValueError("the issuer must be a URL with a port that there is, or none")
    loopback = url.scheme == "http" and url.hostname in _LOOPBACK
    if not (url.scheme == "https" or loopback) or not url.hostname or "@" in url.netloc:
        raise ValueError("the issuer must be an https URL (http on loopback only)")
    if url.query or url.fragment or issuer.endswith("/"):
        raise ValueError("the issuer must have no query, fragment or slash at its end")
    return url


def _read_caller(answer: Mapping[str, object]) -> Caller:
    """What an active token's answer says (RFC 7662 §2.2). Raises VerifierUnavailable."""
    client_id, subject = answer.get("client_id"), answer.get("sub")
    scope, expires_at = answer.get("scope", ""), answer.get("exp")
    if not isinstance(client_id, str) or not isinstance(subject, str) or not isinstance(scope, str):
        raise VerifierUnavailable("introspection answered without client, subject or scope")
    if expires_at is not None and (isinstance(expires_at, bool) or not isinstance(expires_at, int)):
        raise VerifierUnavailable("introspection answered an end that is none")
    return Caller(client_id, subject, frozenset(scope.split()), expires_at, answer)
