"""Codes exchanged and tokens refreshed, through the whole handler."""

from dataclasses import replace

import jwt
import pytest

from chalicelib.directory.sessions import Sessions
from chalicelib.oauth.model import (
    LifeCycle,
    LifeCycleType,
    RedirectStrategy,
    Status,
    User,
)
from chalicelib.oauth.tokens import TokenKind, mint, parse
from tests.harness import START, Client, Reply, World
from tests.people import code_for, exchange, refresh, web_client
from tests.signing import ISSUER


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def user(world: World) -> User:
    return world.add_user()


@pytest.fixture
def client(world: World) -> Client:
    return web_client(world)


def assert_refused(reply: Reply, error: str = "invalid_grant") -> None:
    assert (reply.status, reply.body["error"]) == (401 if error == "invalid_client" else 400, error)


def test_a_code_gives_tokens_that_act_as_the_person(
    world: World, user: User, client: Client
) -> None:
    reply = exchange(world, client, code_for(world, client, user))
    assert reply.status == 200
    assert reply.body["scope"] == "api openid profile offline_access"
    assert reply.body["expires_in"] == 3600
    who = world.process.whoami(reply.token).body
    assert (who["user_name"], who["grant"]) == ("jdoe", "authorization_code")


def test_the_id_token_says_who_logged_in(world: World, user: User, client: Client) -> None:
    reply = exchange(world, client, code_for(world, client, user))
    jwks = world.process.call("GET", "/oauth2/server/jwks").body
    header = jwt.get_unverified_header(reply.body["id_token"])
    key = next(jwt.PyJWK(each) for each in jwks["keys"] if each["kid"] == header["kid"])
    claims = jwt.decode(
        reply.body["id_token"],
        key,
        algorithms=["RS256"],
        audience=client.client_id,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["sub"] == user.user_id
    assert (claims["nonce"], claims["auth_time"]) == ("nonce-1", START)


def test_userinfo_tells_what_the_scopes_allow(world: World, user: User, client: Client) -> None:
    token = exchange(world, client, code_for(world, client, user)).token
    bearer = {"Authorization": f"Bearer {token}"}
    for method in ("GET", "POST"):
        reply = world.process.call(method, "/oauth2/server/userinfo", headers=bearer)
        assert reply.status == 200
        assert reply.body["sub"] == user.user_id
        assert "email" not in reply.body
    form = world.process.post_form("/oauth2/server/userinfo", {"access_token": token})
    assert form.body["sub"] == user.user_id
    none = world.process.call("GET", "/oauth2/server/userinfo")
    assert (none.status, none.body["error_description"]) == (401, "No access token was sent.")
    assert "error" not in str(none.headers["WWW-Authenticate"])
    both = world.process.post_form("/oauth2/server/userinfo", {"access_token": token}, bearer)
    assert (both.status, both.body["error"]) == (400, "invalid_request")


def test_userinfo_takes_the_scope_openid(world: World, user: User, client: Client) -> None:
    token = exchange(world, client, code_for(world, client, user, scope="api")).token
    bearer = {"Authorization": f"Bearer {token}"}
    reply = world.process.call("GET", "/oauth2/server/userinfo", headers=bearer)
    assert (reply.status, reply.body["error"]) == (403, "insufficient_scope")


@pytest.mark.checklist("48")
def test_an_id_token_is_no_access_token(world: World, user: User, client: Client) -> None:
    reply = exchange(world, client, code_for(world, client, user))
    assert world.process.whoami(reply.body["id_token"]).status == 401


def test_without_offline_access_there_is_no_refresh_token(
    world: World, user: User, client: Client
) -> None:
    reply = exchange(world, client, code_for(world, client, user, scope="openid"))
    assert "refresh_token" not in reply.body
    assert "id_token" in reply.body


# Codes


@pytest.mark.checklist("19")
def test_a_replayed_code_revokes_its_tokens(world: World, user: User, client: Client) -> None:
    code = code_for(world, client, user)
    reply = exchange(world, client, code)
    assert_refused(exchange(world, client, code))
    assert world.process.whoami(reply.token).status == 401
    assert_refused(refresh(world, client, reply.body["refresh_token"]))


@pytest.mark.checklist("20")
def test_a_code_lives_for_a_minute(world: World, user: User, client: Client) -> None:
    first, second = (code_for(world, client, user) for _ in range(2))
    world.clock.sleep(59)
    assert exchange(world, client, first).status == 200
    world.clock.sleep(1)
    assert_refused(exchange(world, client, second))


@pytest.mark.checklist("21")
def test_another_clients_code_or_another_redirect_uri_is_refused(
    world: World, user: User, client: Client
) -> None:
    other = web_client(world)
    code = code_for(world, client, user)
    assert_refused(exchange(world, other, code))
    assert_refused(exchange(world, client, code, redirect_uri="https://client.example/other"))
    assert_refused(exchange(world, client, code, redirect_uri=None))
    assert exchange(world, client, code).status == 200


@pytest.mark.checklist("7")
@pytest.mark.parametrize("verifier", [None, "w" * 43, "v" * 42, "v" * 129, "\u00e9" * 43])
def test_a_wrong_verifier_is_refused_and_uses_nothing_up(
    world: World, user: User, client: Client, verifier: str | None
) -> None:
    code = code_for(world, client, user)
    assert_refused(exchange(world, client, code, code_verifier=verifier))
    assert exchange(world, client, code).status == 200


@pytest.mark.checklist("7")
def test_a_verifier_without_a_challenge_is_refused(world: World, user: User) -> None:
    client = web_client(world, require_pkce=False)
    code = code_for(world, client, user, code_challenge=None, code_challenge_method=None)
    assert_refused(exchange(world, client, code))
    assert exchange(world, client, code, code_verifier=None).status == 200


@pytest.mark.checklist("22")
def test_another_kind_of_token_is_no_code(world: World, user: User, client: Client) -> None:
    code = code_for(world, client, user)
    parsed = parse(code)
    for kind in (TokenKind.ACCESS, TokenKind.SECRET):
        forged = mint(kind, parsed.client_id, parsed.subject, parsed.grant_id, bytes(32))
        assert_refused(exchange(world, client, forged))
    reply = exchange(world, client, code)
    machine = world.process.get_token(world.add_client(user_id=user.user_id)).token
    _, session = Sessions(world.stores.sessions, world.clock).log_in(user, "192.0.2.1", "")
    others = (reply.body["id_token"], machine, session, parsed.grant_id, client.secret, "x")
    for value in (reply.token, reply.body["refresh_token"], *others):
        assert_refused(exchange(world, client, value))
    for value in (code, reply.token, *others):
        assert_refused(refresh(world, client, value))
    for value in (session, parsed.grant_id, code, reply.body["refresh_token"]):
        assert world.process.whoami(value).status == 401
    assert world.process.whoami(reply.token).status == 200


@pytest.mark.checklist("44")
def test_a_confidential_client_proves_itself(world: World, user: User, client: Client) -> None:
    code = code_for(world, client, user)
    assert_refused(exchange(world, replace(client, secret="wrong"), code), "invalid_client")
    nameless = replace(client, application=replace(client.application, public=True))
    assert_refused(exchange(world, nameless, code), "invalid_client")
    tokens = exchange(world, client, code).body
    assert_refused(refresh(world, nameless, tokens["refresh_token"]), "invalid_client")
    assert refresh(world, client, tokens["refresh_token"]).status == 200


def test_a_public_client_proves_itself_by_pkce(world: World, user: User) -> None:
    client = web_client(world, public=True)
    reply = exchange(world, client, code_for(world, client, user))
    assert refresh(world, client, reply.body["refresh_token"]).status == 200


@pytest.mark.checklist("50")
@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("user disabled", "invalid_grant"),
        ("password changed", "invalid_grant"),
        ("application disabled", "invalid_client"),
        ("tokens of the application revoked", "invalid_grant"),
    ],
)
def test_codes_and_tokens_end_with_whoever_they_act_for(
    world: World, user: User, client: Client, what: str, error: str
) -> None:
    """Each by what is written of it alone: a disabled one's epoch is not what refuses it."""
    code = code_for(world, client, user)
    reply = exchange(world, client, code_for(world, client, user))
    if what == "user disabled":
        world.change_user(user, status=Status.DISABLED)
    elif what == "password changed":
        world.change_user(user, token_epoch=1)
    elif what == "application disabled":
        world.change(client, status=Status.DISABLED)
    else:
        world.change(client, token_epoch=1)
    assert_refused(exchange(world, client, code), error)
    assert_refused(refresh(world, client, reply.body["refresh_token"]), error)
    assert world.process.whoami(reply.token).status == 401


@pytest.mark.checklist("49")
def test_a_person_brings_no_more_than_their_own_rights(world: World, user: User) -> None:
    scopes = frozenset({"api", "user_sync", "admin"})
    client = web_client(world, allowed_scopes=scopes)
    asked = "api user_sync admin"
    assert (
        exchange(world, client, code_for(world, client, user, scope=asked)).body["scope"] == "api"
    )
    admin = world.add_user("admon", "administrator")
    reply = exchange(world, client, code_for(world, client, admin, scope=asked))
    assert reply.body["scope"] == "api user_sync admin"
    world.change_user(admin, roles=frozenset())
    assert world.process.whoami(reply.token).body["scope"] == "api"


# Refresh


def test_a_refresh_token_rotates(world: World, user: User, client: Client) -> None:
    first = exchange(world, client, code_for(world, client, user)).body
    second = refresh(world, client, first["refresh_token"]).body
    assert second["refresh_token"] != first["refresh_token"]
    third = refresh(world, client, second["refresh_token"]).body
    for tokens in (first, second, third):
        assert world.process.whoami(tokens["access_token"]).status == 200


@pytest.mark.checklist("43")
def test_within_a_minute_a_refresh_gives_the_same_answer(
    world: World, user: User, client: Client
) -> None:
    first = exchange(world, client, code_for(world, client, user)).body
    answer = refresh(world, client, first["refresh_token"]).body
    before = world.database.snapshot()
    for _ in range(3):
        again = refresh(world, client, first["refresh_token"]).body
        assert again == answer
    assert world.database.snapshot() == before
    world.clock.sleep(60)
    later = refresh(world, client, first["refresh_token"]).body
    assert later["refresh_token"] == answer["refresh_token"]


@pytest.mark.checklist("43", "44")
def test_a_repeated_refresh_never_widens_and_says_the_scope_of_its_first_answer(
    world: World, user: User, client: Client
) -> None:
    code = code_for(world, client, user, scope="openid profile offline_access")
    first = exchange(world, client, code).body["refresh_token"]
    answer = refresh(world, client, first, scope="openid").body
    before = world.database.snapshot()
    assert_refused(refresh(world, client, first, scope="openid api"), "invalid_scope")
    assert refresh(world, client, first, scope="openid").body == answer
    assert refresh(world, client, first, scope="profile").body == answer
    assert refresh(world, client, first).body["scope"] == "openid"
    assert world.database.snapshot() == before


@pytest.mark.checklist("43")
def test_after_the_minute_a_replayed_refresh_token_kills_the_grant(
    world: World, user: User, client: Client
) -> None:
    first = exchange(world, client, code_for(world, client, user)).body
    second = refresh(world, client, first["refresh_token"]).body
    world.clock.sleep(61)
    assert_refused(refresh(world, client, first["refresh_token"]))
    assert_refused(refresh(world, client, second["refresh_token"]))
    assert world.process.whoami(second["access_token"]).status == 401


@pytest.mark.checklist("43")
def test_any_older_token_of_the_family_kills_the_grant(
    world: World, user: User, client: Client
) -> None:
    first = exchange(world, client, code_for(world, client, user)).body
    second = refresh(world, client, first["refresh_token"]).body
    third = refresh(world, client, second["refresh_token"]).body
    assert_refused(refresh(world, client, first["refresh_token"]))
    assert world.process.whoami(third["access_token"]).status == 401


def test_a_forged_refresh_token_kills_nothing(world: World, user: User, client: Client) -> None:
    tokens = exchange(world, client, code_for(world, client, user)).body
    parsed = parse(tokens["refresh_token"])
    forged = mint(
        TokenKind.REFRESH,
        parsed.client_id,
        parsed.subject,
        parsed.grant_id,
        bytes(32),
        family="A" * 22,
    )
    assert_refused(refresh(world, client, forged))
    assert refresh(world, client, tokens["refresh_token"]).status == 200


@pytest.mark.checklist("44")
def test_a_refresh_never_widens_and_keeps_its_client(
    world: World, user: User, client: Client
) -> None:
    tokens = exchange(
        world, client, code_for(world, client, user, scope="openid offline_access")
    ).body
    wider = refresh(world, client, tokens["refresh_token"], scope="openid api")
    assert_refused(wider, "invalid_scope")
    assert_refused(refresh(world, web_client(world), tokens["refresh_token"]))
    wrong = replace(client, secret="wrong")
    assert_refused(refresh(world, wrong, tokens["refresh_token"]), "invalid_client")
    narrowed = refresh(world, client, tokens["refresh_token"], scope="openid").body
    assert narrowed["scope"] == "openid"
    assert world.process.whoami(narrowed["access_token"]).body["scope"] == "openid"
    assert (
        refresh(world, client, narrowed["refresh_token"]).body["scope"] == "openid offline_access"
    )


def test_a_fifth_access_token_puts_out_the_one_that_ends_soonest(
    world: World, user: User, client: Client
) -> None:
    tokens = [exchange(world, client, code_for(world, client, user)).body]
    for _ in range(4):
        world.clock.sleep(1)
        tokens.append(refresh(world, client, tokens[-1]["refresh_token"]).body)
    statuses = [world.process.whoami(each["access_token"]).status for each in tokens]
    assert statuses == [401, 200, 200, 200, 200]


def test_a_refresh_token_has_its_own_maximum(world: World, user: User) -> None:
    client = web_client(world, life_cycle=LifeCycle(LifeCycleType.SLIDING, 600, 3600))
    tokens = exchange(world, client, code_for(world, client, user)).body
    world.clock.sleep(3000)
    tokens = refresh(world, client, tokens["refresh_token"]).body
    assert tokens["expires_in"] == 600
    world.clock.sleep(590)
    tokens = refresh(world, client, tokens["refresh_token"]).body
    assert tokens["expires_in"] == 10
    world.clock.sleep(10)
    assert_refused(refresh(world, client, tokens["refresh_token"]))


@pytest.mark.checklist("45")
def test_revoking_any_token_of_a_grant_ends_all_of_it(
    world: World, user: User, client: Client
) -> None:
    for name in ("access_token", "refresh_token"):
        first = exchange(world, client, code_for(world, client, user)).body
        second = refresh(world, client, first["refresh_token"]).body
        assert world.process.revoke(first[name], client).status == 200
        assert_refused(refresh(world, client, second["refresh_token"]))
        assert world.process.whoami(second["access_token"]).status == 401


def test_a_mobile_application_needs_no_secret_and_always_pkce(world: World, user: User) -> None:
    strategy = RedirectStrategy.MOBILE_LOCALHOST_PORT
    client = web_client(world, redirect_strategy=strategy, public=True)
    uri = "http://127.0.0.1:5123/"
    code = code_for(world, client, user, redirect_uri=uri)
    assert_refused(exchange(world, client, code, redirect_uri="http://127.0.0.1:5124/"))
    assert exchange(world, client, code, redirect_uri=uri).status == 200
