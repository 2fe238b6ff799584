"""What was typed into the registration form, as the fields that the registry validates."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.endpoints.console.posted import Posted
from chalicelib.oauth.model import GrantType, LifeCycleType
from chalicelib.oauth.scope import FORM_SCOPES
from chalicelib.registry.form import DEFAULT_MAXIMUM_LIFETIME_MINUTES

CERTIFICATE_FILE = "certificate_file"
NO_MAXIMUM = "no_maximum"
SCOPE_PREFIX = "scope_"

_TEXTS = ("name", "grant_type", "life_cycle_type", "id_token_signed_response_alg")
# What was emptied is taken away.
_OPTIONAL = ("user_name", "user_domain", "website", "description", "redirect_strategy")
_LISTS = ("redirect_uris", "post_logout_redirect_uris")
# Selects: absent where a script hid them, and then as the form's own default says.
_CHOICES = ("consent", "introspection")
_FLAGS = ("public", "require_pkce", "header_accepts_issuer_audience")
_MAXIMUM_DIGITS = 9


@dataclass(frozen=True, slots=True)
class TypedForm:
    """The texts to show again, and the values they stand for."""

    texts: Mapping[str, str]
    values: Mapping[str, object]


def read_typed(posted: Posted) -> TypedForm:
    """Nothing is judged here: what cannot be a number stays the text that it is."""
    texts = {name: value.replace("\r\n", "\n") for name, value in posted.fields.items()}
    certificate = _certificate_text(posted)
    if certificate:
        texts["certificate"] = certificate
    values: dict[str, object] = {"name": texts.get("name", "")}
    values |= {name: texts[name] for name in _TEXTS if name in texts}
    values |= {name: texts.get(name) for name in _OPTIONAL}
    values |= {name: texts[name] for name in _CHOICES if name in texts}
    values |= {name: texts[name] == "true" for name in _FLAGS if name in texts}
    for name in _LISTS:
        values[name] = _lines(texts.get(name, ""))
    scopes = [name for name in FORM_SCOPES if f"{SCOPE_PREFIX}{name}" in texts]
    if scopes or texts.get("grant_type") != GrantType.CLIENT_CERTIFICATE:
        values["allowed_scopes"] = scopes
    values["localhost_port"] = _number(texts.get("localhost_port"))
    values["token_lifetime_minutes"] = _number(texts.get("token_lifetime_minutes"))
    if texts.get("life_cycle_type") == LifeCycleType.SLIDING:
        values["maximum_lifetime_minutes"] = _maximum(texts)
    elif texts.get("maximum_lifetime_minutes"):
        values["maximum_lifetime_minutes"] = _number(texts["maximum_lifetime_minutes"])
    if "certificate" in texts:
        values["certificate"] = texts["certificate"]
    return TypedForm(texts, values)


def certificate_bytes(text: str) -> bytes:
    """PEM as browsers send it, with the line breaks that it had."""
    return text.replace("\r\n", "\n").encode("utf-8")


def _certificate_text(posted: Posted) -> str:
    """A chosen file goes before what stands in the text area; never a private key shown again."""
    content = posted.files.get(CERTIFICATE_FILE)
    if content is None:
        return posted.fields.get("certificate", "").replace("\r\n", "\n")
    if b"-----BEGIN" in content:
        return content.decode("utf-8", "replace").replace("\r\n", "\n")
    return _armour(content)


def _armour(der: bytes) -> str:
    """RFC 7468 §5.1."""
    body = base64.encodebytes(der).decode("ascii").replace("\n", "")
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"])


def _lines(text: str) -> list[str] | None:
    return [line.strip() for line in text.split("\n") if line.strip()] or None


def _number(text: str | None) -> object:
    """A whole number, None for nothing, and any other text as it is, for the rule to refuse."""
    if text is None or not text.strip():
        return None
    stripped = text.strip()
    is_number = stripped.isascii() and stripped.isdigit() and len(stripped) <= _MAXIMUM_DIGITS
    return int(stripped) if is_number else stripped


def _maximum(texts: Mapping[str, str]) -> object:
    """Left empty it is the default, or the lifetime where that is longer; a mark takes it away."""
    if NO_MAXIMUM in texts:
        return None
    maximum = _number(texts.get("maximum_lifetime_minutes"))
    lifetime = _number(texts.get("token_lifetime_minutes"))
    if maximum is not None or not isinstance(lifetime, int) or lifetime == 0:
        return maximum
    return max(DEFAULT_MAXIMUM_LIFETIME_MINUTES, lifetime)
