"""The authorizer's function within its policy, and the example templates of those who call it."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.local.seed import seed
from chalicelib.oauth.clock import SystemClock
from chalicelib.settings import Settings
from chalicelib.storage.stores import open_stores
from infra.package import CFN_LINT, PROJECT
from infra.staging import run
from infra.template import load
from tests.infra.deployed import (
    Deployment,
    Template,
    deployed,
    on_lambdas_platform,
    policy_document_of,
    resources,
)
from tests.infra.iam import policy_of
from tests.infra.runtime import FunctionFailed
from tests.protected.authorizers.gateways import recorded

EXAMPLES = sorted((PROJECT / "infra" / "examples").glob("*.yaml"))
AUTHORIZERS = ("AWS::ApiGateway::Authorizer", "AWS::ApiGatewayV2::Authorizer")

ISSUER = "https://issuer.example"
SETTINGS = Settings(issuer=ISSUER, table_prefix="authorized-", lease_seconds=0)
NAMES = {
    "ApplicationsTable": "table/authorized-applications",
    "UsersTable": "table/authorized-users",
    "TokensTable": "table/authorized-tokens",
    "AuthorizerLog": "log",
}
ENVIRON = {
    "GRANTLINE_TABLE_PREFIX": SETTINGS.table_prefix,
    "GRANTLINE_LEASE_SECONDS": "0",
    "GRANTLINE_AUTHORIZER_SCOPES": "rpa",
}


@pytest.fixture(scope="module")
def policy_document(template: Template) -> Template:
    return policy_document_of(template, "AuthorizeRequestsRole")


@pytest.fixture
def deployment(unpacked: Path, policy_document: Template, tmp_path: Path) -> Iterator[Deployment]:
    with resources(SETTINGS, policy_of(policy_document, NAMES)) as aws:
        clock = SystemClock()
        credentials = seed(open_stores(SETTINGS, clock), clock, ISSUER, tmp_path)
        with deployed(unpacked, tmp_path, ENVIRON, aws, "app.authorize_requests") as deployment:
            yield replace(deployment, credentials=credentials)


@on_lambdas_platform
def test_it_decides_within_its_policy(deployment: Deployment) -> None:
    secret = deployment.credentials["applications"]["all"]["client_secret"]
    for kind in ("rest_token", "rest_request", "http_1", "http_2", "appsync"):
        answer = deployment.function.invoke(recorded(kind, secret))
        assert "Allow" in str(answer) or answer["isAuthorized"] is True
    # Runtime's message is what a REST API looks for.
    with pytest.raises(FunctionFailed, match='"errorMessage": "Unauthorized"'):
        deployment.function.invoke(recorded("rest_token", "nonsense"))
    assert deployment.aws.denied == set()
    # Figures of usage, written as tokens are extended.
    assert ("dynamodb:UpdateItem", NAMES["TokensTable"]) in deployment.aws.used
    assert secret not in deployment.log.read_text()


def test_it_may_only_read_and_extend(policy_document: Template) -> None:
    allowed = policy_of(policy_document, NAMES).allowed
    writes = {need for need in allowed if need[0] != "dynamodb:BatchGetItem"}
    assert {need for need in writes if not need[0].startswith("logs:")} == {
        ("dynamodb:UpdateItem", NAMES["TokensTable"])
    }
    assert NAMES["TokensTable"] in {name for action, name in allowed if "BatchGet" in action}


def test_it_is_the_same_code_with_the_same_settings(template: Template) -> None:
    resources = template["Resources"]
    mine, api = (resources[name]["Properties"] for name in ("AuthorizeRequests", "APIHandler"))
    assert mine["Handler"] == "app.authorize_requests"
    for same in ("CodeUri", "Runtime", "Environment", "Architectures"):
        assert mine[same] == api[same]
    assert template["Outputs"]["AuthorizerFunctionArn"]


def test_there_is_an_example_for_each_gateway() -> None:
    assert [file.stem for file in EXAMPLES] == ["appsync", "http-api", "rest-api"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_cfn_lint_finds_nothing_in_an_example(example: Path) -> None:
    run([sys.executable, "-c", CFN_LINT, "--template", str(example)], PROJECT)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_keeps_no_decision_by_default_and_permits_its_api_alone(example: Path) -> None:
    template = load(example)
    resources = template["Resources"].values()
    for resource in resources:
        properties = resource["Properties"]
        if resource["Type"] in AUTHORIZERS:
            assert properties["AuthorizerResultTtlInSeconds"] == {"Ref": "CacheSeconds"}
            assert template["Parameters"]["CacheSeconds"]["Default"] == 0
            assert "header.Authorization" in str(properties["IdentitySource"])
        if resource["Type"] == "AWS::AppSync::GraphQLApi":
            assert properties["LambdaAuthorizerConfig"]["AuthorizerResultTtlInSeconds"] == 0
    permissions = [
        resource["Properties"]
        for resource in resources
        if resource["Type"] == "AWS::Lambda::Permission"
    ]
    (permission,) = permissions
    assert "Api" in str(permission["SourceArn"])
