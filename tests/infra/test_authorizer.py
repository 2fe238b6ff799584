"""The authorizer's function within its policy, and the example templates of those who call it."""

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.local.seed import seed
from chalicelib.oauth.clock import SystemClock
from chalicelib.settings import Settings
from chalicelib.storage.resources import create_resources
from chalicelib.storage.stores import open_stores
from infra.package import CFN_LINT, PROJECT
from infra.staging import run
from infra.template import load
from tests.infra.aws import CREDENTIALS, Aws, serving_aws
from tests.infra.iam import policy_of
from tests.infra.runtime import Function, FunctionFailed, running
from tests.protected.authorizers.gateways import recorded

Template = dict[str, Any]

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

on_lambdas_platform = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the package holds binaries of Lambda's platform",
)


@dataclass(frozen=True, slots=True)
class Deployment:
    function: Function
    aws: Aws
    log: Path
    secret: str


@pytest.fixture
def policy_document(template: Template) -> Template:
    (policy,) = template["Resources"]["AuthorizeRequestsRole"]["Properties"]["Policies"]
    document: Template = policy["PolicyDocument"]
    return document


@pytest.fixture
def deployment(unpacked: Path, policy_document: Template, tmp_path: Path) -> Iterator[Deployment]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with serving_aws(policy_of(policy_document, NAMES)) as aws:
            create_resources(SETTINGS)
            clock = SystemClock()
            seeded = seed(open_stores(SETTINGS, clock), clock, ISSUER, tmp_path)
            secret = str(seeded["applications"]["all"]["client_secret"])
            environ = CREDENTIALS | {
                "AWS_ENDPOINT_URL": aws.url,
                "GRANTLINE_TABLE_PREFIX": SETTINGS.table_prefix,
                "GRANTLINE_LEASE_SECONDS": "0",
                "GRANTLINE_AUTHORIZER_SCOPES": "rpa",
            }
            with running(unpacked, tmp_path, environ, "app.authorize_requests") as function:
                yield Deployment(function, aws, tmp_path / "function.log", secret)


@on_lambdas_platform
def test_it_decides_within_its_policy(deployment: Deployment) -> None:
    for kind in ("rest_token", "rest_request", "http_1", "http_2", "appsync"):
        answer = deployment.function.invoke(recorded(kind, deployment.secret))
        assert "Allow" in str(answer) or answer["isAuthorized"] is True
    # Runtime's message is what a REST API looks for.
    with pytest.raises(FunctionFailed, match='"errorMessage": "Unauthorized"'):
        deployment.function.invoke(recorded("rest_token", "nonsense"))
    assert deployment.aws.denied == set()
    assert deployment.secret not in deployment.log.read_text()


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
