"""The registration form: for a new application, and for changes of one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from chalicelib.oauth.model import (
    Consent,
    GrantType,
    Introspection,
    LifeCycleType,
    RedirectStrategy,
)
from chalicelib.pages.console import words
from chalicelib.pages.console.frame import APPLICATIONS, Act, ConsolePage

LABELS = {
    "name": "Name",
    "website": "Web site",
    "description": "Description",
    "grant_type": "Grant type",
    "allowed_scopes": "Allowed scope",
    "user_name": "User name",
    "user_domain": "User domain",
    "redirect_strategy": "Redirect strategy",
    "redirect_uris": "Redirect URIs",
    "localhost_port": "Localhost port",
    "public": "Kind of application",
    "require_pkce": "PKCE",
    "consent": "Consent",
    "post_logout_redirect_uris": "Post-logout redirect URIs",
    "id_token_signed_response_alg": "ID token signature",
    "certificate": "Public key (.cer)",
    "header_accepts_issuer_audience": "Audience of JWTs in headers",
    "token_lifetime_minutes": "Token lifetime",
    "life_cycle_type": "Life cycle type",
    "maximum_lifetime_minutes": "Maximum lifetime",
    "introspection": "Introspection",
}

# The registry speaks of fields by the names of their JSON.
_SPOKEN = {
    "token_lifetime_minutes": "the token lifetime",
    "mobile_localhost_port": "the strategy localhost port",
    "web_application": "web applications",
    "odata_query": "ODATA QUERY",
    "scope login": "scope LOGIN",
    "hold admin": "hold ADMIN",
    "at least 1 character": "a value",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """A refused field; `anchor` is the id of the control that it is about."""

    name: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says; times are epoch seconds."""

    subject: str
    issuer: str
    thumbprint: str
    key: str
    not_before: int
    not_after: int
    days_left: int


@dataclass(frozen=True, slots=True)
class ApplicationFormPage(ConsolePage):
    """The form as it was typed, with what is wrong with it.

    `texts` holds what stands in each control. `preview_token` is for showing a certificate that
    was chosen. `lifetime_alone`: the application is built in. `holds_certificate`: none need be
    sent.
    """

    TEMPLATE: ClassVar[str] = "console/application_form.html"
    SECTION: ClassVar[str] = APPLICATIONS.key
    SCRIPTS: ClassVar[tuple[str, ...]] = (
        "fields.js",
        "suggest.js",
        "certificate.js",
        "lifetime.js",
    )
    GRANT_TYPES: ClassVar[Mapping[GrantType, str]] = words.GRANT_TYPES
    GRANT_TYPE_NOTES: ClassVar[Mapping[GrantType, str]] = words.GRANT_TYPE_NOTES
    STRATEGIES: ClassVar[Mapping[RedirectStrategy, str]] = words.STRATEGIES
    STRATEGY_NOTES: ClassVar[Mapping[RedirectStrategy, str]] = words.STRATEGY_NOTES
    LIFE_CYCLES: ClassVar[Mapping[LifeCycleType, str]] = words.LIFE_CYCLES
    LIFE_CYCLE_NOTES: ClassVar[Mapping[LifeCycleType, str]] = words.LIFE_CYCLE_NOTES
    SCOPES: ClassVar[Mapping[str, str]] = words.SCOPES
    SCOPE_NOTES: ClassVar[Mapping[str, str]] = words.SCOPE_NOTES
    CONSENTS: ClassVar[Mapping[str, str]] = {
        Consent.REQUIRED: "Ask each person, and remember",
        Consent.PREAPPROVED: "Preapproved: ask nobody",
    }
    INTROSPECTIONS: ClassVar[Mapping[str, str]] = {
        Introspection.OWN: "Only tokens issued to it",
        Introspection.ANY: "Any token: it is a resource server",
    }
    LABELS: ClassVar[Mapping[str, str]] = LABELS

    heading: str
    act: Act
    texts: Mapping[str, str]
    button: str
    back_path: str
    errors: tuple[FieldError, ...] = ()
    problem: str = ""
    certificate: CertificateFacts | None = None
    preview_token: str = field(default="", repr=False)
    is_new: bool = True
    lifetime_alone: bool = False
    holds_certificate: bool = False

    @property
    def reasons(self) -> dict[str, str]:
        """What is wrong with each refused field."""
        return {error.name: error.text for error in self.errors}


def field_errors(fields: Mapping[str, str]) -> tuple[FieldError, ...]:
    """The refusals of the registry as sentences, in the order of the form."""
    places = {name: place for place, name in enumerate(LABELS)}
    ordered = sorted(fields.items(), key=lambda item: places.get(item[0], len(places)))
    return tuple(
        FieldError(name, _anchor(name), f"{LABELS.get(name, name)}{_spoken(reason)}.")
        for name, reason in ordered
    )


def _spoken(reason: str) -> str:
    """What follows the label: of a list, which of its URIs; else the rest of the sentence."""
    for written, spoken in _SPOKEN.items():
        reason = reason.replace(written, spoken)
    return f": {reason}" if reason.startswith("URI ") else f" {reason}"


def _anchor(name: str) -> str:
    """Groups of choices are reached at their first control."""
    firsts = {
        "grant_type": f"grant_type_{next(iter(words.GRANT_TYPES))}",
        "redirect_strategy": f"redirect_strategy_{next(iter(words.STRATEGIES))}",
        "life_cycle_type": f"life_cycle_type_{next(iter(words.LIFE_CYCLES))}",
        "allowed_scopes": f"scope_{next(iter(words.SCOPES))}",
    }
    return firsts.get(name, name)
