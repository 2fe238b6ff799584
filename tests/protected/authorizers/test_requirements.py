"""Which scopes an API asks for: by the deployment, by API, by stage, by field."""

import pytest

from chalicelib.protected.authorizers.requirements import parse_requirements
from chalicelib.settings import ConfigurationError, Settings
from tests.protected.authorizers.gateways import (
    FORBIDDEN,
    WITH_HEADERS,
    Account,
    Outcome,
    each_kind,
    meet,
    recorded,
)


@pytest.mark.checklist("49", "52")
@each_kind
def test_a_token_without_the_scope_is_forbidden(kind: str) -> None:
    account = Account(authorizer_scopes="rpa")
    assert account.meet(kind, account.token()) == Outcome(FORBIDDEN[kind], {})
    account.client = account.add_client(allowed_scopes=frozenset({"rpa", "api"}))
    assert account.meet(kind, account.token()).status == 200
    assert account.meet(kind, account.token(scope="api")) == Outcome(FORBIDDEN[kind], {})
    # Rights are as they are now.
    token = account.token(scope="rpa")
    account.world.change(account.client, allowed_scopes=frozenset({"api"}))
    assert account.meet(kind, token) == Outcome(FORBIDDEN[kind], {})


@each_kind
def test_an_api_may_ask_for_a_scope_of_its_own(kind: str) -> None:
    account = Account(
        authorizer_scopes="rpa a1b2c3d4e5=api w1b2c3d4e5=api, h1b2c3d4e5=api "
        "h1b2c3d4e5=login g1iy7kumfmvcqvbedntjwjvagi=api"
    )
    assert account.meet(kind, account.token()).status == 200


@pytest.mark.parametrize("kind", WITH_HEADERS)
@pytest.mark.parametrize(
    ("variable", "status"),
    [
        ("api", 200),
        ("rpa,api", 200),
        ("", 403),
        (",", 403),
        (" , ", 403),
        (None, 403),
        ("rpa", 403),
        ("no_such_scope", 403),
    ],
)
def test_a_stage_may_ask_for_scopes_in_its_variable(
    kind: str, variable: object, status: int
) -> None:
    account = Account(authorizer_scopes="login")
    event = recorded(kind, account.token())
    event["stageVariables"] = {"grantline_scope": variable}
    assert meet(kind, event, account.ask).status == status


def test_fields_of_appsync_may_ask_for_more() -> None:
    api = recorded("appsync")["requestContext"]["apiId"]
    account = Account(
        authorizer_scopes=f"{api}/Mutation.pay=rpa {api}/Query.list=api other/Query.x=rpa"
    )
    answer = account.ask(recorded("appsync", account.token()))
    assert (answer["isAuthorized"], answer["deniedFields"]) == (True, ["Mutation.pay"])


@pytest.mark.parametrize("text", ["", "  "])
def test_without_a_requirement_any_valid_token_will_do(text: str) -> None:
    requirements = parse_requirements(text)
    assert requirements.scopes_of("anything") == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "API",
        ",",
        " ,, ",
        "A1B2C3D4E5=rpa",
        "a1/Query.X=rpa A1/Query.x=rpa",
        "nothing",
        "api=",
        "=api",
        "a/b=api",
        "a/B.c",
        "a/B.c=no",
        "a-b=api",
        "api " * 2000,
    ],
)
def test_a_requirement_that_is_malformed_stops_the_deployment(text: str) -> None:
    with pytest.raises(ConfigurationError, match="GRANTLINE_AUTHORIZER_SCOPES"):
        parse_requirements(text)
    with pytest.raises(ConfigurationError):
        Account(authorizer_scopes=text)


def test_the_settings_are_read_from_the_environment() -> None:
    environ = {"GRANTLINE_AUTHORIZER_SCOPES": "api", "GRANTLINE_AUTHORIZER_TTL_SECONDS": "60"}
    chosen = Settings.from_environ(environ)
    assert (chosen.authorizer_scopes, chosen.authorizer_ttl_seconds) == ("api", 60)
    with pytest.raises(ConfigurationError):
        Settings.from_environ({"GRANTLINE_AUTHORIZER_TTL_SECONDS": "3601"})
