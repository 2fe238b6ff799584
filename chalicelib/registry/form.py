"""The registration form: its fields and the rule of each (design, "The registration form")."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from chalicelib.administration.fields import clean_name, clean_text
from chalicelib.oauth.model import (
    Consent,
    GrantType,
    Introspection,
    LifeCycle,
    LifeCycleType,
    RedirectStrategy,
)
from chalicelib.oauth.scope import ODATA_QUERY
from chalicelib.registry.grant_types import MOBILE
from chalicelib.registry.redirect_uris import (
    MAXIMUM_REDIRECT_URI_LENGTH,
    MAXIMUM_REDIRECT_URIS,
    validate_https_uri,
)

MAXIMUM_NAME_LENGTH = 100
MAXIMUM_DESCRIPTION_LENGTH = 1_000
MAXIMUM_LIFETIME_MINUTES = 5_256_000
DEFAULT_LIFETIME_MINUTES = 60
DEFAULT_MAXIMUM_LIFETIME_MINUTES = 90 * 24 * 60
# 16 KiB in base64 with its line breaks and the lines around it.
MAXIMUM_CERTIFICATE_TEXT = 24 * 1024
MAXIMUM_PORT = 65_535
DEFAULT_OVERLAP_SECONDS = 86_400
MAXIMUM_OVERLAP_SECONDS = 90 * 86_400

_ID = re.compile(r"(?:app|usr|grp)_[0-9a-z]{26}")

ScopeName = Literal["api", "login", "user_sync", "odata_query", "rpa", "admin"]


def _empty_is_null(value: object) -> object:
    return None if value == "" else value


def _optional(check: Callable[[str], str]) -> Callable[[str | None], str | None]:
    return lambda value: None if value is None else check(value)


def _clean_own_name(value: str) -> str:
    """A name that nobody takes for an id: both are looked up where either may be typed."""
    name = clean_name(value)
    if _ID.fullmatch(name.lower()):
        raise ValueError("must not look like an id")
    return name


_EmptyIsNull = BeforeValidator(_empty_is_null)
# Enumerations arrive as their texts.
_Lax = Field(strict=False)

Name = Annotated[
    str, Field(min_length=1, max_length=MAXIMUM_NAME_LENGTH), AfterValidator(_clean_own_name)
]
OptionalName = Annotated[
    Annotated[str, Field(max_length=MAXIMUM_NAME_LENGTH)] | None,
    _EmptyIsNull,
    AfterValidator(_optional(clean_name)),
]
Website = Annotated[
    Annotated[str, Field(max_length=MAXIMUM_REDIRECT_URI_LENGTH)] | None,
    _EmptyIsNull,
    AfterValidator(_optional(validate_https_uri)),
]
Description = Annotated[
    Annotated[str, Field(max_length=MAXIMUM_DESCRIPTION_LENGTH)] | None,
    _EmptyIsNull,
    AfterValidator(_optional(clean_text)),
]
Lifetime = Annotated[int, Field(ge=0, le=MAXIMUM_LIFETIME_MINUTES)] | Literal[""] | None
RedirectUri = Annotated[str, Field(max_length=MAXIMUM_REDIRECT_URI_LENGTH)]


def _unique(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError("must not name one value twice")
    return values


class RegistrationForm(BaseModel):
    """What an administrator registers an application with."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    name: Name
    grant_type: Annotated[GrantType, _Lax]
    allowed_scopes: Annotated[
        Annotated[list[ScopeName], Field(max_length=6), AfterValidator(_unique)] | None,
        Field(description="Required, except for client_certificate: always odata_query."),
    ] = None
    user_name: OptionalName = None
    user_domain: OptionalName = None
    website: Website = None
    description: Description = None
    redirect_strategy: Annotated[RedirectStrategy, _Lax] | None = None
    redirect_uris: Annotated[list[RedirectUri], Field(max_length=MAXIMUM_REDIRECT_URIS)] | None = (
        None
    )
    localhost_port: Annotated[int, Field(ge=1, le=MAXIMUM_PORT)] | None = None
    token_lifetime_minutes: Annotated[
        Lifetime, Field(description="Absent: 60. Null, empty or 0: tokens never end.")
    ] = DEFAULT_LIFETIME_MINUTES
    life_cycle_type: Annotated[LifeCycleType, _Lax] = LifeCycleType.ABSOLUTE
    maximum_lifetime_minutes: Annotated[
        Annotated[int, Field(ge=1, le=MAXIMUM_LIFETIME_MINUTES)] | None,
        Field(description="For sliding alone. Absent: 90 days, or the lifetime. Null: no bound."),
    ] = None
    certificate: Annotated[
        Annotated[str, Field(max_length=MAXIMUM_CERTIFICATE_TEXT)] | None,
        _EmptyIsNull,
        Field(description="One X.509 certificate: PEM, or DER in base64."),
    ] = None
    post_logout_redirect_uris: (
        Annotated[list[RedirectUri], Field(max_length=MAXIMUM_REDIRECT_URIS)] | None
    ) = None
    public: Annotated[
        bool,
        Field(
            description="A web_application in a page, which cannot keep a secret. "
            "Mobile applications always are."
        ),
    ] = False
    id_token_signed_response_alg: Literal["RS256", "ES256"] = "RS256"
    require_pkce: bool = True
    consent: Annotated[Consent, _Lax] = Consent.REQUIRED
    introspection: Annotated[Introspection, _Lax] = Introspection.OWN
    header_accepts_issuer_audience: bool = False

    @property
    def is_public(self) -> bool:
        """Whether the application cannot keep a secret."""
        return self.public or self.redirect_strategy in MOBILE

    @property
    def lifetime_minutes(self) -> int | None:
        """The token lifetime; None: never ending."""
        return self.token_lifetime_minutes or None

    @property
    def scopes(self) -> frozenset[str]:
        """The allowed scopes; a client certificate's are fixed."""
        if self.allowed_scopes is None and self.grant_type is GrantType.CLIENT_CERTIFICATE:
            return frozenset({ODATA_QUERY})
        return frozenset(self.allowed_scopes or ())

    @property
    def life_cycle(self) -> LifeCycle:
        """The life cycle in seconds, with the default maximum filled in."""
        lifetime = self.lifetime_minutes
        maximum = self.maximum_lifetime_minutes
        if lifetime is None:
            return LifeCycle(self.life_cycle_type, None)
        if self.life_cycle_type is LifeCycleType.ABSOLUTE:
            return LifeCycle(self.life_cycle_type, lifetime * 60)
        if "maximum_lifetime_minutes" not in self.model_fields_set:
            maximum = max(DEFAULT_MAXIMUM_LIFETIME_MINUTES, lifetime)
        return LifeCycle(
            self.life_cycle_type, lifetime * 60, None if maximum is None else maximum * 60
        )


# What stands in for a required field that is refused, while the other rules are looked at.
STAND_INS = {"name": "name", "grant_type": GrantType.BEARER_TOKEN}


class RotationForm(BaseModel):
    """How long the present secret lives beside the new one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    overlap_seconds: Annotated[int, Field(ge=0, le=MAXIMUM_OVERLAP_SECONDS)] = (
        DEFAULT_OVERLAP_SECONDS
    )


class CertificateForm(BaseModel):
    """A certificate to put in the place of the present one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    certificate: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAXIMUM_CERTIFICATE_TEXT,
            description="PEM, or DER in base64.",
        ),
    ]


# As STAND_INS, for the form above.
CERTIFICATE_STAND_INS = {"certificate": "certificate"}
