"""One deployment over HTTP: tokens, errors as exit codes, pages of lists."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from chalicelib.cli.failures import ExitCode, Failure, refuse_usage
from chalicelib.cli.profiles import Profile, Profiles, login_command

CONNECT_SECONDS = 10
# Longer than a gateway waits for the function.
READ_SECONDS = 40
PAGE_SIZE = 100
# A token is renewed a little before its end, so that it does not end on the way.
EARLY_SECONDS = 10

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_BY_STATUS = {
    401: ExitCode.NOT_ALLOWED,
    403: ExitCode.NOT_ALLOWED,
    404: ExitCode.NOT_FOUND,
    409: ExitCode.CONFLICT,
    412: ExitCode.CONFLICT,
    429: ExitCode.UNAVAILABLE,
}
_FIRST_SERVER_ERROR = 500
_FIRST_REDIRECT = 300


class TokenSource(Protocol):
    """Gives the access token of whoever runs the command."""

    def token(self, deployment: "Deployment") -> str:
        """A token that is still good. Raises Failure."""
        ...

    def renew(self, deployment: "Deployment") -> str | None:
        """Another token in place of one that was refused; None where there is none to have."""
        ...


class Bearer(AuthBase):
    """As an auth object, so that nothing in a .netrc takes its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Anonymous(AuthBase):
    """No credential at all, likewise."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class Deployment:
    """Where the commands send their requests. Every method may raise Failure."""

    def __init__(self, issuer: str, source: TokenSource | None = None) -> None:
        self.issuer = checked_url(issuer)
        self._source = source
        self._session = requests.Session()
        # A proxy of the environment would be sent tokens in clear; TLS is tunnelled through it.
        self._session.trust_env = self.issuer.startswith("https://")

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The answer to a request with the caller's token, whatever its status."""
        if self._source is None:
            raise Failure(ExitCode.NOT_ALLOWED, f"Log in first: grantline login {self.issuer}")
        token = self._source.token(self)
        content = {} if body is None else {"json": body}
        answer = self.send(method, path, Bearer(token), params=query, headers=headers, **content)
        if answer.status_code == requests.codes.unauthorized:
            renewed = self._source.renew(self)
            if renewed is not None:
                answer = self.send(
                    method, path, Bearer(renewed), params=query, headers=headers, **content
                )
        return answer

    def read(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON of a successful answer; None where it is empty."""
        answer = self.call(method, path, body=body, query=query, headers=headers)
        raise_for_refusal(answer)
        return json_of(answer) if answer.content else None

    def pages(
        self, path: str, query: Mapping[str, str] | None = None, limit: int = 0
    ) -> Iterator[dict[str, Any]]:
        """The items of a list, page after page; `limit` 0: all."""
        wanted = limit or None
        cursor: str | None = None
        while True:
            size = PAGE_SIZE if wanted is None else min(PAGE_SIZE, wanted)
            asked = {**(query or {}), "limit": str(size)}
            page = self.read("GET", path, query=asked | ({"cursor": cursor} if cursor else {}))
            if not isinstance(page, dict) or not {"items", "next"} <= page.keys():
                raise _no_grantline()
            yield from page["items"]
            if wanted is not None:
                wanted -= len(page["items"])
            cursor = page["next"]
            if cursor is None or wanted == 0:
                return

    def get_token(self, form: Mapping[str, str], secret: str | None = None) -> dict[str, Any]:
        """The answer of the token endpoint (RFC 6749 §5.1); `secret`: as Basic, else in no way."""
        auth = Anonymous() if secret is None else HTTPBasicAuth(form["client_id"], secret)
        sent = {**form} if secret is None else {k: v for k, v in form.items() if k != "client_id"}
        answer = raise_for_refusal(self.send("POST", "/oauth2/server/token", auth, data=sent))
        token = json_of(answer)
        if not isinstance(token, dict) or "access_token" not in token:
            raise _no_grantline()
        return token

    def send(self, method: str, path: str, auth: AuthBase, **content: Any) -> requests.Response:
        """One request; redirects are not followed, since a token would go along."""
        try:
            return self._session.request(
                method,
                self.issuer + path,
                auth=auth,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                **content,
            )
        except ValueError as error:
            # A line break in a token, a letter that headers cannot hold.
            raise refuse_usage(f"The request cannot be sent ({type(error).__name__}).") from None
        except requests.RequestException as error:
            raise Failure(
                ExitCode.UNAVAILABLE, f"{self.issuer} does not answer: {_cause(error)}"
            ) from None


class FixedToken:
    """A token from the environment."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, _: Deployment) -> str:
        return self._token

    def renew(self, _: Deployment) -> str | None:
        return None


class ClientCredentials:
    """A key pair from the environment: a token for this command alone (RFC 6749 §4.4)."""

    def __init__(self, client_id: str, secret: str) -> None:
        self._client_id = client_id
        self._secret = secret
        self._token: str | None = None

    def token(self, deployment: Deployment) -> str:
        if self._token is None:
            form = {"grant_type": "client_credentials", "client_id": self._client_id}
            self._token = str(deployment.get_token(form, self._secret)["access_token"])
        return self._token

    def renew(self, deployment: Deployment) -> str | None:
        # A command that goes on for long outlives its token.
        self._token = None
        return self.token(deployment)


class StoredLogin:
    """A login of before, renewed with its refresh token where it has one (RFC 6749 §6)."""

    def __init__(self, profiles: Profiles, name: str, profile: Profile) -> None:
        self._profiles = profiles
        self._name = name
        self._profile = profile

    def token(self, deployment: Deployment) -> str:
        ends_at = self._profile.ends_at
        ends_soon = ends_at is not None and ends_at - EARLY_SECONDS <= time.time()
        if ends_soon and self._profile.refresh_token is not None:
            return self.renew(deployment)
        return self._profile.access_token

    def renew(self, deployment: Deployment) -> str:
        profile = self._profile
        if profile.refresh_token is None:
            raise self._ended()
        form = {
            "grant_type": "refresh_token",
            "client_id": profile.client_id,
            "refresh_token": profile.refresh_token,
        }
        try:
            answer = deployment.get_token(form)
        except Failure as failure:
            if failure.code is ExitCode.UNAVAILABLE:
                raise
            raise self._ended() from None
        self._profile = with_tokens(profile, answer)
        # Before the new token is used: the old refresh token is good for a minute more only.
        self._profiles.save(self._name, self._profile)
        return self._profile.access_token

    def _ended(self) -> Failure:
        message = f"The login has ended: {login_command(self._name)}"
        return Failure(ExitCode.NOT_ALLOWED, message)


def with_tokens(profile: Profile, answer: Mapping[str, Any]) -> Profile:
    """The profile with the tokens of a token answer."""
    lifetime = answer.get("expires_in")
    return replace(
        profile,
        access_token=str(answer["access_token"]),
        refresh_token=answer.get("refresh_token", profile.refresh_token),
        scope=str(answer.get("scope", profile.scope)),
        ends_at=None if lifetime is None else int(time.time()) + int(lifetime),
    )


def checked_url(value: str) -> str:
    """The URL of a deployment without a slash at its end: https, or http on this machine."""
    url = value.rstrip("/")
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        secure = False
    if not secure or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise refuse_usage("The URL must be https:// (http:// on this machine alone).")
    return url


def raise_for_refusal(answer: requests.Response) -> requests.Response:
    """The answer, if it is a success. Raises Failure with what the server said."""
    status = answer.status_code
    if status < _FIRST_REDIRECT:
        return answer
    code = ExitCode.UNAVAILABLE if status >= _FIRST_SERVER_ERROR else ExitCode.REFUSED
    code = _BY_STATUS.get(status, code)
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    error = body.get("error")
    if isinstance(error, dict):
        # OData 4.0 JSON format §19.
        error = error.get("message")
    message = body.get("error_description") or body.get("detail") or error
    raise Failure(code, str(message or f"The server answered {status}."), body.get("fields"))


def json_of(answer: requests.Response) -> Any:
    """The body of an answer. Raises Failure for one of something else than a Grantline."""
    try:
        return answer.json()
    except ValueError:
        raise _no_grantline() from None


def _no_grantline() -> Failure:
    return Failure(ExitCode.UNAVAILABLE, "The answer makes no sense: is this a Grantline's URL?")


def _cause(error: BaseException) -> str:
    """What the system said; a whole message of requests may repeat the URL with its query."""
    if isinstance(error, requests.Timeout):
        return "nothing came in time"
    kind, cause = type(error).__name__, error.__context__
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__context__
    return kind
