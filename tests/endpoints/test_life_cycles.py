"""How tokens end, through the whole handler and with expired rows still in the table."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.oauth.model import (
    GrantType,
    Introspection,
    LifeCycle,
    LifeCycleType,
    Status,
)
from chalicelib.oauth.tokens import TokenKind, mint, parse
from tests.faults.dynamodb import failure
from tests.harness import START, Client, World

SLIDING = LifeCycle(LifeCycleType.SLIDING, 600, 3600)
NEVER = LifeCycle(LifeCycleType.ABSOLUTE, None)
DAY = 86_400


@pytest.fixture
def world() -> World:
    return World()


def sliding(world: World, **fields: Any) -> Client:
    return world.add_client(GrantType.BEARER_TOKEN, life_cycle=SLIDING, **fields)


def grant_item(world: World, token: str) -> Any:
    parsed = parse(token)
    return world.tokens().get(f"grant#{parsed.client_id}#{parsed.grant_id}")


def test_an_absolute_token_ends_on_time_however_often_it_is_used(world: World) -> None:
    token = world.process.get_token(world.add_client(GrantType.BEARER_TOKEN)).token
    for _ in range(36):
        assert world.process.whoami(token).status == 200
        world.clock.sleep(100)
    assert world.process.whoami(token).status == 401


@pytest.mark.checklist("39")
def test_an_expired_row_that_waits_for_deletion_is_inactive_everywhere(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    token = world.process.get_token(client).token
    world.clock.sleep(3600)
    assert grant_item(world, token) is not None
    assert world.process.whoami(token).status == 401
    assert world.process.introspect(token, client).body == {"active": False}


def test_a_sliding_token_lives_while_it_is_used(world: World) -> None:
    token = world.process.get_token(sliding(world)).token
    for _ in range(5):
        world.clock.sleep(500)
        assert world.process.whoami(token).body["expires_at"] == world.clock.now() + 600
    world.clock.sleep(600)
    assert world.process.whoami(token).status == 401


@pytest.mark.checklist("40")
def test_a_sliding_token_in_constant_use_dies_at_its_maximum(world: World) -> None:
    token = world.process.get_token(sliding(world)).token
    while world.process.whoami(token).status == 200:
        world.clock.sleep(60)
    assert START + 3600 - 10 <= world.clock.now() <= START + 3600 + 60


def test_a_sliding_bearer_secret_moves_and_ends_the_same_way(world: World) -> None:
    client = sliding(world)
    for _ in range(7):
        assert world.process.whoami(client.secret).status == 200
        world.clock.sleep(500)
    assert world.process.whoami(client.secret).status == 200
    world.clock.sleep(100)
    assert world.process.whoami(client.secret).status == 401


def test_a_use_within_the_step_writes_nothing(world: World) -> None:
    token = world.process.get_token(sliding(world)).token
    before = grant_item(world, token)
    world.clock.sleep(9)
    assert world.process.whoami(token).status == 200
    assert grant_item(world, token) is before
    world.clock.sleep(1)
    assert world.process.whoami(token).status == 200
    assert grant_item(world, token) is not before


def test_the_ttl_attribute_follows_the_last_end_by_a_day(world: World) -> None:
    token = world.process.get_token(sliding(world)).token
    assert grant_item(world, token)["expires_at"] == {"N": str(START + 600 + DAY)}
    world.clock.sleep(100)
    world.process.whoami(token)
    assert grant_item(world, token)["expires_at"] == {"N": str(START + 700 + DAY)}


@pytest.mark.checklist("42")
def test_a_never_ending_token_has_no_ttl_until_it_is_revoked(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN, life_cycle=NEVER)
    token = world.process.get_token(client).token
    assert "expires_at" not in grant_item(world, token)
    world.process.revoke(token, client)
    assert grant_item(world, token)["expires_at"] == {"N": str(START + DAY)}
    assert world.process.whoami(token).status == 401


def test_the_life_cycle_is_fixed_at_issue(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    token = world.process.get_token(client).token
    world.change(client, life_cycle=NEVER)
    world.clock.sleep(3600)
    assert world.process.whoami(token).status == 401
    assert "expires_in" not in world.process.get_token(client).body


@pytest.mark.checklist("41")
@pytest.mark.parametrize("end", ["absent", "revoked", "expired"])
def test_a_dead_sliding_token_is_refused_and_no_row_is_created(world: World, end: str) -> None:
    client = sliding(world)
    token = world.process.get_token(client).token
    world.clock.sleep(100)
    if end == "absent":
        world.database.restore({**world.database.snapshot(), "grantline-tokens": {}})
    elif end == "revoked":
        world.process.revoke(token, client)
    else:
        world.clock.sleep(500)
    before = dict(world.tokens())
    assert world.process.whoami(token).status == 401
    assert dict(world.tokens()) == before


def test_an_extension_lost_to_throttling_does_not_fail_a_valid_request(world: World) -> None:
    token = world.process.get_token(sliding(world)).token
    world.clock.sleep(100)
    send = world.database.send

    def throttle_updates(operation: str, arguments: Any) -> Any:
        if operation == "UpdateItem":
            raise failure(operation, "ThrottlingException", "slow down")
        return send(operation, arguments)

    world.database.send = throttle_updates  # type: ignore[method-assign] # a fault, not a mock
    who = world.process.whoami(token)
    assert (who.status, who.body["expires_at"]) == (200, START + 600)


def test_a_deleted_row_is_gone_for_good(world: World) -> None:
    client = sliding(world)
    token = world.process.get_token(client).token
    world.clock.sleep(600 + DAY + 1)
    assert world.database.delete_expired(world.clock.now()) >= 1
    assert grant_item(world, token) is None
    assert world.process.whoami(token).status == 401


# Rights as they are now


@pytest.mark.checklist("50")
def test_disabling_an_application_kills_its_tokens_for_good(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    token = world.process.get_token(client).token
    world.change(client, status=Status.DISABLED, token_epoch=1)
    assert world.process.whoami(token).status == 401
    world.change(client, status=Status.ENABLED)
    assert world.process.whoami(token).status == 401
    assert world.process.whoami(world.process.get_token(client).token).status == 200


@pytest.mark.checklist("50")
def test_disabling_a_user_kills_what_acts_as_that_user(world: World) -> None:
    user = world.add_user()
    client = world.add_client(GrantType.ALL, user_id=user.user_id)
    token = world.process.get_token(client).token
    world.change_user(user, status=Status.DISABLED, token_epoch=1)
    assert world.process.whoami(token).status == 401
    assert world.process.whoami(client.secret).status == 401
    world.change_user(replace(user, version=2), status=Status.ENABLED)
    assert world.process.whoami(token).status == 401
    assert world.process.whoami(client.secret).status == 200


@pytest.mark.checklist("49")
def test_rights_are_those_of_this_moment(world: World) -> None:
    admin = world.add_user("admon", "administrator")
    scopes = frozenset({"api", "rpa", "admin"})
    client = world.add_client(user_id=admin.user_id, allowed_scopes=scopes)
    token = world.process.get_token(client).token
    assert world.process.whoami(token).body["scope"] == "api rpa admin"
    world.change_user(admin, roles=frozenset())
    assert world.process.whoami(token).body["scope"] == "api rpa"
    world.change(client, allowed_scopes=frozenset({"api"}))
    assert world.process.whoami(token).body["scope"] == "api"


@pytest.mark.checklist("50")
def test_a_changed_epoch_ends_everything_before_it(world: World) -> None:
    user = world.add_user()
    client = world.add_client(user_id=user.user_id)
    first = world.process.get_token(client).token
    world.change_user(user, token_epoch=1)
    second = world.process.get_token(client).token
    assert world.process.whoami(first).status == 401
    assert world.process.whoami(second).status == 200
    world.change(client, token_epoch=1)
    assert world.process.whoami(second).status == 401


# Kinds and claims


@pytest.mark.checklist("22", "48")
def test_another_kind_of_token_is_refused(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    token = world.process.get_token(client).token
    parsed, secret = parse(token), bytes(32)
    for kind in TokenKind:
        family = "A" * 22 if kind is TokenKind.REFRESH else None
        forged = mint(
            kind, parsed.client_id, parsed.subject, parsed.grant_id, secret, family=family
        )
        assert world.process.whoami(forged).status == 401
        assert world.process.whoami(token.replace("gla_", f"{kind.value}_")).status in (200, 401)
    assert world.process.whoami(parsed.grant_id).status == 401
    assert world.process.whoami(client.client_id).status == 401


def test_a_token_that_claims_another_subject_is_refused(world: World) -> None:
    user, other = world.add_user("a"), world.add_user("b")
    client = world.add_client(user_id=user.user_id)
    token = world.process.get_token(client).token
    swapped = token.replace(user.user_id[4:], other.user_id[4:])
    assert world.process.whoami(swapped).status == 401


# Introspection


def test_an_application_sees_its_own_token(world: World) -> None:
    user = world.add_user()
    client = world.add_client(user_id=user.user_id)
    token = world.process.get_token(client).token
    assert world.process.introspect(token, client).body == {
        "active": True,
        "scope": "api odata_query",
        "client_id": client.client_id,
        "token_type": "Bearer",
        "iat": START,
        "exp": START + 3600,
        "iss": world.settings.issuer,
        "sub": user.user_id,
        "username": "domain\\jdoe",
        "user_name": "jdoe",
        "user_domain": "domain",
    }


@pytest.mark.checklist("47")
def test_anothers_token_is_merely_inactive(world: World) -> None:
    client, other = (world.add_client(GrantType.BEARER_TOKEN) for _ in range(2))
    token = world.process.get_token(client).token
    assert world.process.introspect(token, other).body == {"active": False}
    assert world.process.introspect(client.secret, other).body == {"active": False}
    assert world.process.introspect("nonsense", client).body == {"active": False}


def test_a_resource_server_sees_everybodys_token(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    server = world.add_client(GrantType.BEARER_TOKEN, introspection=Introspection.ANY)
    for value in (world.process.get_token(client).token, client.secret):
        body = world.process.introspect(value, server).body
        assert (body["active"], body["client_id"]) == (True, client.client_id)
        assert body["sub"] == client.client_id


def test_a_resource_servers_question_is_a_use_and_ones_own_is_not(world: World) -> None:
    client = sliding(world, introspection=Introspection.ANY)
    server = world.add_client(GrantType.BEARER_TOKEN, introspection=Introspection.ANY)
    token = world.process.get_token(client).token
    world.clock.sleep(300)
    assert world.process.introspect(token, client).body["exp"] == START + 600
    assert world.process.introspect(token, server).body["exp"] == START + 900
    assert world.process.whoami(token).body["expires_at"] == START + 900


@pytest.mark.parametrize("path", ["introspect", "revoke"])
def test_asking_takes_client_authentication_and_a_token(world: World, path: str) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    url = f"/oauth2/server/{path}"
    assert world.process.post_form(url, {"token": "x"}).status == 401
    wrong = replace(client, secret="x")
    assert world.process.post_form(url, {"token": "x"}, wrong.basic).status == 401
    assert world.process.post_form(url, {}, client.basic).body["error"] == "invalid_request"


# Revocation


@pytest.mark.checklist("47")
def test_revoking_anothers_token_has_no_effect(world: World) -> None:
    client, other = (world.add_client(GrantType.BEARER_TOKEN) for _ in range(2))
    token = world.process.get_token(client).token
    assert world.process.revoke(token, other).status == 200
    assert world.process.revoke("nonsense", other).status == 200
    assert world.process.whoami(token).status == 200


def test_a_forged_token_of_ones_own_grant_revokes_nothing(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    token = world.process.get_token(client).token
    parsed = parse(token)
    forged = mint(TokenKind.ACCESS, parsed.client_id, parsed.subject, parsed.grant_id, bytes(32))
    assert world.process.revoke(forged, client).status == 200
    assert world.process.whoami(token).status == 200


def test_revoking_twice_is_fine(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    token = world.process.get_token(client).token
    for _ in range(2):
        reply = world.process.revoke(token, client)
        assert (reply.status, reply.body) == (200, {})
    assert world.process.whoami(token).status == 401


@pytest.mark.checklist("46")
def test_a_revocation_that_storage_does_not_confirm_is_a_503(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    token = world.process.get_token(client).token
    send = world.database.send

    def fail_updates(operation: str, arguments: Any) -> Any:
        if operation == "UpdateItem":
            raise ClientError({"Error": {"Code": "InternalServerError"}}, operation)
        return send(operation, arguments)

    world.database.send = fail_updates  # type: ignore[method-assign] # a fault, not a mock
    reply = world.process.revoke(token, client)
    assert (reply.status, reply.body["error"]) == (503, "temporarily_unavailable")
    assert int(reply.headers["Retry-After"]) > 0


# Leases


@pytest.mark.checklist("45")
def test_a_revocation_answers_only_when_no_process_serves_the_token() -> None:
    world = World(lease_seconds=1.0)
    client = world.add_client(GrantType.BEARER_TOKEN)
    token = world.process.get_token(client).token
    other = world.open_process()
    assert other.whoami(token).status == 200
    started = world.clock.wall()
    assert world.process.revoke(token, client).status == 200
    assert world.clock.wall() - started >= 1.0
    assert other.whoami(token).status == 401


def test_a_leased_token_costs_no_read() -> None:
    world = World(lease_seconds=1.0)
    client = world.add_client(GrantType.BEARER_TOKEN)
    token = world.process.get_token(client).token
    assert world.process.whoami(token).status == 200
    send, sent = world.database.send, []
    world.database.send = lambda operation, arguments: (
        sent.append(operation)
        or send(  # type: ignore[method-assign] # counts
            operation, arguments
        )
    )
    assert world.process.whoami(token).status == 200
    assert not sent
    world.clock.sleep(1.0)
    assert world.process.whoami(token).status == 200
    assert sent == ["BatchGetItem"]
