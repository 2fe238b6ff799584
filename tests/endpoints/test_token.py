"""The token endpoint, through the whole handler."""

from base64 import b64encode
from dataclasses import replace

import pytest

from chalicelib.oauth.client_authentication import ASSERTION_TYPE
from chalicelib.oauth.model import GrantType, LifeCycle, LifeCycleType, Status
from tests.endpoints.token_requests import (
    TOKEN,
    assert_refused,
    certified,
    machine,
    signed,
)
from tests.harness import START, World
from tests.signing import ISSUER


@pytest.fixture
def world() -> World:
    return World()


# Client credentials


def test_a_secret_as_basic_gets_a_token_that_acts_as_the_user(world: World) -> None:
    client = machine(world)
    reply = world.process.get_token(client)
    assert reply.body["token_type"] == "Bearer"
    assert reply.body["expires_in"] == 3600
    assert reply.body["scope"] == "api odata_query"
    who = world.process.whoami(reply.token)
    assert (who.body["client_id"], who.body["user_domain"]) == (client.client_id, "domain")
    assert who.body["expires_at"] == START + 3600


def test_a_secret_in_the_body_gets_a_token(world: World) -> None:
    client = machine(world)
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.secret,
    }
    assert world.process.whoami(world.process.post_form(TOKEN, form).token).status == 200


def test_the_scope_may_be_narrowed_and_never_widened(world: World) -> None:
    client = machine(world)
    assert world.process.get_token(client, scope="api").body["scope"] == "api"
    assert_refused(world.process.get_token(client, scope="api rpa"), 400, "invalid_scope")
    assert_refused(world.process.get_token(client, scope="everything"), 400, "invalid_scope")


@pytest.mark.checklist("49")
def test_admin_is_for_administrators_alone(world: World) -> None:
    scopes = frozenset({"api", "admin"})
    ordinary = world.add_client(user_id=world.add_user().user_id, allowed_scopes=scopes)
    admin = world.add_user("admon", "administrator")
    administrator = world.add_client(user_id=admin.user_id, allowed_scopes=scopes)
    assert_refused(world.process.get_token(ordinary, scope="admin"), 400, "invalid_scope")
    assert world.process.get_token(ordinary).body["scope"] == "api"
    assert world.process.get_token(administrator).body["scope"] == "api admin"


@pytest.mark.checklist("23", "58")
def test_unknown_wrong_and_disabled_clients_get_one_answer(world: World) -> None:
    client = machine(world)
    disabled = world.change(
        world.add_client(user_id=client.application.user_id), status=Status.DISABLED
    )
    unknown = replace(client, application=replace(client.application, client_id="app_" + "0" * 26))
    other = machine(World())
    replies = [
        world.process.get_token(unknown),
        world.process.get_token(disabled),
        world.process.get_token(replace(client, secret=other.secret)),
        world.process.get_token(replace(client, secret="")),
        world.process.get_token(replace(client, secret="x" * 300)),
    ]
    for reply in replies:
        assert_refused(reply, 401, "invalid_client")
        assert reply.body == replies[0].body
        assert reply.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.checklist("24")
def test_two_credentials_at_once_are_refused(world: World) -> None:
    client = machine(world)
    form = {"client_id": client.client_id, "client_secret": client.secret}
    assert_refused(world.process.get_token(client, **form), 401, "invalid_client")
    certificate = certified(World())
    both = {"client_assertion": signed(world, certificate), "client_assertion_type": ASSERTION_TYPE}
    assert_refused(world.process.get_token(client, **both), 401, "invalid_client")


@pytest.mark.checklist("24")
def test_another_client_id_beside_the_credential_is_refused(world: World) -> None:
    client = machine(world)
    reply = world.process.get_token(client, client_id="app_" + "1" * 26)
    assert_refused(reply, 401, "invalid_client")


@pytest.mark.checklist("24", "5")
def test_a_client_without_a_credential_is_refused(world: World) -> None:
    client = machine(world)
    form = {"grant_type": "client_credentials", "client_id": client.client_id}
    assert_refused(world.process.post_form(TOKEN, form), 401, "invalid_client")


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic " + "A" * 5000,
        "Digest x",
        "Basic " + b64encode(b"x").decode(),
        "",
    ],
)
def test_malformed_authorization_is_refused(world: World, authorization: str) -> None:
    form = {"grant_type": "client_credentials"}
    reply = world.process.post_form(TOKEN, form, {"Authorization": authorization})
    assert_refused(reply, 401, "invalid_client")


@pytest.mark.checklist("50")
def test_a_client_whose_user_is_disabled_gets_nothing(world: World) -> None:
    user = world.add_user()
    client = world.add_client(user_id=user.user_id)
    world.change_user(user, status=Status.DISABLED, token_epoch=1)
    assert_refused(world.process.get_token(client), 400, "unauthorized_client")


def test_an_application_of_another_grant_is_refused(world: World) -> None:
    client = machine(world, GrantType.AUTHORIZATION_CODE)
    assert_refused(world.process.get_token(client), 400, "unauthorized_client")


@pytest.mark.checklist("5")
@pytest.mark.parametrize(
    "grant_type",
    ["password", "implicit", "device_code", "CLIENT_CREDENTIALS", "client-credentials"],
)
def test_another_grant_type_is_refused(world: World, grant_type: str) -> None:
    reply = world.process.get_token(machine(world), grant_type=grant_type)
    assert_refused(reply, 400, "unsupported_grant_type")


@pytest.mark.checklist("8")
def test_a_repeated_parameter_is_refused(world: World) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", **machine(world).basic}
    body = "grant_type=client_credentials&scope=api&scope=api"
    reply = world.process.call("POST", TOKEN, headers=headers, body=body)
    assert_refused(reply, 400, "invalid_request")


@pytest.mark.checklist("61")
def test_wrong_verb_type_and_size_are_4xx(world: World) -> None:
    assert_refused(world.process.call("GET", TOKEN), 405, "invalid_request")
    json_type = {"Content-Type": "application/json"}
    reply = world.process.call("POST", TOKEN, headers=json_type, body="{}")
    assert_refused(reply, 400, "invalid_request")
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    large: str | bytes
    for large in ("a=" + "x" * 70_000, b"a=" + b"x" * 70_000):
        reply = world.process.call("POST", TOKEN, headers=form_type, body=large)
        assert_refused(reply, 413, "invalid_request")


def test_a_body_that_arrives_as_base64_is_read(world: World) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", **machine(world).basic}
    body = b"grant_type=client_credentials"
    assert world.process.call("POST", TOKEN, headers=headers, body=body).status == 200


@pytest.mark.checklist("36")
def test_the_store_holds_hashes_only(world: World) -> None:
    client = machine(world)
    token = world.process.get_token(client).token
    stored = repr(world.database.snapshot())
    for value in (token, client.secret, token.rsplit(".", 1)[1], client.secret.rsplit(".", 1)[1]):
        assert value not in stored
    assert client.client_id in stored


@pytest.mark.checklist("60")
def test_the_issuer_and_the_client_address_come_from_no_header(world: World) -> None:
    spoofed = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-For": "203.0.113.9",
        "Forwarded": "for=203.0.113.9;host=evil.example",
    }
    reply = world.process.call("GET", "/.well-known/oauth-authorization-server", headers=spoofed)
    assert reply.body["issuer"] == ISSUER
    assert "evil" not in repr(reply.body)


# Bearer token


def test_a_key_pair_alone_is_exchanged(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    reply = world.process.call("POST", TOKEN, headers=client.basic)
    who = world.process.whoami(reply.token)
    assert (who.body["grant"], who.body["user_name"]) == ("bearer_token", None)


def test_a_key_pair_with_a_grant_type_is_exchanged_as_well(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    assert world.process.whoami(world.process.get_token(client).token).status == 200


@pytest.mark.parametrize("grant_type", [GrantType.CLIENT_CREDENTIALS, GrantType.AUTHORIZATION_CODE])
def test_without_a_grant_type_only_bearer_applications_get_a_token(
    world: World, grant_type: GrantType
) -> None:
    reply = world.process.call("POST", TOKEN, headers=machine(world, grant_type).basic)
    assert_refused(reply, 400, "invalid_request")
    assert reply.body["error_description"] == "The parameter grant_type is missing."
    assert_refused(world.process.call("POST", TOKEN), 400, "invalid_request")


def test_without_a_grant_type_a_wrong_secret_is_still_refused_first(world: World) -> None:
    client = replace(machine(world, GrantType.AUTHORIZATION_CODE), secret="wrong")
    reply = world.process.call("POST", TOKEN, headers=client.basic)
    assert_refused(reply, 401, "invalid_client")


def test_the_secret_itself_is_a_bearer_token(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    who = world.process.whoami(client.secret)
    assert (who.status, who.body["grant"]) == (200, "bearer_secret")
    assert who.body["expires_at"] == START + 3600


def test_an_all_applications_secret_acts_as_its_user(world: World) -> None:
    client = machine(world, GrantType.ALL)
    assert world.process.whoami(client.secret).body["user_domain"] == "domain"
    assert world.process.whoami(world.process.get_token(client).token).status == 200


@pytest.mark.parametrize("grant_type", [GrantType.CLIENT_CREDENTIALS, GrantType.AUTHORIZATION_CODE])
def test_another_applications_secret_is_no_bearer_token(
    world: World, grant_type: GrantType
) -> None:
    assert world.process.whoami(machine(world, grant_type).secret).status == 401


def test_bearer_use_ends_with_the_lifetime_and_client_authentication_does_not(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    world.clock.sleep(3600)
    assert world.process.whoami(client.secret).status == 401
    assert world.process.get_token(client).status == 200


@pytest.mark.checklist("38")
def test_a_secret_past_its_own_end_opens_nothing(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    ending = replace(client.application.secrets[0], ends_at=START + 60)
    world.change(client, secrets=(ending,))
    assert world.process.whoami(client.secret).body["expires_at"] == START + 60
    world.clock.sleep(60)
    assert world.process.whoami(client.secret).status == 401
    assert_refused(world.process.get_token(client), 401, "invalid_client")


def test_a_bearer_secret_without_its_record_opens_nothing(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    world.database.restore({**world.database.snapshot(), "grantline-tokens": {}})
    assert world.process.whoami(client.secret).status == 401
    assert not world.tokens()


def test_a_revoked_bearer_use_leaves_client_authentication(world: World) -> None:
    client = world.add_client(GrantType.BEARER_TOKEN)
    assert world.process.revoke(client.secret, client).status == 200
    assert world.process.whoami(client.secret).status == 401
    assert world.process.get_token(client).status == 200


def test_a_never_ending_token_has_no_expires_in(world: World) -> None:
    client = machine(world, life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, None))
    reply = world.process.get_token(client)
    assert "expires_in" not in reply.body
    world.clock.sleep(10**9)
    who = world.process.whoami(reply.token)
    assert (who.status, who.body["expires_at"]) == (200, None)
