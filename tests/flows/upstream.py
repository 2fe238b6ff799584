"""A Grantline that logs its people in through another one: OpenID Connect Core §3.1 as a client.

The routes live here, beside the app: sessions, tokens and users are the app's own.
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import jwt
import requests
from aws_lambda_powertools import Logger
from chalice.app import Blueprint, Chalice

from chalicelib.directory.cookies import session_cookie
from chalicelib.directory.sessions import Sessions
from chalicelib.endpoints.adapter import Edge, Endpoint
from chalicelib.oauth.id_token import access_token_hash
from chalicelib.oauth.messages import Request, Response
from chalicelib.storage.connection import request_budget
from tests.harness import World

TIMEOUT_SECONDS = 10
BEGIN, CALLBACK = "/upstream", "/upstream/callback"
# At most this far ahead: the two projects' clocks differ.
SKEW_SECONDS = 10
_COOKIE = "upstream-state"


class UpstreamRefused(Exception):
    """Whatever the other project sent, it proves nothing."""


@dataclass(frozen=True)
class Registration:
    """What the other project's administrator handed over."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True)
class Begun:
    """What one browser set out with."""

    nonce: str
    verifier: str
    return_to: str


class Upstream:
    """Sends people to the other project, and gives whoever comes back a session here."""

    def __init__(self, world: World, registration: Registration) -> None:
        self.registration = registration
        self.known: dict[str, tuple[str, str]] = {}  # the other's subject: domain and user here
        self._world = world
        self._begun: dict[str, Begun] = {}
        self._sessions = Sessions(
            world.stores.sessions, world.clock, idle_seconds=3600, maximum_seconds=86400
        )
        discovery = f"{registration.issuer}/.well-known/openid-configuration"
        self._document: dict[str, Any] = requests.get(discovery, timeout=TIMEOUT_SECONDS).json()

    def add_to(self, app: Chalice) -> None:
        """Serve both ends of the journey."""
        logger = Logger(service="upstream", level="ERROR")
        edge = Edge(app, logger, partial(request_budget, self._world.clock), configured=True)
        routes = Blueprint(__name__)
        edge.add(routes, BEGIN, {"GET": _told(self._begin)})
        edge.add(routes, CALLBACK, {"GET": _told(self._finish)})
        app.register_blueprint(routes)

    def verify(self, token: dict[str, Any], nonce: str) -> str:
        """The subject of an ID token that is meant for us, now (OpenID Connect Core §3.1.3.7)."""
        keys = requests.get(self._document["jwks_uri"], timeout=TIMEOUT_SECONDS).json()
        try:
            kid = jwt.get_unverified_header(token["id_token"])["kid"]
            claims = jwt.decode(
                token["id_token"],
                jwt.PyJWKSet.from_dict(keys)[kid],
                algorithms=["RS256", "ES256"],
                audience=self.registration.client_id,
                issuer=self.registration.issuer,
                leeway=SKEW_SECONDS,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce", "at_hash"]},
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise UpstreamRefused(f"ID token: {type(error).__name__}") from None
        if not hmac.compare_digest(claims["nonce"], nonce):
            raise UpstreamRefused("ID token: nonce")
        if claims["at_hash"] != access_token_hash(token["access_token"]):
            raise UpstreamRefused("ID token: at_hash")
        subject: str = claims["sub"]
        return subject

    def _begin(self, request: Request) -> Response:
        state, begun = secrets.token_urlsafe(), self._new(request.query["return_to"][0])
        self._begun[state] = begun
        challenge = urlsafe_b64encode(sha256(begun.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "response_type": "code",
            "client_id": self.registration.client_id,
            "redirect_uri": self.registration.redirect_uri,
            "scope": "openid profile email",
            "state": state,
            "nonce": begun.nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        cookie = f"{_COOKIE}={state}; Path={CALLBACK}; HttpOnly; SameSite=Lax"
        return _see_other(f"{self._document['authorization_endpoint']}?{urlencode(query)}", cookie)

    @staticmethod
    def _new(return_to: str) -> Begun:
        if not return_to.startswith("/oauth2/server/authorize?"):
            raise UpstreamRefused("return_to is no request for authorization")
        return Begun(secrets.token_urlsafe(), secrets.token_urlsafe(48), return_to)

    def _finish(self, request: Request) -> Response:
        query = {name: values[0] for name, values in request.query.items()}
        state = query.get("state", "")
        begun = self._begun.pop(state, None)
        if begun is None or f"{_COOKIE}={state}" not in (request.header("cookie") or ""):
            raise UpstreamRefused("state")
        if query.get("iss") != self.registration.issuer:
            raise UpstreamRefused("iss")
        if "code" not in query:
            raise UpstreamRefused(query.get("error", "code"))
        token = self._exchange(query["code"], begun.verifier)
        subject = self.verify(token, begun.nonce)
        if self._userinfo(token)["sub"] != subject:
            raise UpstreamRefused("UserInfo: sub")
        return self._log_in(subject, request, begun.return_to)

    def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        answer = requests.post(
            self._document["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.registration.redirect_uri,
                "code_verifier": verifier,
            },
            auth=(self.registration.client_id, self.registration.client_secret),
            timeout=TIMEOUT_SECONDS,
        )
        token: dict[str, Any] = answer.json()
        if answer.status_code != requests.codes.ok:
            raise UpstreamRefused(json.dumps(token))
        return token

    def _userinfo(self, token: dict[str, Any]) -> dict[str, Any]:
        claims: dict[str, Any] = requests.get(
            self._document["userinfo_endpoint"],
            headers={"Authorization": f"Bearer {token['access_token']}"},
            timeout=TIMEOUT_SECONDS,
        ).json()
        return claims

    def _log_in(self, subject: str, request: Request, return_to: str) -> Response:
        """A session of our own user, whom an administrator tied to that subject."""
        account = self._world.stores.users.find(*self.known.get(subject, ("", "")))
        if account is None or not account.user.enabled:
            raise UpstreamRefused("nobody here is that person")
        agent = request.header("user-agent") or ""
        _, value = self._sessions.log_in(account.user, request.source_ip, agent, None)
        return _see_other(return_to, session_cookie(self._world.settings.issuer).set(value))


def _told(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with a refusal told as it is."""

    def answer(request: Request) -> Response:
        try:
            return endpoint(request)
        except UpstreamRefused as refusal:
            return Response(403, str(refusal), {"Content-Type": "text/plain"})

    return answer


def _see_other(location: str, cookie: str) -> Response:
    return Response(303, None, {"Location": location, "Set-Cookie": [cookie]})
