"""The rules between the fields of the registration form, each beside what it looks at."""

from collections.abc import Callable, Collection, Mapping

from chalicelib.oauth.model import (
    Consent,
    GrantType,
    Introspection,
    LifeCycleType,
    RedirectStrategy,
)
from chalicelib.oauth.redirect_strategy import TITLE_BAR_REDIRECT_URI
from chalicelib.oauth.scope import ADMIN, LOGIN, ODATA_QUERY
from chalicelib.registry.form import RegistrationForm
from chalicelib.registry.grant_types import ACTING_AS_A_USER, MOBILE, REDIRECTING, has_secret
from chalicelib.registry.redirect_uris import validate_redirect_uris

Reasons = Mapping[str, str]
Rule = Callable[[RegistrationForm], Reasons]

REQUIRED = "is required"
UNUSED = "is not used by this grant type"
NO_SCOPES = "must name at least one scope"
_FINE: Reasons = {}


def broken_rules(
    form: RegistrationForm, refused: Collection[str], *, holds_certificate: bool = False
) -> dict[str, str]:
    """The reason of every field that does not fit the others; `refused` ones are passed over.

    `holds_certificate`: the application has one already and need not send it again.
    """
    reasons: dict[str, str] = {}
    for places, rule in _RULES:
        if not any(place in refused for place in places):
            reasons = {**rule(form), **reasons}
    if "grant_type" in refused and "allowed_scopes" not in refused and not form.allowed_scopes:
        # Every grant type but one needs scopes, so whoever corrects the one will need the other.
        reasons["allowed_scopes"] = NO_SCOPES
    if not {"grant_type", "certificate"} & set(refused):
        reasons = {**_certificate(form, holds_certificate=holds_certificate), **reasons}
    return reasons


def _user(form: RegistrationForm) -> Reasons:
    names = {"user_name": form.user_name, "user_domain": form.user_domain}
    if form.grant_type in ACTING_AS_A_USER:
        return {field: REQUIRED for field, value in names.items() if value is None}
    return {field: UNUSED for field, value in names.items() if value is not None}


def _scopes(form: RegistrationForm) -> Reasons:
    if not form.scopes:
        return {"allowed_scopes": NO_SCOPES}
    certificate = form.grant_type is GrantType.CLIENT_CERTIFICATE
    if certificate and form.scopes != {ODATA_QUERY}:
        return {"allowed_scopes": "must be odata_query alone for a client certificate"}
    if form.grant_type is GrantType.BEARER_TOKEN and ADMIN in form.scopes:
        return {"allowed_scopes": "must not hold admin: a bearer token acts as no user"}
    return _FINE


def _redirect_strategy(form: RegistrationForm) -> Reasons:
    if form.grant_type in REDIRECTING:
        return _FINE if form.redirect_strategy else {"redirect_strategy": REQUIRED}
    return {"redirect_strategy": UNUSED} if form.redirect_strategy else _FINE


def _redirect_uris(form: RegistrationForm) -> Reasons:
    uris, strategy = form.redirect_uris or [], form.redirect_strategy
    if form.grant_type not in REDIRECTING:
        return {"redirect_uris": UNUSED} if uris else _FINE
    if strategy is RedirectStrategy.WEB_APPLICATION:
        try:
            validate_redirect_uris(uris)
        except ValueError as error:
            return {"redirect_uris": str(error)}
    if strategy is RedirectStrategy.MOBILE_TITLE_BAR_BROWSER and uris:
        fixed = uris == [TITLE_BAR_REDIRECT_URI]
        return _FINE if fixed else {"redirect_uris": f"is always {TITLE_BAR_REDIRECT_URI}"}
    if strategy is RedirectStrategy.MOBILE_LOCALHOST_PORT and uris:
        return {"redirect_uris": "is used by web_application alone"}
    return _FINE


def _localhost_port(form: RegistrationForm) -> Reasons:
    used = form.redirect_strategy is RedirectStrategy.MOBILE_LOCALHOST_PORT
    if form.localhost_port is None or used:
        return _FINE
    return {"localhost_port": "is used by mobile_localhost_port alone"}


def _never_ending(form: RegistrationForm) -> Reasons:
    if form.lifetime_minutes is None and LOGIN in form.scopes:
        return {"token_lifetime_minutes": "must end for the scope login"}
    return _FINE


def _maximum_lifetime(form: RegistrationForm) -> Reasons:
    maximum, lifetime = form.maximum_lifetime_minutes, form.lifetime_minutes
    if maximum is None:
        return _FINE
    if form.life_cycle_type is not LifeCycleType.SLIDING:
        return {"maximum_lifetime_minutes": "is used by the life cycle sliding alone"}
    if lifetime is None:
        return {"maximum_lifetime_minutes": "has no meaning for tokens that never end"}
    if maximum < lifetime:
        return {"maximum_lifetime_minutes": "must not be less than token_lifetime_minutes"}
    return _FINE


def _certificate(form: RegistrationForm, *, holds_certificate: bool) -> Reasons:
    if form.grant_type is GrantType.CLIENT_CERTIFICATE:
        given = form.certificate is not None or holds_certificate
        return _FINE if given else {"certificate": REQUIRED}
    return {"certificate": UNUSED} if form.certificate is not None else _FINE


def _require_pkce(form: RegistrationForm) -> Reasons:
    if form.require_pkce:
        return _FINE
    if form.redirect_strategy is not RedirectStrategy.WEB_APPLICATION or form.is_public:
        return {"require_pkce": "may be false for a confidential web_application alone"}
    return _FINE


def _public(form: RegistrationForm) -> Reasons:
    if not form.public:
        return _FINE
    if form.grant_type not in REDIRECTING:
        return {"public": UNUSED}
    if form.grant_type is GrantType.ALL and form.redirect_strategy not in MOBILE:
        return {"public": "must be false: the other grants of all need a secret"}
    return _FINE


def _login_fields(form: RegistrationForm) -> Reasons:
    """What belongs to logging people in, which takes redirecting and the scope login."""
    reasons: dict[str, str] = {}
    if form.grant_type in REDIRECTING and LOGIN in form.scopes:
        try:
            validate_redirect_uris(form.post_logout_redirect_uris or ["https://none.invalid/"])
        except ValueError as error:
            reasons["post_logout_redirect_uris"] = str(error)
        return reasons
    if form.post_logout_redirect_uris:
        reasons["post_logout_redirect_uris"] = "takes the scope login and a redirect"
    if form.id_token_signed_response_alg != "RS256":
        reasons["id_token_signed_response_alg"] = "takes the scope login and a redirect"
    return reasons


def _consent(form: RegistrationForm) -> Reasons:
    if form.consent is Consent.REQUIRED:
        return _FINE
    if form.grant_type not in REDIRECTING:
        return {"consent": UNUSED}
    if form.is_public:
        # Whoever answers at its redirect URI has proved nothing (RFC 8252 §8.6).
        return {"consent": "must be required: a public application asks each time"}
    return _FINE


def _introspection(form: RegistrationForm) -> Reasons:
    if form.introspection is Introspection.OWN:
        return _FINE
    authenticated = form.grant_type is GrantType.CLIENT_CERTIFICATE or has_secret(
        form.grant_type, public=form.is_public
    )
    reason = "must be own: an application without a credential cannot introspect"
    return _FINE if authenticated else {"introspection": reason}


def _issuer_audience(form: RegistrationForm) -> Reasons:
    used = form.grant_type is GrantType.CLIENT_CERTIFICATE
    if used or not form.header_accepts_issuer_audience:
        return _FINE
    return {"header_accepts_issuer_audience": UNUSED}


_RULES: tuple[tuple[frozenset[str], Rule], ...] = (
    (frozenset({"grant_type"}), _user),
    (frozenset({"grant_type", "allowed_scopes"}), _scopes),
    (frozenset({"grant_type", "redirect_strategy"}), _redirect_strategy),
    (frozenset({"grant_type", "redirect_strategy", "redirect_uris"}), _redirect_uris),
    (frozenset({"redirect_strategy", "localhost_port"}), _localhost_port),
    (frozenset({"token_lifetime_minutes", "allowed_scopes", "grant_type"}), _never_ending),
    (
        frozenset({"maximum_lifetime_minutes", "life_cycle_type", "token_lifetime_minutes"}),
        _maximum_lifetime,
    ),
    (frozenset({"redirect_strategy", "require_pkce", "public"}), _require_pkce),
    (frozenset({"grant_type", "redirect_strategy", "public"}), _public),
    (
        frozenset(
            {
                "grant_type",
                "allowed_scopes",
                "post_logout_redirect_uris",
                "id_token_signed_response_alg",
            }
        ),
        _login_fields,
    ),
    (frozenset({"grant_type", "redirect_strategy", "public", "consent"}), _consent),
    (frozenset({"grant_type", "redirect_strategy", "introspection"}), _introspection),
    (frozenset({"grant_type", "header_accepts_issuer_audience"}), _issuer_audience),
)
