"""Registrations as JSON: what an administrator reads; never a secret's value or hash."""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.administration.views import Time, View, rfc3339, rfc3339_or_none
from chalicelib.oauth.model import (
    BuiltIn,
    CertificateKey,
    Consent,
    GrantType,
    Introspection,
    LifeCycleType,
    RedirectStrategy,
    Secret,
    Status,
    User,
)
from chalicelib.registry.drafts import form_values
from chalicelib.registry.model import CertificateDetails, Registration
from chalicelib.registry.warnings import warnings_of


class SecretView(View):
    """A client secret: `ends_at` null has no end; `bearer_revoked`: authenticates only."""

    secret_id: str
    created_at: Time
    ends_at: Time | None
    bearer_revoked: bool


class CertificateView(View):
    """A certificate: RFC 4514 names, SHA-256 of its DER form, whole days until its end."""

    subject: str
    issuer: str
    serial_number: str
    key: str
    thumbprint: str
    not_before: Time
    not_after: Time
    days_left: int
    media_type: str


class WarningView(View):
    """Something that is allowed and deserves a second look."""

    code: str
    message: str


class ApplicationView(View):
    """A registered application."""

    client_id: str
    name: str
    grant_type: GrantType
    allowed_scopes: list[str]
    user_name: str | None
    user_domain: str | None
    website: str | None
    description: str | None
    redirect_strategy: RedirectStrategy | None
    redirect_uris: list[str]
    localhost_port: int | None
    token_lifetime_minutes: Annotated[int | None, Field(description="Null: tokens never end.")]
    life_cycle_type: LifeCycleType
    maximum_lifetime_minutes: int | None
    post_logout_redirect_uris: list[str]
    public: bool
    id_token_signed_response_alg: str
    require_pkce: bool
    consent: Consent
    introspection: Introspection
    header_accepts_issuer_audience: bool
    status: Status
    built_in: Annotated[
        BuiltIn | None, Field(description="Part of Grantline: only its lifetime can be changed.")
    ]
    version: int
    created_at: Time
    updated_at: Time
    secrets: list[SecretView]
    certificate: CertificateView | None
    warnings: list[WarningView]


class ApplicationWithSecretView(ApplicationView):
    """A registered application with its client secret, shown in this answer and never again."""

    client_secret: Annotated[str | None, Field(repr=False)]


class ApplicationListView(View):
    """A page of applications; `count` is how many it holds, `total` only if it was asked for."""

    items: list[ApplicationView]
    next: str | None
    count: int
    total: int = 0


def application_view(registration: Registration, user: User | None, now: int) -> ApplicationView:
    """The JSON of a registration; `user` is the one it acts as, None where that one is gone."""
    return ApplicationView(**_values(registration, user, now))


def application_with_secret_view(
    registration: Registration, user: User | None, now: int, client_secret: str | None
) -> ApplicationWithSecretView:
    """As `application_view`, with the secret that has just been made."""
    return ApplicationWithSecretView(
        **_values(registration, user, now), client_secret=client_secret
    )


def certificate_view(registration: Registration, now: int) -> CertificateView | None:
    """The certificate's details, None where there is none."""
    key, details = registration.application.certificate, registration.certificate
    return None if key is None or details is None else _certificate(key, details, now)


def _values(registration: Registration, user: User | None, now: int) -> dict[str, Any]:
    application = registration.application
    return {
        **form_values(registration, user),
        "client_id": application.client_id,
        "status": application.status,
        "built_in": application.built_in,
        "version": application.version,
        "created_at": rfc3339(registration.created_at),
        "updated_at": rfc3339(registration.updated_at),
        "secrets": [_secret(secret) for secret in application.secrets],
        "certificate": certificate_view(registration, now),
        "warnings": [
            WarningView.model_validate(notice) for notice in warnings_of(registration, user, now)
        ],
    }


def _secret(secret: Secret) -> SecretView:
    return SecretView(
        secret_id=secret.secret_id,
        created_at=rfc3339(secret.created_at),
        ends_at=rfc3339_or_none(secret.ends_at),
        bearer_revoked=secret.bearer_revoked,
    )


def _certificate(key: CertificateKey, details: CertificateDetails, now: int) -> CertificateView:
    return CertificateView(
        subject=details.subject,
        issuer=details.issuer,
        serial_number=details.serial_number,
        key=details.key_description,
        thumbprint=key.thumbprint,
        not_before=rfc3339(key.not_before),
        not_after=rfc3339(key.not_after),
        days_left=max(0, (key.not_after - now) // 86_400),
        media_type=details.media_type,
    )
