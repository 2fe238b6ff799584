"""What a person's authorization request may ask, and what is left of it later."""

import pytest

from chalicelib.oauth.authorization_endpoint import (
    AuthorizationEndpoint,
    NeedsConsent,
    NeedsLogin,
    Person,
)
from chalicelib.oauth.authorization_errors import AuthorizationRefused
from chalicelib.oauth.authorization_request import validate_request, validate_target
from chalicelib.oauth.model import Consent, GrantType, User
from chalicelib.oauth.tokens import TokenKind, mint, parse
from tests.endpoints.test_people import assert_refused, client, user, world
from tests.harness import Client, World
from tests.people import authorization, code_for, exchange, refresh, web_client
from tests.signing import ISSUER

__all__ = ["client", "user", "world"]


def test_unknown_scopes_beside_openid_are_passed_over(
    world: World, user: User, client: Client
) -> None:
    reply = exchange(world, client, code_for(world, client, user, scope="openid address phone"))
    assert reply.body["scope"] == "openid"
    assert reply.headers["Pragma"] == "no-cache"
    with pytest.raises(AuthorizationRefused, match="unknown"):
        code_for(world, client, user, scope="api address")


def test_a_refresh_passes_over_what_the_login_passed_over(
    world: World, user: User, client: Client
) -> None:
    asked = "openid address offline_access"
    tokens = exchange(world, client, code_for(world, client, user, scope=asked)).body
    reply = refresh(world, client, tokens["refresh_token"], scope=asked)
    assert reply.body["scope"] == "openid offline_access"
    again = reply.body["refresh_token"]
    assert_refused(refresh(world, client, again, scope="address"), "invalid_scope")
    assert_refused(refresh(world, client, again, scope=f"{asked} api"), "invalid_scope")


def test_a_maximum_age_of_zero_asks_for_the_login_at_once(
    world: World, user: User, client: Client
) -> None:
    endpoint = AuthorizationEndpoint(world.stores.grants, world.clock, ISSUER)
    person = Person(user, "session-1", world.clock.now(), user.token_epoch)
    for max_age, expected in (("0", NeedsLogin), ("1", NeedsConsent)):
        parameters = authorization(client, max_age=max_age)
        request = validate_request(validate_target(client.application, parameters), parameters)
        assert isinstance(endpoint.proceed(request, person, frozenset()), expected)


@pytest.mark.checklist("44")
def test_an_application_that_logs_nobody_in_any_more_gets_nothing(
    world: World, user: User, client: Client
) -> None:
    code = code_for(world, client, user)
    tokens = exchange(world, client, code_for(world, client, user)).body
    world.change(client, grant_type=GrantType.CLIENT_CREDENTIALS)
    assert_refused(exchange(world, client, code))
    assert_refused(refresh(world, client, tokens["refresh_token"]))


@pytest.mark.checklist("17")
def test_a_public_application_asks_each_time_whatever_was_agreed(world: World, user: User) -> None:
    client = web_client(world, public=True, consent=Consent.PREAPPROVED)
    endpoint = AuthorizationEndpoint(world.stores.grants, world.clock, ISSUER)
    person = Person(user, "session-1", world.clock.now(), user.token_epoch)
    parameters = authorization(client)
    request = validate_request(validate_target(client.application, parameters), parameters)
    assert isinstance(endpoint.proceed(request, person, request.scopes), NeedsConsent)


@pytest.mark.checklist("19")
def test_a_used_code_without_its_verifier_kills_nothing(
    world: World, user: User, client: Client
) -> None:
    code = code_for(world, client, user)
    reply = exchange(world, client, code)
    assert_refused(exchange(world, client, code, code_verifier="w" * 43))
    assert world.process.whoami(reply.token).status == 200


@pytest.mark.checklist("22")
def test_a_machines_grant_is_nobodys_code(world: World, user: User) -> None:
    """A signed JWT's `jti` names its grant: nothing that claims to be a code of it is one."""
    client = web_client(world, grant_type=GrantType.ALL, user_id=user.user_id)
    for token in (world.process.get_token(client).token, client.secret):
        parsed = parse(token)
        subject = parsed.subject or user.user_id
        for kind, family in ((TokenKind.CODE, None), (TokenKind.REFRESH, "A" * 22)):
            forged = mint(
                kind, client.client_id, subject, parsed.grant_id, bytes(32), family=family
            )
            present = exchange if kind is TokenKind.CODE else refresh
            assert_refused(present(world, client, forged))
        assert world.process.whoami(token).status == 200
