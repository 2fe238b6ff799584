"""The registration form: what is taken, and the reason of every field that is not."""

from base64 import b64encode
from typing import Any

import pytest

from chalicelib.oauth.model import Consent, Introspection, LifeCycle, LifeCycleType
from chalicelib.oauth.redirect_strategy import TITLE_BAR_REDIRECT_URI
from tests.certificates import der, pem
from tests.registry.registrar import ACTOR, Registrar, form

GRANT_TYPES = (
    "authorization_code", "client_certificate", "client_credentials", "bearer_token", "all",
)  # fmt: skip


@pytest.fixture
def registrar() -> Registrar:
    return Registrar()


@pytest.mark.parametrize("grant_type", GRANT_TYPES)
def test_a_valid_form_of_each_grant_type_is_registered(
    registrar: Registrar, grant_type: str
) -> None:
    registered = registrar.register(form(grant_type))
    application = registered.registration.application
    assert application.grant_type == grant_type
    acting = grant_type in ("client_credentials", "client_certificate", "all")
    assert (application.user_id == registrar.jdoe.user.user_id) is acting
    assert (registered.client_secret is None) is (grant_type == "client_certificate")
    assert (application.certificate is not None) is (grant_type == "client_certificate")


def test_defaults_are_the_safe_ones(registrar: Registrar) -> None:
    application = registrar.register(form()).registration.application
    assert application.life_cycle == LifeCycle(LifeCycleType.ABSOLUTE, 3600)
    assert application.require_pkce
    assert application.consent is Consent.REQUIRED
    assert application.introspection is Introspection.OWN
    assert not application.header_accepts_issuer_audience


def test_a_client_certificate_always_has_exactly_odata_query(registrar: Registrar) -> None:
    values = form("client_certificate", allowed_scopes=["odata_query"])
    application = registrar.register(values).registration.application
    assert application.allowed_scopes == {"odata_query"}
    values = form("client_certificate", name="Other", certificate=pem(), allowed_scopes=["api"])
    assert "odata_query" in registrar.refusals(values)["allowed_scopes"]


def test_unused_fields_may_be_null_or_empty(registrar: Registrar) -> None:
    values = form(
        "bearer_token",
        user_name=None,
        user_domain="",
        website="",
        description=None,
        redirect_strategy=None,
        redirect_uris=[],
        localhost_port=None,
        maximum_lifetime_minutes=None,
        certificate="",
    )
    assert registrar.register(values).registration.website is None


_CODE, _BEARER, _CERTIFICATE = "authorization_code", "bearer_token", "client_certificate"
_LOCALHOST = {"redirect_strategy": "mobile_localhost_port", "redirect_uris": None}
_TITLE_BAR = {"redirect_strategy": "mobile_title_bar_browser", "redirect_uris": None}

WRONG: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    # every field's own rule
    ("all", {"name": ...}, {"name": "is required"}),
    ("all", {"name": None}, {"name": "must be a text"}),
    ("all", {"name": ""}, {"name": "must have at least 1 character"}),
    ("all", {"name": "  "}, {"name": "must not be empty"}),
    ("all", {"name": "x" * 101}, {"name": "must have at most 100 characters"}),
    ("all", {"name": " app_" + "a" * 26}, {"name": "must not look like an id"}),
    ("all", {"name": "USR_" + "1" * 26}, {"name": "must not look like an id"}),
    ("all", {"name": "a\u202eb"}, {"name": "must not hold control or invisible characters"}),
    ("all", {"grant_type": ...}, {"grant_type": "is required"}),
    ("all", {"grant_type": "password"}, {"grant_type": "must be '"}),
    ("all", {"grant_type": ["all"]}, {"grant_type": "must be '"}),
    ("all", {"website": "http://client.example/"}, {"website": "must begin with https://"}),
    ("all", {"website": "javascript:alert(1)"}, {"website": "must begin with https://"}),
    ("all", {"website": 1}, {"website": "must be a text"}),
    ("all", {"description": "x" * 1001}, {"description": "must have at most 1000"}),
    ("all", {"description": "a\x00"}, {"description": "must not hold control"}),
    ("all", {"allowed_scopes": ...}, {"allowed_scopes": "must name at least one scope"}),
    ("all", {"allowed_scopes": []}, {"allowed_scopes": "must name at least one scope"}),
    ("all", {"allowed_scopes": "api"}, {"allowed_scopes": "must be a list"}),
    ("all", {"allowed_scopes": ["API"]}, {"allowed_scopes": "must be 'api'"}),
    ("all", {"allowed_scopes": ["api", "api"]}, {"allowed_scopes": "must not name one value"}),
    ("all", {"token_lifetime_minutes": -1}, {"token_lifetime_minutes": "must be greater than"}),
    ("all", {"token_lifetime_minutes": 5_256_001}, {"token_lifetime_minutes": "must be less"}),
    ("all", {"token_lifetime_minutes": 1.5}, {"token_lifetime_minutes": "must be a whole"}),
    ("all", {"token_lifetime_minutes": "60"}, {"token_lifetime_minutes": "must be a whole"}),
    ("all", {"token_lifetime_minutes": True}, {"token_lifetime_minutes": "must be a whole"}),
    ("all", {"life_cycle_type": "rolling"}, {"life_cycle_type": "must be 'absolute'"}),
    ("all", {"consent": "never"}, {"consent": "must be 'required'"}),
    ("all", {"introspection": "all"}, {"introspection": "must be 'own'"}),
    ("all", {"require_pkce": "no"}, {"require_pkce": "must be true or false"}),
    ("all", {"redirect_strategy": "spa"}, {"redirect_strategy": "must be 'web_application'"}),
    ("all", {"localhost_port": 0}, {"localhost_port": "must be greater"}),
    ("all", {"localhost_port": 65_536}, {"localhost_port": "must be less"}),
    ("all", {"localhost_port": "8080"}, {"localhost_port": "must be a whole number"}),
    (_CERTIFICATE, {"certificate": "nothing!"}, {"certificate": "is neither PEM nor DER"}),
    (_CERTIFICATE, {"certificate": pem(last_day=-0.5)}, {"certificate": "is not valid any more"}),
    (_CERTIFICATE, {"certificate": "x" * 25_000}, {"certificate": "must have at most"}),
    # rules between fields
    ("all", {"user_name": None}, {"user_name": "is required"}),
    ("all", {"user_name": ..., "user_domain": ...},
     {"user_name": "is required", "user_domain": "is required"}),
    ("all", {"user_name": "nobody"}, {"user_name": "names a user who does not exist"}),
    ("all", {"user_domain": "elsewhere"}, {"user_name": "names a user who does not exist"}),
    (_BEARER, {"user_name": "jdoe"}, {"user_name": "is not used by this grant type"}),
    (_CODE, {"user_domain": "domain"}, {"user_domain": "is not used by this grant type"}),
    (_BEARER, {"allowed_scopes": ["admin"]}, {"allowed_scopes": "must not hold admin"}),
    ("all", {"allowed_scopes": ["admin"]}, {"allowed_scopes": "may hold admin for an admin"}),
    ("all", {"redirect_strategy": None}, {"redirect_strategy": "is required"}),
    (_CODE, {"redirect_strategy": ...}, {"redirect_strategy": "is required"}),
    (_BEARER, _TITLE_BAR, {"redirect_strategy": "is not used by this grant type"}),
    (_CODE, {"redirect_uris": ...}, {"redirect_uris": "is required"}),
    (_CODE, {"redirect_uris": []}, {"redirect_uris": "is required"}),
    (_CODE, {"redirect_uris": "https://client.example/"}, {"redirect_uris": "must be a list"}),
    (_BEARER, {"redirect_uris": ["https://c.example/"]}, {"redirect_uris": "is not used by"}),
    ("all", {"redirect_uris": ["https://c.example/"]}, {"redirect_uris": "is used by web"}),
    (_CODE, {**_TITLE_BAR, "redirect_uris": ["https://c.example/"]},
     {"redirect_uris": "is always bz:oauth"}),
    (_CODE, {"localhost_port": 8080}, {"localhost_port": "is used by mobile_localhost_port"}),
    (_CODE, {"token_lifetime_minutes": None}, {"token_lifetime_minutes": "must end for"}),
    (_CODE, {"token_lifetime_minutes": 0}, {"token_lifetime_minutes": "must end for"}),
    (_CODE, {"token_lifetime_minutes": ""}, {"token_lifetime_minutes": "must end for"}),
    ("all", {"maximum_lifetime_minutes": 90}, {"maximum_lifetime_minutes": "is used by the life"}),
    ("all", {"life_cycle_type": "sliding", "maximum_lifetime_minutes": 59},
     {"maximum_lifetime_minutes": "must not be less than"}),
    ("all", {"life_cycle_type": "sliding", "maximum_lifetime_minutes": 0},
     {"maximum_lifetime_minutes": "must be greater"}),
    ("all", {"life_cycle_type": "sliding", "token_lifetime_minutes": None,
             "maximum_lifetime_minutes": 90}, {"maximum_lifetime_minutes": "has no meaning"}),
    (_CODE, {"certificate": pem()}, {"certificate": "is not used by this grant type"}),
    ("all", {"certificate": pem()}, {"certificate": "is not used by this grant type"}),
    ("all", {"require_pkce": False}, {"require_pkce": "may be false for a conf"}),
    (_CODE, {**_TITLE_BAR, "require_pkce": False}, {"require_pkce": "may be false for a conf"}),
    (_BEARER, {"require_pkce": False}, {"require_pkce": "may be false for a conf"}),
    (_BEARER, {"consent": "preapproved"}, {"consent": "is not used by this grant type"}),
    (_BEARER, {"public": True}, {"public": "is not used"}),
    (_CODE, {**_LOCALHOST, "consent": "preapproved"}, {"consent": "must be required"}),
    (_CODE, {"public": True, "consent": "preapproved"}, {"consent": "must be required"}),
    (
        "all",
        {
            "public": True,
            "redirect_strategy": "web_application",
            "redirect_uris": ["https://client.example/"],
        },
        {"public": "must be false"},
    ),
    (_CODE, {"public": True, "require_pkce": False}, {"require_pkce": "may be false for a conf"}),
    (
        _CODE,
        {"post_logout_redirect_uris": ["http://x"], "allowed_scopes": ["login"]},
        {"post_logout_redirect_uris": "URI 1"},
    ),
    (
        _CODE,
        {
            "post_logout_redirect_uris": ["https://x.example/"],
            "id_token_signed_response_alg": "ES256",
            "allowed_scopes": ["api"],
        },
        {"post_logout_redirect_uris": "takes", "id_token_signed_response_alg": "takes"},
    ),
    (_CODE, {"id_token_signed_response_alg": "none"}, {"id_token_signed_response_alg": "must be"}),
    (_CODE, {**_LOCALHOST, "introspection": "any"}, {"introspection": "must be own"}),
    ("all", {"header_accepts_issuer_audience": True},
     {"header_accepts_issuer_audience": "is not used by this grant type"}),
]  # fmt: skip


@pytest.mark.parametrize(("grant_type", "changes", "expected"), WRONG)
def test_a_wrong_field_is_named_with_its_reason(
    registrar: Registrar, grant_type: str, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    reasons = registrar.refusals(form(grant_type, **changes))
    assert set(reasons) == set(expected)
    for name, beginning in expected.items():
        assert reasons[name].startswith(beginning), reasons
    assert registrar.stores.memory.registrations == {}
    assert registrar.stores.memory.files == {}


def test_a_client_certificate_needs_its_certificate(registrar: Registrar) -> None:
    values = form("client_certificate")
    del values["certificate"]
    assert registrar.refusals(values) == {"certificate": "is required"}


def test_every_wrong_field_is_named_at_once(registrar: Registrar) -> None:
    reasons = registrar.refusals(
        {
            "name": "",
            "grant_type": "client_credentials",
            "website": "ftp://client.example",
            "allowed_scopes": [],
            "user_name": "nobody",
            "user_domain": "domain",
            "redirect_strategy": "web_application",
            "token_lifetime_minutes": -5,
            "certificate": pem(),
            "client_id": "app_mine",
        }
    )
    assert set(reasons) == {
        "name", "website", "allowed_scopes", "user_name", "redirect_strategy",
        "token_lifetime_minutes", "certificate", "client_id",
    }  # fmt: skip


@pytest.mark.checklist("54")
@pytest.mark.parametrize(
    "field",
    [
        "client_id", "client_secret", "version", "status", "created_at", "secrets", "warnings",
        "user_id", "token_epoch", "id", "roles", "externalId",
    ],
)  # fmt: skip
def test_a_body_cannot_set_what_the_server_decides(registrar: Registrar, field: str) -> None:
    assert registrar.refusals(form(**{field: "1"})) == {field: "is not a field of this form"}


def test_a_disabled_user_cannot_be_acted_as(registrar: Registrar) -> None:
    registrar.users.disable(registrar.jdoe.user.user_id, ACTOR)
    assert registrar.refusals(form()) == {"user_name": "names a user who is disabled"}


def test_an_administrator_may_be_given_the_scope_admin(registrar: Registrar) -> None:
    values = form(user_name="ADMON", user_domain="Domain", allowed_scopes=["admin"])
    application = registrar.register(values).registration.application
    assert application.user_id == registrar.admon.user.user_id


@pytest.mark.parametrize("empty", [None, 0, ""])
def test_an_empty_lifetime_never_ends(registrar: Registrar, empty: object) -> None:
    values = form(token_lifetime_minutes=empty)
    life_cycle = registrar.register(values).registration.application.life_cycle
    assert life_cycle == LifeCycle(LifeCycleType.ABSOLUTE, None)


@pytest.mark.parametrize(
    ("changes", "maximum_minutes"),
    [
        ({}, 90 * 24 * 60),
        ({"token_lifetime_minutes": 200_000}, 200_000),
        ({"maximum_lifetime_minutes": None}, None),
        ({"maximum_lifetime_minutes": 60}, 60),
        ({"maximum_lifetime_minutes": 5_256_000}, 5_256_000),
    ],
)
def test_a_sliding_life_has_a_maximum(
    registrar: Registrar, changes: dict[str, Any], maximum_minutes: int | None
) -> None:
    values = form(life_cycle_type="sliding", **changes)
    life_cycle = registrar.register(values).registration.application.life_cycle
    expected = None if maximum_minutes is None else maximum_minutes * 60
    assert life_cycle.maximum_seconds == expected


def test_redirects_are_kept_as_their_strategy_asks(registrar: Registrar) -> None:
    for strategy, values, kept in (
        ("web_application", {}, ("https://client.example/callback",)),
        ("mobile_title_bar_browser", {"redirect_uris": None}, (TITLE_BAR_REDIRECT_URI,)),
        (
            "mobile_title_bar_browser",
            {"redirect_uris": [TITLE_BAR_REDIRECT_URI], "name": "B"},
            (TITLE_BAR_REDIRECT_URI,),
        ),
        ("mobile_localhost_port", {"redirect_uris": None, "localhost_port": 8080}, ()),
    ):
        changes = {"name": f"{strategy}", "redirect_strategy": strategy, **values}
        registered = registrar.register(form("authorization_code", **changes))
        assert registered.registration.redirect_uris == kept
        web = strategy == "web_application"
        assert (registered.client_secret is not None) is web, "a mobile one keeps no secret"


def test_der_in_base64_is_taken(registrar: Registrar) -> None:
    content = der()
    values = form("client_certificate", certificate=b64encode(content).decode())
    registrar.register(values)
    assert list(registrar.stores.memory.files.values()) == [content]
