"""The authorizer of other people's APIs, with recorded events of every kind."""

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.endpoints.authorization import AuthorizerUnavailable
from chalicelib.oauth.model import GrantType, LifeCycle, LifeCycleType, Status
from chalicelib.protected.authorizers.answers import Unauthorized
from chalicelib.protected.authorizers.questions import UnknownEvent
from chalicelib.usage import Usage
from tests.faults.dynamodb import failure
from tests.protected.authorizers.gateways import (
    KINDS,
    REFUSED,
    WITH_HEADERS,
    WITH_POLICY,
    Account,
    Outcome,
    each_kind,
    meet,
    recorded,
)

SLIDING = LifeCycle(LifeCycleType.SLIDING, 3600)


@pytest.fixture
def account() -> Account:
    return Account()


@each_kind
def test_a_valid_token_is_let_in_and_the_api_is_told_whose_it_is(
    account: Account, kind: str
) -> None:
    token = account.token()
    assert account.meet(kind, token) == Outcome(
        200,
        {
            "client_id": account.client.client_id,
            "sub": account.user.user_id,
            "scope": "api odata_query",
            "grant": "client_credentials",
            "user_id": account.user.user_id,
            "user_name": "jdoe",
            "user_domain": "domain",
            "expires_at": str(account.world.clock.now() + 3600),
        },
    )


@each_kind
def test_a_bearer_secret_is_let_in_and_acts_as_itself(account: Account, kind: str) -> None:
    endless = LifeCycle(LifeCycleType.ABSOLUTE, None)
    client = account.world.add_client(GrantType.BEARER_TOKEN, life_cycle=endless)
    outcome = account.meet(kind, client.secret)
    assert outcome.status == 200
    # There is no user and no end: no gateway can pass on a null.
    assert set(outcome.context) == {"client_id", "sub", "scope", "grant"}
    assert outcome.context["sub"] == client.client_id


@pytest.mark.checklist("52", "50", "39")
@each_kind
@pytest.mark.parametrize(
    "state", ["expired", "revoked", "application disabled", "user disabled", "epoch", "other kind"]
)
def test_what_is_not_valid_now_is_refused(account: Account, kind: str, state: str) -> None:
    world, client, token = account.world, account.client, account.token()
    if state == "expired":
        world.clock.sleep(3600)
    elif state == "revoked":
        world.process.revoke(token, client)
    elif state == "application disabled":
        world.change(client, status=Status.DISABLED)
    elif state == "user disabled":
        world.change_user(account.user, status=Status.DISABLED)
    elif state == "epoch":
        world.change_user(account.user, token_epoch=1)
    else:
        token = client.secret
    before = world.database.snapshot()
    assert account.meet(kind, token) == Outcome(REFUSED[kind], {})
    assert world.database.snapshot() == before


@each_kind
@pytest.mark.parametrize("token", ["", "nonsense", "gla_", "x" * 10_000, "a b", "\u00fc", "*"])
def test_what_is_no_token_is_refused_without_a_question_to_storage(
    account: Account, kind: str, token: str
) -> None:
    asked: list[str] = []
    with account.world.database.intercepted(lambda name, _, call: (asked.append(name), call())[1]):
        assert account.meet(kind, token) == Outcome(REFUSED[kind], {})
    assert asked == []


@each_kind
def test_one_round_trip_decides(account: Account, kind: str) -> None:
    token = account.token()
    process = account.world.open_process()
    calls: list[str] = []

    def count(operation: str, _: Mapping[str, Any], call: Any) -> Any:
        calls.append(operation)
        return call()

    with account.world.database.intercepted(count):
        process.app.handler_map["authorize_requests"](recorded(kind, token), None)
    assert calls == ["BatchGetItem"]


def test_uses_and_refusals_are_counted_for_one_write_a_minute(account: Account) -> None:
    world = account.world
    world.settings = replace(world.settings, usage_seconds=60)
    process, token = world.open_process(), account.token()
    bearing = world.add_client(GrantType.BEARER_TOKEN, user_id=None)

    def calls_of_deciding(credential: str) -> list[str]:
        calls: list[str] = []

        def count(operation: str, _: Mapping[str, Any], call: Any) -> Any:
            calls.append(operation)
            return call()

        with world.database.intercepted(count):
            process.app.handler_map["authorize_requests"](recorded("http_2", credential), None)
        return calls

    assert calls_of_deciding(token) == ["BatchGetItem", "TransactWriteItems"]
    for credential in (token, bearing.secret, bearing.secret):
        assert calls_of_deciding(credential) == ["BatchGetItem"]
    assert calls_of_deciding("gla_x") == []
    world.change_user(account.user, status=Status.DISABLED)
    assert calls_of_deciding(token) == ["BatchGetItem"]
    world.clock.sleep(60)
    assert calls_of_deciding(bearing.secret) == ["BatchGetItem", "TransactWriteItems"]

    (day,) = Usage(world.stores.usage, world.clock).last_days(1)
    assert (day.issued, day.denied) == ({}, {"invalid_token": 1})
    (secret,) = bearing.application.secrets
    used = [(account.client.client_id, None), (bearing.client_id, secret.secret_id)]
    now = world.clock.now()
    assert world.stores.usage.read_last_uses(used) == {used[0]: now - 60, used[1]: now}


@each_kind
def test_a_use_extends_a_sliding_token(account: Account, kind: str) -> None:
    account.client = account.add_client(life_cycle=SLIDING)
    token = account.token()
    for _ in range(3):
        account.world.clock.sleep(3000)
        end = str(account.world.clock.now() + 3600)
        assert account.meet(kind, token).context["expires_at"] == end
    account.world.clock.sleep(3600)
    assert account.meet(kind, token).status == REFUSED[kind]


@each_kind
def test_with_storage_away_nobody_is_let_in(account: Account, kind: str) -> None:
    token = account.token()

    def away(operation: str, *_: Any) -> Any:
        raise failure(operation, "InternalServerError", "sorry", 500)

    # Gateways turn a function's failure into a 500; another word than Unauthorized keeps it one.
    with (
        account.world.database.intercepted(away),
        pytest.raises(AuthorizerUnavailable, match="storage does not answer"),
    ):
        account.ask(recorded(kind, token))


@pytest.mark.parametrize("kind", WITH_POLICY)
@pytest.mark.parametrize("valid", [True, False])
def test_a_policy_covers_the_stage_so_that_it_may_be_kept(kind: str, *, valid: bool) -> None:
    """A policy over one method would refuse the caller's next method while it is kept."""
    account = Account(authorizer_scopes="api" if valid else "rpa")
    event = recorded(kind, account.token())
    (statement,) = account.ask(event)["policyDocument"]["Statement"]
    assert statement["Effect"] == ("Allow" if valid else "Deny")
    arn = event["methodArn"]
    assert statement["Resource"] == "/".join(arn.split("/")[:2]) + "/*"


@pytest.mark.parametrize("kind", WITH_POLICY)
@pytest.mark.parametrize("path", ["*", "a/../b", "", "x?y", "${aws:username}", "\n", "ü"])
def test_nothing_that_a_caller_writes_is_in_the_policy(
    account: Account, kind: str, path: str
) -> None:
    event = recorded(kind, account.token())
    stage = "/".join(event["methodArn"].split("/")[:2])
    event["methodArn"] = f"{stage}/GET/{path}"
    (statement,) = account.ask(event)["policyDocument"]["Statement"]
    assert statement["Resource"] == f"{stage}/*"


def test_an_http_api_may_want_policies_of_payload_2(account: Account) -> None:
    event = recorded("http_2", account.token())
    event["stageVariables"] = {"grantline_answer": "iam"}
    assert "policyDocument" in account.ask(event)
    assert meet("http_2", event, account.ask).status == 200
    refused = recorded("http_2", "nonsense") | {"stageVariables": {"grantline_answer": "iam"}}
    assert meet("http_2", refused, account.ask).status == 403


@pytest.mark.checklist("8")
@pytest.mark.parametrize("kind", WITH_HEADERS)
def test_two_credentials_are_none(account: Account, kind: str) -> None:
    token = account.token()
    twice = recorded(kind, token)
    name = next(name for name in twice["headers"] if name.lower() == "authorization")
    if "multiValueHeaders" in twice:
        twice["multiValueHeaders"][name].append(f"Bearer {token}")
    else:
        twice["headers"][name] = f"Bearer {token},Bearer {token}"
    assert meet(kind, twice, account.ask).status == REFUSED[kind]


@pytest.mark.parametrize("kind", WITH_HEADERS)
def test_no_credential_is_refused(account: Account, kind: str) -> None:
    event = recorded(kind)
    for headers in ("headers", "multiValueHeaders"):
        event[headers] = {"Accept": "*/*"} if headers == "headers" else {}
    assert meet(kind, event, account.ask).status == REFUSED[kind]
    event["headers"] = event["multiValueHeaders"] = None
    assert meet(kind, event, account.ask).status == REFUSED[kind]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "appsync"])
@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer"])
def test_only_the_bearer_scheme_is_taken(account: Account, kind: str, scheme: str) -> None:
    text = json.dumps(recorded(kind, account.token()))
    event = json.loads(text.replace("Bearer ", f"{scheme} "))
    expected = 200 if scheme == "bearer" else REFUSED[kind]
    assert meet(kind, event, account.ask).status == expected


def test_clients_of_appsync_may_leave_the_scheme_out(account: Account) -> None:
    event = recorded("appsync") | {"authorizationToken": account.token()}
    assert meet("appsync", event, account.ask).status == 200
    assert meet("appsync", event | {"authorizationToken": None}, account.ask).status == 401


@pytest.mark.parametrize("kind", ["http_1", "http_2"])
def test_a_gateway_that_knows_callers_by_something_else_lets_nobody_in(
    account: Account, kind: str
) -> None:
    """It would keep the answer under that, and give it to whoever sends the same."""
    event = recorded(kind, account.token())
    key = "key-of-many"
    event["identitySource"] = key if kind == "http_1" else [key]
    assert meet(kind, event, account.ask).status == 403
    header = recorded(kind, account.token())["identitySource"]
    source = [key, header[0]] if isinstance(header, list) else f"{key},{header}"
    both = recorded(kind, account.token()) | {"identitySource": source}
    both["identitySource"] = (
        [key, both["headers"]["authorization"]]
        if kind == "http_2"
        else f"{key},{both['headers']['Authorization']}"
    )
    assert meet(kind, both, account.ask).status == 200
    nothing = recorded(kind, account.token()) | {"identitySource": None}
    assert meet(kind, nothing, account.ask).status == 200


def test_appsync_keeps_nothing_unless_told_and_never_beyond_the_tokens_end() -> None:
    account = Account()
    assert account.ask(recorded("appsync", account.token()))["ttlOverride"] == 0
    account = Account(authorizer_ttl_seconds=300)
    token = account.token()
    assert account.ask(recorded("appsync", token))["ttlOverride"] == 300
    account.world.clock.sleep(3590)
    assert account.ask(recorded("appsync", token))["ttlOverride"] == 10
    account.world.clock.sleep(10)
    assert account.ask(recorded("appsync", token)) == {"isAuthorized": False, "ttlOverride": 0}


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "event",
        {},
        {"type": "TOKEN"},
        {"type": "REQUEST", "version": "3.0"},
        {"type": "REQUEST", "methodArn": 7},
        {"type": "TOKEN", "methodArn": "arn:aws:execute-api:eu:1:api", "authorizationToken": "x"},
        {"type": "TOKEN", "methodArn": "arn:aws:execute-api:eu:1:api/*/GET/"},
        {"authorizationToken": "x"},
        {"authorizationToken": "x", "requestContext": {"apiId": ""}},
        {"type": "COGNITO", "authorizationToken": "x"},
    ],
)
def test_an_event_that_is_not_understood_lets_nobody_in(account: Account, event: Any) -> None:
    with pytest.raises(UnknownEvent):
        account.ask(event)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_change_of_an_event_lets_a_stranger_in(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    event = recorded(kind, "nonsense")
    for name in data.draw(st.lists(st.sampled_from(sorted(event)), min_size=1, max_size=3)):
        event[name] = data.draw(_json)
    try:
        answer = STRANGERS.ask(event)
    except (UnknownEvent, Unauthorized):
        return
    assert answer.get("isAuthorized") is not True
    assert "Allow" not in json.dumps(answer)


STRANGERS = Account()


@pytest.mark.checklist("57")
@each_kind
def test_a_decision_is_one_line_without_the_token(
    account: Account, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    token = account.token()
    caplog.clear()
    account.meet(kind, token)
    account.meet(kind, token[:-1] + "x")
    lines = [vars(record) for record in caplog.records]
    assert [line["outcome"] for line in lines] == ["ok", "invalid_token"]
    assert lines[0]["client_id"] == account.client.client_id
    assert lines[0]["aws_calls"] == 1
    assert token[40:60] not in str(lines)


@each_kind
def test_an_extension_that_is_lost_refuses_nobody(account: Account, kind: str) -> None:
    account.client = account.add_client(life_cycle=SLIDING)
    token = account.token()
    account.world.clock.sleep(600)

    def lose(operation: str, _: Mapping[str, Any], call: Any) -> Any:
        if operation == "UpdateItem":
            raise failure(operation, "ProvisionedThroughputExceededException", "slow down")
        return call()

    with account.world.database.intercepted(lose):
        assert account.meet(kind, token).status == 200
