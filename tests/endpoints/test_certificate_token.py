"""Tokens for a signed JWT, and such a JWT as the credential, through the whole handler."""

import pytest

from chalicelib.oauth.certificate_assertion import header_audience
from chalicelib.oauth.client_authentication import ASSERTION_TYPE
from chalicelib.oauth.model import Status
from tests.endpoints.token_requests import (
    JWT_BEARER,
    TOKEN,
    assert_refused,
    by_assertion,
    by_jwt_bearer,
    certified,
    machine,
    signed,
)
from tests.harness import START, World
from tests.signing import ISSUER


@pytest.fixture
def world() -> World:
    return World()


def test_a_signed_jwt_gets_a_token_both_ways(world: World) -> None:
    client = certified(world)
    for number, ask in enumerate((by_assertion, by_jwt_bearer)):
        reply = ask(world, signed(world, client, jti=f"jti-{number}"))
        who = world.process.whoami(reply.token)
        assert (who.body["grant"], who.body["scope"]) == ("client_certificate", "odata_query")


@pytest.mark.checklist("27")
@pytest.mark.parametrize("path", ["", "/oauth2/server/token"])
def test_the_audience_is_the_issuer_or_the_token_endpoint(world: World, path: str) -> None:
    client = certified(world)
    for number, ask in enumerate((by_assertion, by_jwt_bearer)):
        assertion = signed(world, client, aud=ISSUER + path, jti=f"jti-{number}")
        assert ask(world, assertion).status == 200
    listed = signed(world, client, aud=[ISSUER + path], jti="list")
    assert_refused(by_jwt_bearer(world, listed), 400, "invalid_grant")
    other = signed(world, client, aud=f"{ISSUER}/oauth2/server/introspect", jti="other")
    assert_refused(by_jwt_bearer(world, other), 400, "invalid_grant")


@pytest.mark.checklist("31")
def test_a_jti_is_good_for_one_token_whichever_way(world: World) -> None:
    assertion = signed(world, client := certified(world))
    assert by_assertion(world, assertion).status == 200
    assert_refused(by_assertion(world, assertion), 401, "invalid_client")
    assert_refused(by_jwt_bearer(world, assertion), 400, "invalid_grant")
    introspection = {
        "token": "x",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    reply = world.process.post_form("/oauth2/server/introspect", introspection)
    assert_refused(reply, 401, "invalid_client")
    assert by_assertion(world, signed(world, client, jti="another")).status == 200


@pytest.mark.checklist("31")
@pytest.mark.parametrize("path", ["/oauth2/server/introspect", "/oauth2/server/revoke"])
def test_a_jwt_spent_on_another_endpoint_is_spent(world: World, path: str) -> None:
    assertion = signed(world, certified(world))
    form = {"token": "x", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    assert world.process.post_form(path, form).status == 200
    assert_refused(world.process.post_form(path, form), 401, "invalid_client")
    assert_refused(by_jwt_bearer(world, assertion), 400, "invalid_grant")


@pytest.mark.checklist("31")
def test_a_jti_stays_used_for_as_long_as_the_jwt_lives(world: World) -> None:
    assertion = signed(world, certified(world))
    token = by_jwt_bearer(world, assertion).token
    assert token
    world.clock.sleep(299)
    world.database.delete_expired(world.clock.now())
    assert_refused(by_jwt_bearer(world, assertion), 400, "invalid_grant")


def test_a_jwt_in_the_header_may_be_sent_again_until_it_ends(world: World) -> None:
    client = certified(world)
    assertion = signed(world, client, aud=header_audience(ISSUER))
    for _ in range(2):
        who = world.process.whoami("", **{"X-ClientCertificate-Token": assertion})
        assert (who.status, who.body["expires_at"]) == (200, START + 300)
    world.clock.sleep(300)
    assert world.process.whoami("", **{"X-ClientCertificate-Token": assertion}).status == 401


@pytest.mark.checklist("27")
def test_a_header_jwt_is_not_redeemed_and_the_reverse(world: World) -> None:
    client = certified(world)
    in_header = signed(world, client, aud=header_audience(ISSUER))
    assert_refused(by_jwt_bearer(world, in_header), 400, "invalid_grant")
    assert_refused(by_assertion(world, in_header), 401, "invalid_client")
    for_token = signed(world, client, jti="2")
    assert world.process.whoami("", **{"X-ClientCertificate-Token": for_token}).status == 401
    world.change(client, header_accepts_issuer_audience=True)
    assert world.process.whoami("", **{"X-ClientCertificate-Token": for_token}).status == 200


def test_a_header_jwt_signed_before_a_revocation_is_refused(world: World) -> None:
    client = certified(world)
    assertion = signed(world, client, aud=header_audience(ISSUER))
    world.change(client, assertions_valid_from=START + 10)
    assert world.process.whoami("", **{"X-ClientCertificate-Token": assertion}).status == 401
    world.clock.sleep(11)
    later = signed(world, client, aud=header_audience(ISSUER))
    assert world.process.whoami("", **{"X-ClientCertificate-Token": later}).status == 200


@pytest.mark.checklist("35", "50")
def test_a_jwt_signed_before_a_revocation_is_redeemed_no_more(world: World) -> None:
    client = certified(world)
    ahead = {"iat": START + 9, "exp": START + 300}
    assertions = [signed(world, client, jti=f"jti-{n}", **ahead) for n in range(3)]
    world.change(client, assertions_valid_from=START + 10)
    world.clock.sleep(11)
    assert_refused(by_jwt_bearer(world, assertions[0]), 400, "invalid_grant")
    assert_refused(by_assertion(world, assertions[1]), 401, "invalid_client")
    form = {
        "token": "x",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertions[2],
    }
    reply = world.process.post_form("/oauth2/server/introspect", form)
    assert_refused(reply, 401, "invalid_client")
    assert by_jwt_bearer(world, signed(world, client, jti="later")).status == 200


@pytest.mark.checklist("24")
def test_a_header_jwt_beside_a_token_is_refused(world: World) -> None:
    client = certified(world)
    token = by_jwt_bearer(world, signed(world, client)).token
    header = signed(world, client, aud=header_audience(ISSUER), jti="2")
    both = {"X-ClientCertificate-Token": header}
    assert_refused(world.process.whoami(token, **both), 400, "invalid_request")


@pytest.mark.checklist("24")
def test_a_certificate_application_has_no_use_for_a_secret(world: World) -> None:
    client = certified(world)
    assert_refused(world.process.get_token(client), 401, "invalid_client")


@pytest.mark.checklist("24")
def test_another_credential_beside_the_jwt_bearer_assertion_is_refused(world: World) -> None:
    client, other = certified(world), machine(World())
    form = {"grant_type": JWT_BEARER, "assertion": signed(world, client)}
    assert_refused(world.process.post_form(TOKEN, form, other.basic), 400, "invalid_grant")
    reply = by_jwt_bearer(world, signed(world, client), client_id="app_" + "1" * 26)
    assert_refused(reply, 400, "invalid_grant")
    assert by_jwt_bearer(world, signed(world, client), client_id=client.client_id).status == 200


@pytest.mark.checklist("32")
@pytest.mark.parametrize("assertion", ["x", "a.b.c", "x" * 60_000, "\u20ac.\u20ac.\u20ac"])
def test_a_malformed_jwt_is_refused_without_a_read(world: World, assertion: str) -> None:
    assert_refused(
        by_jwt_bearer(world, assertion),
        400,
        "invalid_grant" if len(assertion) < 16_385 else "invalid_request",
    )


@pytest.mark.checklist("35")
def test_a_disabled_certificate_application_gets_nothing(world: World) -> None:
    client = world.change(certified(world), status=Status.DISABLED, token_epoch=1)
    assert_refused(by_jwt_bearer(world, signed(world, client)), 400, "invalid_grant")
    in_header = signed(world, client, aud=header_audience(ISSUER))
    assert world.process.whoami("", **{"X-ClientCertificate-Token": in_header}).status == 401
