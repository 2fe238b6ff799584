"""From a body to a registration: every rule of the form, of creation as of every change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.administration.fields import read_fields
from chalicelib.administration.refusals import INVALID_REDIRECT_URI, FieldsRefused
from chalicelib.directory.stores import UserStore
from chalicelib.oauth.errors import InvalidRequest
from chalicelib.oauth.model import CertificateKey, GrantType, LifeCycle, RedirectStrategy, User
from chalicelib.oauth.redirect_strategy import TITLE_BAR_REDIRECT_URI, hash_redirect_uri
from chalicelib.oauth.scope import ADMIN, ADMINISTRATOR, LOGIN, SCOPES
from chalicelib.registry.built_in import LIFETIME_FIELDS
from chalicelib.registry.certificates import (
    CertificateRefused,
    UploadedCertificate,
    read_certificate,
    read_text,
)
from chalicelib.registry.form import STAND_INS, RegistrationForm
from chalicelib.registry.grant_types import ACTING_AS_A_USER, REDIRECTING
from chalicelib.registry.model import CertificateDetails, Registration
from chalicelib.registry.rules import broken_rules

# Fields that only some grant types use, so that a change of grant type may drop them.
_OF_A_USER = ("user_name", "user_domain")
_OF_A_CERTIFICATE = ("header_accepts_issuer_audience",)
_OF_A_STRATEGY = ("redirect_uris", "localhost_port", "public")
_OF_LOGIN = ("post_logout_redirect_uris", "id_token_signed_response_alg")
_OF_REDIRECTING = (
    *_OF_A_STRATEGY,
    *_OF_LOGIN,
    "redirect_strategy",
    "require_pkce",
    "consent",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that breaks no rule, with the user and the new certificate that it names."""

    form: RegistrationForm
    user: User | None
    certificate: UploadedCertificate | None


class Drafting:
    """Validates forms against the directory."""

    def __init__(self, users: UserStore) -> None:
        self._users = users

    def draft(
        self, values: Mapping[str, object], now: int, *, held: CertificateKey | None = None
    ) -> Draft:
        """Everything that a body says, or every reason why not.

        `held` is the certificate that the application has already. Raises FieldsRefused,
        StoreUnavailable.
        """
        form, refused = read_fields(RegistrationForm, values, STAND_INS)
        reasons = {**broken_rules(form, refused, holds_certificate=held is not None), **refused}
        user = self._acting_user(form, reasons)
        certificate = _new_certificate(form, reasons, now)
        if certificate is None and form.grant_type is GrantType.CLIENT_CERTIFICATE:
            _validate_held(held, reasons, now)
        if reasons:
            alone = set(reasons) == {"redirect_uris"}
            error = INVALID_REDIRECT_URI if alone else InvalidRequest.error
            raise FieldsRefused(reasons, error=error)
        return Draft(form, user, certificate)

    def _acting_user(self, form: RegistrationForm, reasons: dict[str, str]) -> User | None:
        """The user of the form; adds what is wrong with it to `reasons`."""
        if form.grant_type not in ACTING_AS_A_USER or "grant_type" in reasons:
            return None
        if form.user_name is None or form.user_domain is None:
            return None
        account = self._users.find(form.user_domain, form.user_name)
        if account is None or not account.user.enabled:
            state = "does not exist" if account is None else "is disabled"
            reasons.setdefault("user_name", f"names a user who {state}")
            return None
        if ADMIN in form.scopes and ADMINISTRATOR not in account.user.roles:
            reasons.setdefault("allowed_scopes", "may hold admin for an administrator alone")
        return account.user


def changed_values(
    before: Registration, user: User | None, body: Mapping[str, object]
) -> dict[str, object]:
    """What the form holds after a change: the registration as it is under what the body says.

    What the body makes meaningless without naming it is left out: fields that the new grant
    type or redirect strategy does not use, and the maximum of another life cycle.
    """
    values = form_values(before, user)
    after = {**values, **body}
    dropped: list[str] = []
    grant_type = str(after["grant_type"])
    if grant_type not in ACTING_AS_A_USER:
        dropped += _OF_A_USER
    if grant_type not in REDIRECTING:
        dropped += _OF_REDIRECTING
    scopes = after["allowed_scopes"]
    if not (isinstance(scopes, list) and LOGIN in scopes):
        dropped += _OF_LOGIN
    if grant_type != GrantType.CLIENT_CERTIFICATE:
        dropped += _OF_A_CERTIFICATE
    if after["redirect_strategy"] != values["redirect_strategy"]:
        dropped += _OF_A_STRATEGY
    endless = after["token_lifetime_minutes"] in (None, 0, "")
    was_endless = values["token_lifetime_minutes"] is None
    if after["life_cycle_type"] != values["life_cycle_type"] or endless or was_endless:
        dropped.append("maximum_lifetime_minutes")
    return {name: value for name, value in after.items() if name in body or name not in dropped}


def changed_life_cycle(before: Registration, body: Mapping[str, object]) -> LifeCycle:
    """The life cycle of a built-in application after a change of these fields alone.

    It gives people the scope `admin`, so its tokens always end. Raises FieldsRefused.
    """
    values = changed_values(before, None, body)
    form, refused = read_fields(RegistrationForm, values, STAND_INS)
    reasons = {**broken_rules(form, refused), **refused}
    wrong = {name: reason for name, reason in reasons.items() if name in LIFETIME_FIELDS}
    if form.life_cycle.lifetime_seconds is None:
        wrong.setdefault("token_lifetime_minutes", "must end for an application of Grantline")
    if wrong:
        raise FieldsRefused(wrong)
    return form.life_cycle


def form_values(registration: Registration, user: User | None) -> dict[str, object]:
    """The form as this registration would fill it, with the texts that stand in its JSON."""
    application = registration.application
    life_cycle = application.life_cycle
    strategy = application.redirect_strategy
    return {
        "name": application.name,
        "grant_type": application.grant_type.value,
        "allowed_scopes": [name for name in SCOPES if name in application.allowed_scopes],
        "user_name": None if user is None else user.user_name,
        "user_domain": None if user is None else user.user_domain,
        "website": registration.website,
        "description": registration.description,
        "redirect_strategy": None if strategy is None else strategy.value,
        "redirect_uris": list(registration.redirect_uris),
        "localhost_port": application.localhost_port,
        "token_lifetime_minutes": _minutes(life_cycle.lifetime_seconds),
        "life_cycle_type": life_cycle.kind.value,
        "maximum_lifetime_minutes": _minutes(life_cycle.maximum_seconds),
        "post_logout_redirect_uris": list(registration.post_logout_redirect_uris),
        "public": application.public,
        "id_token_signed_response_alg": application.id_token_signed_response_alg,
        "require_pkce": application.require_pkce,
        "consent": application.consent.value,
        "introspection": application.introspection.value,
        "header_accepts_issuer_audience": application.header_accepts_issuer_audience,
    }


def apply_draft(registration: Registration, draft: Draft) -> Registration:
    """The registration with everything that the form sets; status, epochs and secrets stay."""
    form = draft.form
    key, details = _certificate_after(registration, draft)
    title_bar = form.redirect_strategy is RedirectStrategy.MOBILE_TITLE_BAR_BROWSER
    uris = (TITLE_BAR_REDIRECT_URI,) if title_bar else tuple(form.redirect_uris or ())
    application = replace(
        registration.application,
        redirect_uri_hashes=frozenset(map(hash_redirect_uri, uris)),
        public=form.is_public,
        id_token_signed_response_alg=form.id_token_signed_response_alg,
        name=form.name,
        grant_type=form.grant_type,
        allowed_scopes=form.scopes,
        life_cycle=form.life_cycle,
        user_id=None if draft.user is None else draft.user.user_id,
        certificate=key,
        introspection=form.introspection,
        header_accepts_issuer_audience=form.header_accepts_issuer_audience,
        redirect_strategy=form.redirect_strategy,
        localhost_port=form.localhost_port,
        require_pkce=form.require_pkce,
        consent=form.consent,
    )
    return replace(
        registration,
        application=application,
        website=form.website,
        description=form.description,
        redirect_uris=uris,
        post_logout_redirect_uris=tuple(form.post_logout_redirect_uris or ()),
        certificate=details,
    )


def _certificate_after(
    registration: Registration, draft: Draft
) -> tuple[CertificateKey | None, CertificateDetails | None]:
    if draft.form.grant_type is not GrantType.CLIENT_CERTIFICATE:
        return None, None
    if draft.certificate is not None:
        return draft.certificate.key, draft.certificate.details
    return registration.application.certificate, registration.certificate


def _new_certificate(
    form: RegistrationForm, reasons: dict[str, str], now: int
) -> UploadedCertificate | None:
    """The certificate that the form brings; adds what is wrong with it to `reasons`."""
    if form.certificate is None or "certificate" in reasons:
        return None
    try:
        return read_certificate(read_text(form.certificate), now)
    except CertificateRefused as error:
        reasons["certificate"] = str(error)
        return None


def _validate_held(held: CertificateKey | None, reasons: dict[str, str], now: int) -> None:
    if held is not None and not held.not_before <= now < held.not_after:
        reasons.setdefault("certificate", "is not valid any more; send another")


def _minutes(seconds: int | None) -> int | None:
    return None if seconds is None else seconds // 60
