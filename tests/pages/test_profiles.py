"""What the test plans of the OpenID Foundation ask of a provider, module by module.

Basic OP runs with `response_mode` left out, Form Post OP with `form_post`. Where a module of the
plans asks nothing of ours, its test says why. docs/openid-connect.md lists the same modules.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jwt
import pytest

from chalicelib.oauth.metadata import describe as metadata
from tests.harness import World
from tests.pages.browser import AUTHORIZE, CALLBACK, CHALLENGE, LOGOUT, VERIFIER, add_person
from tests.pages.relying_party import GOODBYE, USERINFO, RelyingParty
from tests.signing import ISSUER

DISCOVERY = "/.well-known/openid-configuration"
PAGE = Path(__file__).parents[2] / "docs" / "openid-connect.md"

MODULES: set[str] = set()


def modules(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The modules of the plans that a test stands for."""

    def named(test: Callable[..., None]) -> Callable[..., None]:
        MODULES.update(f"oidcc-{name}" for name in names)
        return test

    return named


@pytest.fixture(name="deployment", scope="module")
def deployment_fixture() -> World:
    world = World()
    user = add_person(world)
    before = world.stores.users.load(user.user_id)
    assert before is not None
    person = replace(user, version=before.user.version + 1)
    named = replace(
        before, user=person, email="jdoe@example.com", given_name="Jane", family_name="Doe"
    )
    world.stores.users.replace(before, named, world._event("user.updated", user.user_id))
    return world


@pytest.fixture(name="party", params=[None, "form_post"], ids=["basic", "form_post"])
def party_fixture(deployment: World, request: pytest.FixtureRequest) -> RelyingParty:
    return RelyingParty(deployment, request.param)


@pytest.fixture(name="basic")
def basic_fixture(deployment: World) -> RelyingParty:
    return RelyingParty(deployment, None)


# Config OP


@modules("discovery-endpoint-verification", "rp-initiated-logout-discovery-endpoint-verification")
def test_discovery_has_what_the_plans_look_for(deployment: World) -> None:
    reply = deployment.process.call("GET", DISCOVERY)
    document = reply.body
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert document["issuer"] == ISSUER
    assert "code" in document["response_types_supported"]
    assert {"query", "form_post"} <= set(document["response_modes_supported"])
    assert {"authorization_code", "refresh_token"} <= set(document["grant_types_supported"])
    assert set(document["subject_types_supported"]) <= {"public", "pairwise"}
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert {"sub", "name", "email"} <= set(document["claims_supported"])
    methods = set(document["token_endpoint_auth_methods_supported"])
    assert {"client_secret_basic", "client_secret_post"} <= methods
    for name in ("authorization", "token", "userinfo", "end_session"):
        assert document[f"{name}_endpoint"].startswith("https://")
    assert document["jwks_uri"].startswith("https://")
    syntax = re.compile(r"[!#-\[\]-~]+")
    assert all(syntax.fullmatch(scope) for scope in document["scopes_supported"])
    assert "openid" in document["scopes_supported"]


@modules("discovery-endpoint-verification")
def test_the_published_keys_are_public_and_told_apart(basic: RelyingParty) -> None:
    basic.log_in()
    keys = basic.browser.get("/oauth2/server/jwks").body["keys"]
    members = {"RSA": {"n", "e"}, "EC": {"crv", "x", "y"}}
    for key in keys:
        assert set(key) == {"kty", "use", "alg", "kid", *members[key["kty"]]}
        assert key["use"] == "sig"
    kids = [key["kid"] for key in keys]
    assert len(set(kids)) == len(kids)
    assert {key["kty"] for key in keys} == set(members)


# Basic OP and Form Post OP


@modules("server", "idtoken-signature")
def test_a_code_gives_an_id_token_and_userinfo(party: RelyingParty) -> None:
    tokens = party.log_in()
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "RS256"
    assert party.userinfo(tokens).body["sub"] == tokens["claims"]["sub"]


@modules("server-client-secret-post")
def test_the_secret_may_be_in_the_body(party: RelyingParty) -> None:
    answer = party.finish(party.ask())
    pair = {"client_id": party.client.client_id, "client_secret": party.client.secret}
    assert "id_token" in party.exchange(answer["code"], **pair).body


@modules("response-type-missing")
def test_a_response_type_left_out_is_told_to_the_client(party: RelyingParty) -> None:
    assert party.refused(party.ask(response_type=None)) == "invalid_request"


@modules("idtoken-unsigned")
def test_an_unsigned_id_token_is_not_offered() -> None:
    assert metadata(ISSUER)["id_token_signing_alg_values_supported"] == ["RS256", "ES256"]


@modules("userinfo-get", "userinfo-post-header", "userinfo-post-body")
def test_userinfo_is_asked_in_three_ways(deployment: World, basic: RelyingParty) -> None:
    tokens = basic.log_in()
    bearer, process = {"Authorization": f"Bearer {tokens['access_token']}"}, deployment.process
    for reply in (
        process.call("GET", USERINFO, headers=bearer),
        process.call("POST", USERINFO, headers=bearer),
        process.post_form(USERINFO, {"access_token": tokens["access_token"]}),
    ):
        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
        assert reply.body["sub"] == tokens["claims"]["sub"]


@modules("ensure-request-without-nonce-succeeds-for-code-flow")
def test_a_nonce_may_be_left_out(party: RelyingParty) -> None:
    assert "nonce" not in party.log_in(nonce=None)["claims"]


PROFILE = {
    "name": "Jane Doe",
    "given_name": "Jane",
    "family_name": "Doe",
    "preferred_username": "domain\\jdoe",
}
EMAIL = {"email": "jdoe@example.com"}


@modules(
    "scope-profile",
    "scope-email",
    "scope-address",
    "scope-phone",
    "scope-all",
    "ensure-other-scope-order-succeeds",
    "alternate-happy-flow",
)
@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("openid profile", PROFILE),
        ("openid email", EMAIL),
        ("email openid", EMAIL),
        # Discovery does not list `address` and `phone`, for which the plans pass these over.
        ("openid address", {}),
        ("openid phone", {}),
        ("phone email address profile openid", PROFILE | EMAIL),
    ],
)
def test_scopes_give_what_the_directory_knows(
    party: RelyingParty, scope: str, expected: dict[str, str]
) -> None:
    claims = party.userinfo(party.log_in(scope=scope)).body
    assert claims.pop("sub").startswith("usr_")
    assert isinstance(claims.pop("updated_at", 0), int)
    assert claims == expected


@modules(
    "display-page",
    "display-popup",
    "ui-locales",
    "claims-locales",
    "ensure-request-with-acr-values-succeeds",
    "ensure-request-with-unknown-parameter-succeeds",
    "claims-essential",
    "login-hint",
)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("display", "page"),
        ("display", "popup"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
        ("extra", "foobar"),
        ("claims", '{"userinfo":{"name":{"essential":true}}}'),
        ("login_hint", "buffy@login.example.com"),
    ],
)
def test_what_is_not_understood_is_passed_over(party: RelyingParty, name: str, value: str) -> None:
    assert "acr" not in party.log_in(**{name: value})["claims"]


@modules("prompt-login", "max-age-1")
@pytest.mark.parametrize(("name", "value"), [("prompt", "login"), ("max_age", "1")])
def test_the_password_is_asked_for_again(
    deployment: World, party: RelyingParty, name: str, value: str
) -> None:
    first = party.log_in()["claims"]
    deployment.clock.sleep(2)
    second = party.log_in(**{name: value})["claims"]
    assert second["auth_time"] == deployment.clock.now() > first["auth_time"]


@modules("prompt-none-not-logged-in")
def test_nobody_is_logged_in(party: RelyingParty) -> None:
    assert party.refused(party.ask(prompt="none")) == "login_required"


@modules("prompt-none-logged-in", "id-token-hint", "max-age-10000")
@pytest.mark.parametrize("name", ["prompt", "id_token_hint", "max_age"])
def test_who_is_logged_in_is_not_asked_again(
    deployment: World, party: RelyingParty, name: str
) -> None:
    first = party.log_in()
    deployment.clock.sleep(60)
    second = {
        "prompt": {"prompt": "none"},
        "id_token_hint": {"prompt": "none", "id_token_hint": first["id_token"]},
        "max_age": {"max_age": "10000"},
    }
    claims = party.tokens(party.accepted(party.ask(**second[name])))["claims"]
    same = ("sub", "auth_time")
    assert [claims[one] for one in same] == [first["claims"][one] for one in same]


@modules("codereuse", "codereuse-30seconds")
@pytest.mark.parametrize("seconds", [0, 30])
def test_a_code_works_once_and_its_token_ends(
    deployment: World, party: RelyingParty, seconds: int
) -> None:
    answer = party.finish(party.ask())
    tokens = party.tokens(answer)
    deployment.clock.sleep(seconds)
    reply = party.exchange(answer["code"])
    assert (reply.status, reply.body["error"]) == (400, "invalid_grant")
    assert party.userinfo(tokens).status == 401


def unsigned(claims: dict[str, str]) -> str:
    """A request object as the plans make it, by the algorithm `none`."""
    return jwt.encode(claims, "", "none")


@modules("ensure-registered-redirect-uri", "ensure-request-object-with-redirect-uri")
@pytest.mark.parametrize("parameter", ["extra", "request"])
def test_a_redirect_uri_that_is_not_registered_is_a_page(
    party: RelyingParty, parameter: str
) -> None:
    also = {parameter: unsigned(party.request())}
    reply = party.ask(redirect_uri=CALLBACK + "/UIxZ7nNb", **also)
    assert (reply.status, "Location" in reply.headers) == (400, False)
    assert "redirect URI is not registered" in party.browser.page.text
    assert party.browser.page.forms == []


@modules("ensure-post-request-succeeds")
def test_a_request_may_be_posted(party: RelyingParty) -> None:
    answer = party.finish(party.browser.follow(party.browser.post(AUTHORIZE, party.request())))
    assert party.tokens(answer)["claims"]["sub"].startswith("usr_")


@modules("unsigned-request-object-supported-correctly-or-rejected-as-unsupported")
def test_a_request_object_is_refused_in_the_way_it_asks_for(party: RelyingParty) -> None:
    """Outside stands what OpenID Connect Core §6.1 wants there, and nothing else."""
    claims = party.request()
    inside = {"nonce": None, "state": None, "response_mode": None}
    reply = party.ask(**inside, request=unsigned(claims))
    assert party.refused(reply) == "request_not_supported"


# Not for clients that an administrator registers.
@modules("request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
def test_a_request_object_elsewhere_is_not_fetched(party: RelyingParty) -> None:
    uri = "https://client.example/request.jwt"
    assert party.refused(party.ask(request_uri=uri)) == "request_uri_not_supported"


@modules("refresh-token")
def test_a_refresh_token_is_its_clients_own(deployment: World, party: RelyingParty) -> None:
    tokens = party.log_in(scope="openid offline_access", prompt="consent")
    reply = party.refresh(tokens["refresh_token"])
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store")
    assert reply.body["access_token"] != tokens["access_token"]
    assert party.userinfo(reply.body).body["sub"] == tokens["claims"]["sub"]
    second = RelyingParty(deployment, None).client
    stolen = party.refresh(reply.body["refresh_token"], second)
    assert (stolen.status, stolen.body["error"]) == (400, "invalid_grant")
    assert party.refresh(reply.body["refresh_token"]).status == 200


@modules("ensure-request-with-valid-pkce-succeeds")
def test_pkce_may_be_used_all_the_same(party: RelyingParty) -> None:
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    answer = party.finish(party.ask(**pkce))
    assert "id_token" in party.exchange(answer["code"], code_verifier=VERIFIER).body


# RP-Initiated Logout OP


@modules("rp-initiated-logout", "rp-initiated-logout-no-state")
@pytest.mark.parametrize("state", ["s" * 128, None])
def test_a_logout_comes_back(basic: RelyingParty, state: str | None) -> None:
    query = {"post_logout_redirect_uri": GOODBYE} | ({} if state is None else {"state": state})
    reply = basic.browser.get(LOGOUT, id_token_hint=basic.log_in()["id_token"], **query)
    suffix = "" if state is None else f"?state={state}"
    assert (reply.status, reply.headers["Location"]) == (303, GOODBYE + suffix)
    assert not basic.is_logged_in()


@modules(
    "rp-initiated-logout-bad-post-logout-redirect-uri",
    "rp-initiated-logout-query-added-to-post-logout-redirect-uri",
)
@pytest.mark.parametrize("uri", [GOODBYE + "2", GOODBYE + "?foo=bar"])
def test_another_uri_to_come_back_to_is_a_page(basic: RelyingParty, uri: str) -> None:
    hint = basic.log_in()["id_token"]
    reply = basic.browser.get(LOGOUT, id_token_hint=hint, post_logout_redirect_uri=uri, state="s")
    assert (reply.status, "Location" in reply.headers) == (400, False)
    assert basic.is_logged_in()


def forged(id_token: str) -> str:
    """The same claims under somebody else's key."""
    header = jwt.get_unverified_header(id_token)
    claims = jwt.decode(id_token, options={"verify_signature": False})
    return jwt.encode(claims, "k" * 32, "HS256", {"kid": header["kid"]})


@modules(
    "rp-initiated-logout-modified-id-token-hint",
    "rp-initiated-logout-bad-id-token-hint",
    "rp-initiated-logout-no-id-token-hint",
    "rp-initiated-logout-no-params",
    "rp-initiated-logout-only-state",
)
@pytest.mark.parametrize(
    ("hint", "kept"),
    [
        ("modified", ("post_logout_redirect_uri", "state")),
        ("bad", ("post_logout_redirect_uri", "state")),
        (None, ("post_logout_redirect_uri", "state")),
        (None, ()),
        (None, ("state",)),
    ],
)
def test_without_an_id_token_of_ours_it_asks_and_never_comes_back(
    basic: RelyingParty, hint: str | None, kept: tuple[str, ...]
) -> None:
    id_token = basic.log_in()["id_token"]
    hints = {"modified": id_token[:-8] + "AAAAAAAA", "bad": forged(id_token)}
    query = {name: {"state": "s"}.get(name, GOODBYE) for name in kept}
    query |= {} if hint is None else {"id_token_hint": hints[hint]}
    assert basic.browser.get(LOGOUT, **query).status == 200
    assert basic.is_logged_in()
    basic.browser.get(LOGOUT, **query)
    reply = basic.browser.submit()
    assert (reply.status, "Location" in reply.headers) == (200, False)
    assert not basic.is_logged_in()


@modules("rp-initiated-logout-no-post-logout-redirect-uri")
def test_a_logout_that_leads_nowhere_says_that_it_is_done(basic: RelyingParty) -> None:
    reply = basic.browser.get(LOGOUT, id_token_hint=basic.log_in()["id_token"], state="s")
    assert (reply.status, "Location" in reply.headers) == (200, False)
    assert "You are logged out" in basic.browser.page.text
    assert not basic.is_logged_in()


def test_the_page_lists_the_modules_that_are_tried_here() -> None:
    listed = set(re.findall(r"`(oidcc-[a-z0-9-]+)`", PAGE.read_text(encoding="utf-8")))
    assert listed == MODULES
