"""The way in: the console logs people in through Grantline itself (RFC 6749 §4.1, RFC 7636).

The code is exchanged within the process and its access token becomes the console's cookie, so
that every request is judged as any other caller's: role, epochs and revocation, each time.
It counts beside the browser session that the code was issued in, so a code alone is worth nothing.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from secrets import token_hex, token_urlsafe
from urllib.parse import quote, urlencode

from chalicelib.directory.cookies import Cookie, console_cookie, console_login_cookie
from chalicelib.endpoints.console.visitors import Visitors
from chalicelib.endpoints.page_answers import AUTHORIZE_PATH, Answers
from chalicelib.endpoints.page_requests import read_parameters
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import InvalidGrant, InvalidRequest, InvalidToken, OAuthError
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.pkce import METHOD
from chalicelib.oauth.request_log import note
from chalicelib.oauth.scope import ADMIN
from chalicelib.oauth.stores import GrantKey, GrantStore
from chalicelib.oauth.token_endpoint import TokenEndpoint
from chalicelib.oauth.tokens import parse
from chalicelib.oauth.validation import Access
from chalicelib.pages.console.gate import NotAdministratorPage
from chalicelib.registry.built_in import CONSOLE_CALLBACK_PATH, CONSOLE_CLIENT_ID

HOME_PATH = "/console"
# Time to find a password, and short enough that no old attempt lies about.
LOGIN_SECONDS = 600

_SECRET_BYTES = 32
_WANTED_PATH = re.compile(r"/console(?:/[A-Za-z0-9_-]{1,64}){0,6}")
_WANTED_QUERY = re.compile(r"[A-Za-z0-9._~%=&+-]{0,1000}")
_ATTEMPT = re.compile(
    r"([A-Za-z0-9_-]{43})~([A-Za-z0-9_-]{43})~([A-Za-z0-9/_-]{1,400})\?([A-Za-z0-9._~%=&+-]{0,1000})"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login under way in one browser: what its callback must bring, and where to go then."""

    state: str
    verifier: str = field(repr=False)
    wanted_path: str
    wanted_query: str = ""

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier (RFC 7636 §4.2)."""
        digest = hashlib.sha256(self.verifier.encode("ascii")).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


class Entry:
    """Begins logins and takes their callbacks."""

    def __init__(
        self,
        *,
        token: TokenEndpoint,
        grants: GrantStore,
        visitors: Visitors,
        answers: Answers,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._token = token
        self._grants = grants
        self._visitors = visitors
        self._answers = answers
        self._clock = clock
        self._issuer = issuer
        self._cookie = console_cookie(issuer)
        self._attempts: Cookie = console_login_cookie(issuer)

    def begin(self, request: Request, prompt: str = "") -> Response:
        """To the authorization endpoint, and from there back to the page that was wanted."""
        path = request.path[max(0, request.path.find(HOME_PATH)) :]
        wanted = path if _WANTED_PATH.fullmatch(path) else HOME_PATH
        asked = _query_of(request) if wanted == path else ""
        state, verifier = token_urlsafe(_SECRET_BYTES), token_urlsafe(_SECRET_BYTES)
        attempt = Attempt(state, verifier, wanted, asked)
        parameters = {
            "response_type": "code",
            "client_id": CONSOLE_CLIENT_ID,
            "redirect_uri": self._redirect_uri,
            "scope": ADMIN,
            "state": attempt.state,
            "code_challenge": attempt.challenge,
            "code_challenge_method": METHOD,
            **({"prompt": prompt} if prompt else {}),
        }
        value = f"{state}~{verifier}~{attempt.wanted_path}?{attempt.wanted_query}"
        cookie = self._attempts.set(value, LOGIN_SECONDS)
        query = urlencode(parameters, quote_via=quote, safe="")
        return self._answers.to_path(AUTHORIZE_PATH, query, [cookie])

    def switch_user(self, request: Request) -> Response:
        """Begin with a login, whoever is logged in."""
        return self.begin(
            Request(method=request.method, path=HOME_PATH, source_ip=request.source_ip),
            prompt="select_account",
        )

    def callback(self, request: Request) -> Response:
        """The checks, in order: an attempt of this browser, its state, our issuer, the code."""
        parameters = read_parameters(request)
        attempt = self._attempt(request)
        if attempt is None or not _same(attempt.state, parameters.get("state", "")):
            raise InvalidRequest("This login was not begun here, or took too long.")
        if parameters.get("iss") != self._issuer:
            raise InvalidRequest("The answer is of another server.")
        if "error" in parameters:
            return self._refused(parameters["error"])
        try:
            tokens = self._token.exchange_code(
                request,
                CONSOLE_CLIENT_ID,
                {
                    "code": parameters.get("code", ""),
                    "redirect_uri": self._redirect_uri,
                    "code_verifier": attempt.verifier,
                },
            )
        except InvalidGrant as error:
            text = "The login took too long; begin again."
            raise InvalidRequest(text, detail=error.detail) from None
        token = str(tokens["access_token"])
        try:
            self._visitors.recognise_token(token, request)
        except InvalidToken as error:
            # Somebody else's code, by whatever way it came here.
            made = parse(token)
            self._revoke((made.client_id, made.grant_id))
            text = "This login is of another browser; begin again."
            raise InvalidRequest(text, detail=error.detail) from None
        self._revoke_former(request)
        cookies = [self._cookie.set(token), self._attempts.clear()]
        return self._answers.to_path(attempt.wanted_path, attempt.wanted_query, cookies)

    def revoke(self, access: Access) -> None:
        """Make a token of the console worthless."""
        if access.grant is not None:
            self._revoke((access.grant.client_id, access.grant.grant_id))

    def _revoke(self, key: GrantKey) -> None:
        self._grants.revoke(key, self._clock.now(), token_hex(16), of_person=True)

    @property
    def _redirect_uri(self) -> str:
        return f"{self._issuer}{CONSOLE_CALLBACK_PATH}"

    def _attempt(self, request: Request) -> Attempt | None:
        match = _ATTEMPT.fullmatch(self._attempts.read(request) or "")
        if match is None or not _WANTED_PATH.fullmatch(match[3]):
            return None
        return Attempt(match[1], match[2], match[3], match[4])

    def _refused(self, error: str) -> Response:
        """Nobody who may come in: said at once, as another attempt would end the same."""
        note(outcome="access_denied", reason=error)
        page = NotAdministratorPage()
        return self._answers.page(page, 403, [self._attempts.clear()])

    def _revoke_former(self, request: Request) -> None:
        """A login replaces what this browser had (checklist 15)."""
        try:
            self.revoke(self._visitors.recognise(request))
        except OAuthError as error:
            note(former=error.error)


def _query_of(request: Request) -> str:
    """What a page was asked for by, such as its filters; nothing where that is long."""
    pairs = [(name, value) for name, values in request.query.items() for value in values]
    try:
        query = urlencode(pairs)
    except UnicodeEncodeError:
        return ""
    return query if request.method == "GET" and _WANTED_QUERY.fullmatch(query) else ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8"), other.encode("utf-8", "surrogatepass"))
