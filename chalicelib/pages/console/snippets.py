"""Ready programs that get a token, for one very application and by its own grant.

A secret never stands in them: they read it from the environment.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.oauth.model import Application, GrantType, RedirectStrategy
from chalicelib.oauth.redirect_strategy import TITLE_BAR_REDIRECT_URI
from chalicelib.oauth.scope import LOGIN, OPENID, PROFILE, SCOPES
from chalicelib.registry.model import Registration

LANGUAGES = {
    "curl": "curl",
    "python": "Python",
    "javascript": "JavaScript",
    "csharp": "C#",
    "powershell": "PowerShell",
}
EXAMPLE_PORT = 8400

_PLACE = re.compile(r"@([A-Z_]+)@")

# How the key of a certificate signs (RFC 7518 §3.1), and what .NET calls that.
_SIGNING = {
    "EC P-256": ("ES256", "SHA256"),
    "EC P-384": ("ES384", "SHA384"),
    "EC P-521": ("ES512", "SHA512"),
}


@dataclass(frozen=True, slots=True)
class Snippet:
    """A program: its language, what it does, its text."""

    language: str
    title: str
    text: str


def snippets_of(registration: Registration, issuer: str) -> tuple[Snippet, ...]:
    """The programs for an application; none for those that are part of Grantline."""
    application = registration.application
    if application.built_in is not None:
        return ()
    return tuple(_snippets(registration, application, issuer))


def _snippets(
    registration: Registration, application: Application, issuer: str
) -> Iterator[Snippet]:
    common = {"ISSUER": issuer, "CLIENT_ID": application.client_id}
    if application.grant_type is GrantType.CLIENT_CERTIFICATE:
        yield from _certificate(registration, common)
    if application.allows(GrantType.CLIENT_CREDENTIALS, GrantType.BEARER_TOKEN):
        for language in LANGUAGES:
            yield _snippet("secret", language, "a token for the secret", common)
    if application.allows(GrantType.BEARER_TOKEN):
        yield _snippet("bearer", "curl", "the secret as the token", common)
    if application.allows(GrantType.AUTHORIZATION_CODE):
        yield from _code(registration, application, common)


def _certificate(registration: Registration, common: Mapping[str, str]) -> Iterator[Snippet]:
    details = registration.certificate
    key = "" if details is None else details.key_description
    algorithm, digest = _SIGNING.get(key, ("RS256", "SHA256"))
    is_rsa = key not in _SIGNING
    name = f"HashAlgorithmName.{digest}"
    powershell = f"[Security.Cryptography.HashAlgorithmName]::{digest}"
    padding = "[Security.Cryptography.RSASignaturePadding]::Pkcs1"
    values = {
        **common,
        "ALGORITHM": algorithm,
        "HASH": digest.lower(),
        "KEY_CLASS": "RSA" if is_rsa else "ECDsa",
        "SIGNING": f"{name}, RSASignaturePadding.Pkcs1" if is_rsa else name,
        "SIGNING_POWERSHELL": f"{powershell}, {padding}" if is_rsa else powershell,
    }
    for language in LANGUAGES:
        # openssl writes EC signatures in another form than JWTs hold them.
        if is_rsa or language != "curl":
            yield _snippet("certificate", language, "a token for a signed JWT", values)


def _code(
    registration: Registration, application: Application, common: Mapping[str, str]
) -> Iterator[Snippet]:
    uri, scope = _redirect_uri(registration), _scope(application)
    client_id = application.client_id
    query = {
        "response_type": "code", "client_id": client_id, "redirect_uri": uri, "scope": scope
    }  # fmt: skip
    encoded = urlencode(query, quote_via=quote, safe="")
    values = {
        **common,
        "SCOPE": scope,
        "AUTHORIZE_URL": f"{common['ISSUER']}/oauth2/server/authorize?{encoded}",
    }
    credentials = _PUBLIC if application.public else _CONFIDENTIAL
    is_http = common["ISSUER"].startswith("http:")
    for language in LANGUAGES:
        credential = credentials[language].replace("@CLIENT_ID@", client_id)
        if is_http:
            credential += _OVER_HTTP.get(language, "")
        quote_text = _QUOTES[language]
        named = {
            **values,
            "CREDENTIAL": credential,
            "REDIRECT_URI": quote_text(uri),
            "CALLBACK_PATH": quote_text(urlsplit(uri).path or "/"),
        }
        yield _snippet("code", language, "log a person in", named)


_CONFIDENTIAL = {
    "curl": '-u "@CLIENT_ID@:$GRANTLINE_CLIENT_SECRET"',
    "python": 'os.environ["GRANTLINE_CLIENT_SECRET"]',
    "javascript": "process.env.GRANTLINE_CLIENT_SECRET, client.ClientSecretBasic()",
    "csharp": 'options.ClientSecret = builder.Configuration["GRANTLINE_CLIENT_SECRET"];',
    "powershell": ('client_id = "@CLIENT_ID@"; client_secret = $env:GRANTLINE_CLIENT_SECRET'),
}
_PUBLIC = {
    "curl": "-d client_id=@CLIENT_ID@",
    "python": 'token_endpoint_auth_method="none"',
    "javascript": "undefined, client.None()",
    "csharp": "// It keeps no secret: PKCE proves the request.",
    "powershell": 'client_id = "@CLIENT_ID@"',
}
# Libraries that take the http of a developer's machine only where they are told to.
_OVER_HTTP = {
    "javascript": ",\n  { execute: [client.allowInsecureRequests] }",
    "csharp": "\n        options.RequireHttpsMetadata = false;",
}


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _powershell(text: str) -> str:
    """It takes curled quotes for straight ones, too."""
    return "'" + re.sub("(['\u2018-\u201b])", r"\1\1", text) + "'"


# A registered URI may hold every character that means something to a shell. ASCII strings of JSON
# are strings of the other three languages as well.
_QUOTES: Mapping[str, Callable[[str], str]] = {
    "curl": _shell,
    "powershell": _powershell,
    "python": json.dumps,
    "javascript": json.dumps,
    "csharp": json.dumps,
}


def _redirect_uri(registration: Registration) -> str:
    application = registration.application
    if application.redirect_strategy is RedirectStrategy.MOBILE_TITLE_BAR_BROWSER:
        return TITLE_BAR_REDIRECT_URI
    if application.redirect_strategy is RedirectStrategy.MOBILE_LOCALHOST_PORT:
        return f"http://127.0.0.1:{application.localhost_port or EXAMPLE_PORT}/"
    return next(iter(registration.redirect_uris), "")


def _scope(application: Application) -> str:
    """What a login asks for: the allowed scopes, and who the person is where it may know."""
    login = (OPENID, PROFILE) if LOGIN in application.allowed_scopes else ()
    asked = {*application.allowed_scopes, *login} - {LOGIN}
    return " ".join(name for name in SCOPES if name in asked)


def _snippet(family: str, language: str, title: str, values: Mapping[str, str]) -> Snippet:
    # In one pass: what is put in may look like a place to put something.
    text = _PLACE.sub(lambda place: values[place[1]], _template(family, language))
    return Snippet(LANGUAGES[language], title, text.rstrip("\n"))


@cache
def _template(family: str, language: str) -> str:
    folder = files("chalicelib.pages").joinpath("snippets")
    return folder.joinpath(f"{family}.{language}.txt").read_text("utf-8")
