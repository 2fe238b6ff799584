"""What an authorization request asks, each part checked in one order (RFC 6749 §4.1.1, OAuth 2.1).

`validate_target` comes first: before client and redirect URI are known good, nothing is ever
sent to a redirect URI.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.oauth import pkce, scope
from chalicelib.oauth.authorization_errors import (
    RegistrationNotSupported,
    RequestNotSupported,
    RequestRefused,
    RequestUriNotSupported,
    ResponseTypeRefused,
    ScopeRefused,
)
from chalicelib.oauth.errors import InvalidRequest, InvalidScope
from chalicelib.oauth.model import Application, GrantType, RedirectStrategy
from chalicelib.oauth.redirect_strategy import TITLE_BAR_REDIRECT_URI, is_registered
from chalicelib.oauth.request_log import note
from chalicelib.oauth.request_object import read_answering

QUERY = "query"
FORM_POST = "form_post"
TITLE = "title"
RESPONSE_MODES = (QUERY, FORM_POST)
PROMPTS = frozenset({"none", "login", "consent", "select_account"})

MAXIMUM_STATE_LENGTH = 2048
MAXIMUM_NONCE_LENGTH = 255
MAXIMUM_LOGIN_HINT_LENGTH = 300
_MAXIMUM_AGE_DIGITS = 10
# The longest that can be registered (`registry.redirect_uris`).
_MAXIMUM_LOGGED_URI_LENGTH = 500
_NO_URI_CHARACTER = re.compile(r"[^!-~]")


@dataclass(frozen=True, slots=True)
class Target:
    """Where answers go: a redirect URI known good, how, and what goes along.

    `named` tells whether the request named the URI, which the exchange must then repeat.
    """

    application: Application
    redirect_uri: str
    response_mode: str
    state: str | None
    named: bool


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request without fault. `max_age` in seconds."""

    target: Target
    scopes: frozenset[str]
    code_challenge: str | None
    nonce: str | None
    prompt: frozenset[str]
    max_age: int | None
    login_hint: str | None

    @property
    def application(self) -> Application:
        return self.target.application


def validate_target(application: Application | None, parameters: Mapping[str, str]) -> Target:
    """Client and redirect URI. Raises InvalidRequest, which stays on a page of our own."""
    if application is None or not application.enabled:
        raise InvalidRequest(
            "The application is unknown.", detail="unknown or disabled application"
        )
    note(client_id=application.client_id)
    if not application.allows(GrantType.AUTHORIZATION_CODE):
        raise InvalidRequest("The application does not log people in.")
    uri = parameters.get("redirect_uri")
    named = uri is not None
    if uri is None:
        uri = _only_redirect_uri(application)
    if not is_registered(application, uri):
        # For the log alone: on a page of ours, the words of whoever made the link would look ours.
        note(redirect_uri=_loggable(uri))
        raise InvalidRequest("The redirect URI is not registered.")
    told = {**read_answering(parameters.get("request", "")), **parameters}
    state = told.get("state")
    if state is not None and len(state) > MAXIMUM_STATE_LENGTH:
        raise InvalidRequest("The state is too long.")
    mode = told.get("response_mode", QUERY)
    if mode not in RESPONSE_MODES:
        raise InvalidRequest("The response mode is not supported.")
    if application.redirect_strategy is RedirectStrategy.MOBILE_TITLE_BAR_BROWSER:
        mode = TITLE
    return Target(application, uri, mode, state, named)


def validate_request(target: Target, parameters: Mapping[str, str]) -> AuthorizationRequest:
    """Everything else, in order. Raises AuthorizationRefused."""
    _refuse_unsupported(parameters)
    response_type = parameters.get("response_type")
    if response_type is None:
        raise RequestRefused("The parameter response_type is missing.")
    if response_type != "code":
        raise ResponseTypeRefused("The response type must be code.")
    return AuthorizationRequest(
        target=target,
        scopes=_scopes(target.application, parameters.get("scope")),
        code_challenge=_code_challenge(target.application, parameters),
        nonce=_bounded(parameters, "nonce", MAXIMUM_NONCE_LENGTH),
        prompt=_prompt(parameters.get("prompt")),
        max_age=_max_age(parameters.get("max_age")),
        login_hint=_bounded(parameters, "login_hint", MAXIMUM_LOGIN_HINT_LENGTH),
    )


def _only_redirect_uri(application: Application) -> str:
    """The URI of a request that names none; only the title bar's needs no naming."""
    if application.redirect_strategy is RedirectStrategy.MOBILE_TITLE_BAR_BROWSER:
        return TITLE_BAR_REDIRECT_URI
    raise InvalidRequest("The parameter redirect_uri is missing.")


def _loggable(uri: str) -> str:
    """As much of a URI nobody knows as shows a slip of the pen, and holds nobody's credential.

    It ends with a question mark at the first character that no URI has.
    """
    plain = uri.partition("?")[0].partition("#")[0]
    scheme, slashes, rest = plain.partition("://")
    authority, slash, path = rest.partition("/")
    if slashes:
        plain = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
    odd = _NO_URI_CHARACTER.search(plain)
    plain = plain if odd is None else f"{plain[: odd.start()]}?"
    return plain[:_MAXIMUM_LOGGED_URI_LENGTH]


def _refuse_unsupported(parameters: Mapping[str, str]) -> None:
    if "request" in parameters:
        raise RequestNotSupported("Request objects are not supported.")
    if "request_uri" in parameters:
        raise RequestUriNotSupported("Request objects are not supported.")
    if "registration" in parameters:
        raise RegistrationNotSupported("Registration in a request is not supported.")


def _scopes(application: Application, requested: str | None) -> frozenset[str]:
    """The scopes asked for, never more than the application has; none: all that it has."""
    if requested is None:
        return application.allowed_scopes
    try:
        scopes = scope.parse(scope.without_unknown(requested))
    except InvalidScope as error:
        raise ScopeRefused(error.description) from None
    if not scopes <= scope.with_login(application.allowed_scopes):
        raise ScopeRefused("The scope asks for more than the application has.")
    return scopes


def _code_challenge(application: Application, parameters: Mapping[str, str]) -> str | None:
    """The S256 challenge; a mobile or public application never goes without (RFC 8252 §6)."""
    challenge = parameters.get("code_challenge")
    method = parameters.get("code_challenge_method")
    confidential_web = (
        application.redirect_strategy is RedirectStrategy.WEB_APPLICATION and not application.public
    )
    if challenge is None:
        if method is not None:
            raise RequestRefused("The parameter code_challenge is missing.")
        if application.require_pkce or not confidential_web:
            raise RequestRefused("PKCE is required: the parameter code_challenge is missing.")
        return None
    if method != pkce.METHOD:
        raise RequestRefused("The code_challenge_method must be S256.")
    if not pkce.is_challenge(challenge):
        raise RequestRefused("The code_challenge is malformed.")
    return challenge


def _prompt(value: str | None) -> frozenset[str]:
    prompt = frozenset() if value is None else frozenset(value.split(" "))
    if not prompt <= PROMPTS:
        raise RequestRefused("The prompt is not supported.")
    if "none" in prompt and len(prompt) > 1:
        raise RequestRefused("The prompt none stands alone.")
    return prompt


def _max_age(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= _MAXIMUM_AGE_DIGITS):
        raise RequestRefused("The max_age is not a number of seconds.")
    return int(value)


def _bounded(parameters: Mapping[str, str], name: str, maximum: int) -> str | None:
    value = parameters.get(name)
    if value is not None and len(value) > maximum:
        raise RequestRefused(f"The {name} is too long.")
    return value
