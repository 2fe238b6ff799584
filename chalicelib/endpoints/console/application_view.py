"""A registration as the page of one application shows it."""

from collections.abc import Iterator, Mapping

from chalicelib.endpoints.console.event_rows import user_label
from chalicelib.endpoints.console.form_screen import SECONDS_A_DAY
from chalicelib.oauth.life_cycle import is_live
from chalicelib.oauth.model import Consent, GrantType, Introspection, User
from chalicelib.pages.console import words
from chalicelib.pages.console.application import Fact, SecretRow
from chalicelib.pages.console.application_form import CertificateFacts
from chalicelib.pages.display import date_text
from chalicelib.registry.grant_types import ACTING_AS_A_USER, REDIRECTING
from chalicelib.registry.model import Registration
from chalicelib.usage import Used


def facts_of(registration: Registration, user: User | None) -> tuple[Fact, ...]:
    """What was registered, in the order of the form, without what the grant type does not use."""
    return tuple(
        Fact(label, tuple(values)) for label, values in _facts(registration, user) if any(values)
    )


def _facts(registration: Registration, user: User | None) -> Iterator[tuple[str, list[str]]]:
    application = registration.application
    scopes = [label for name, label in words.SCOPES.items() if name in application.allowed_scopes]
    yield "Description", [registration.description or ""]
    yield "Web site", [registration.website or ""]
    yield "Grant type", [words.GRANT_TYPES[application.grant_type]]
    yield "Allowed scope", scopes
    if application.grant_type in ACTING_AS_A_USER:
        yield "Acts as", ["a user who is gone" if user is None else user_label(user)]
    if application.grant_type in REDIRECTING and application.redirect_strategy is not None:
        yield "Redirect strategy", [words.STRATEGIES[application.redirect_strategy]]
        yield "Redirect URIs", list(registration.redirect_uris)
        yield "Localhost port", [str(application.localhost_port or "")]
        yield "Post-logout redirect URIs", list(registration.post_logout_redirect_uris)
        yield "Keeps a secret", ["No" if application.public else "Yes"]
        yield "PKCE", ["Required" if application.require_pkce else "Not required"]
        preapproved = application.consent is Consent.PREAPPROVED
        yield "Consent", ["Preapproved" if preapproved else "Asked of each person"]
    yield "Token lifetime", [words.life_cycle_text(application.life_cycle)]
    any_token = application.introspection is Introspection.ANY
    yield "Introspection", ["Any token" if any_token else "Own tokens"]
    if application.grant_type is GrantType.CLIENT_CERTIFICATE:
        both = application.header_accepts_issuer_audience
        yield "Audience of JWTs in headers", ["Also the issuer" if both else "The OData address"]
    yield "Created", [date_text(registration.created_at)]
    yield "Changed", [date_text(registration.updated_at)]


def secrets_of(
    registration: Registration, used: Mapping[Used, int], now: int
) -> tuple[SecretRow, ...]:
    """The secrets, the newest first; `used` holds their last uses."""
    client_id = registration.application.client_id
    return tuple(
        SecretRow(
            secret_id=secret.secret_id,
            created_at=secret.created_at,
            ends_at=secret.ends_at,
            is_live=is_live(secret.ends_at, now),
            bearer_revoked=secret.bearer_revoked,
            last_used_at=used.get((client_id, secret.secret_id)),
        )
        for secret in reversed(registration.application.secrets)
    )


def certificate_of(registration: Registration, now: int) -> CertificateFacts | None:
    """What the present certificate says."""
    key, details = registration.application.certificate, registration.certificate
    if key is None or details is None:
        return None
    return CertificateFacts(
        subject=details.subject,
        issuer=details.issuer,
        thumbprint=key.thumbprint,
        key=details.key_description,
        not_before=key.not_before,
        not_after=key.not_after,
        days_left=max(0, (key.not_after - now) // SECONDS_A_DAY),
    )
