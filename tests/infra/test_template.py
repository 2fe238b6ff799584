"""The template as Chalice and the overlay make it, before and after SAM expands it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from samtranslator.public.translator import (  # type: ignore[import-untyped]  # it ships no types
    ManagedPolicyLoader,
)
from samtranslator.translator.transform import (  # type: ignore[import-untyped]  # likewise
    transform,
)

from app import app
from chalicelib.settings import Settings
from infra.package import lint
from infra.staging import PackagingFailed

Template = dict[str, Any]


@pytest.fixture
def transformed(template: Template, monkeypatch: pytest.MonkeyPatch) -> Template:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    uploaded = copy.deepcopy(template)
    # As `aws cloudformation package` writes it.
    for name in ("APIHandler", "RotateKeys", "DeliverCallbacks", "AuthorizeRequests"):
        uploaded["Resources"][name]["Properties"]["CodeUri"] = "s3://bucket/deployment.zip"
    expanded: Template = transform(uploaded, {}, ManagedPolicyLoader(None))
    return expanded


def of_type(template: Template, kind: str) -> dict[str, Template]:
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def test_cfn_lint_finds_nothing(package: Path) -> None:
    lint(package)


def test_cfn_lint_is_really_asked(template: Template, tmp_path: Path) -> None:
    broken = copy.deepcopy(template)
    broken["Resources"]["APIHandler"]["Properties"]["MemorySize"] = "plenty"
    (tmp_path / "sam.json").write_text(json.dumps(broken))
    with pytest.raises(PackagingFailed, match="plenty"):
        lint(tmp_path)


def test_the_http_api_has_one_any_route_for_each_path_of_the_app(template: Template) -> None:
    paths = template["Resources"]["HttpApi"]["Properties"]["DefinitionBody"]["paths"]
    assert sorted(paths) == sorted(app.routes)
    for path, methods in paths.items():
        assert list(methods) == ["x-amazon-apigateway-any-method"], path
        integration = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        assert integration["payloadFormatVersion"] == "1.0"
        assert integration["uri"]["Fn::Sub"].endswith(":function:${TablePrefix}api/invocations")


def test_sam_expands_it_to_one_http_api_with_the_default_stage(transformed: Template) -> None:
    assert list(of_type(transformed, "AWS::ApiGatewayV2::Api")) == ["HttpApi"]
    (stage,) = of_type(transformed, "AWS::ApiGatewayV2::Stage").values()
    assert stage["StageName"] == "$default"
    assert stage["AutoDeploy"] is True
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    assert stage["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["AccessLog", "Arn"]}


def test_each_api_may_invoke_its_function_and_the_schedule_its_own(transformed: Template) -> None:
    permissions = of_type(transformed, "AWS::Lambda::Permission")
    schedules = {
        "RotateKeys": permissions.pop("RotateKeysHourlyPermission"),
        "DeliverCallbacks": permissions.pop("DeliverCallbacksEveryFiveMinutesPermission"),
    }
    assert set(permissions) == {"HttpApiInvokePermission", "APIHandlerInvokePermission"}
    assert "${HttpApi}/*" in permissions["HttpApiInvokePermission"]["SourceArn"]["Fn::Sub"]
    assert {permission["FunctionName"]["Ref"] for permission in permissions.values()} == {
        "APIHandler"
    }
    rules = of_type(transformed, "AWS::Events::Rule")
    assert len(rules) == len(schedules)
    for function, schedule in schedules.items():
        assert schedule["FunctionName"] == {"Ref": function}
        rule = schedule["SourceArn"]["Fn::GetAtt"][0]
        (target,) = rules[rule]["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": [function, "Arn"]}


def test_the_rest_api_is_regional_and_only_made_when_asked_for(
    template: Template, transformed: Template
) -> None:
    assert template["Parameters"]["WithRestApi"]["Default"] == "false"
    assert template["Resources"]["RestAPI"]["Properties"]["EndpointConfiguration"] == "REGIONAL"
    for name, resource in transformed["Resources"].items():
        rest = resource["Type"].startswith("AWS::ApiGateway::")
        if rest or name == "APIHandlerInvokePermission":
            assert resource["Condition"] == "HasRestApi", name
    for name in ("RestAPIId", "EndpointURL"):
        assert template["Outputs"][name]["Condition"] == "HasRestApi"


def test_the_function_is_named_without_a_reference_and_its_log_is_ours(template: Template) -> None:
    function = template["Resources"]["APIHandler"]["Properties"]
    assert function["FunctionName"] == {"Fn::Sub": "${TablePrefix}api"}
    assert function["LoggingConfig"] == {"LogGroup": {"Ref": "FunctionLog"}}
    assert function["Architectures"] == ["x86_64"]
    for log in of_type(template, "AWS::Logs::LogGroup").values():
        assert log["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_every_variable_of_the_function_is_a_setting_that_the_app_reads(
    template: Template,
) -> None:
    variables = template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
    known = Settings.__doc__ or ""
    assert all(f"`{name}`" in known for name in variables), sorted(variables)


def test_the_sessions_of_a_deployment_live_as_long_as_the_app_says(template: Template) -> None:
    settings, parameters = Settings(), template["Parameters"]
    assert parameters["SessionIdleMinutes"]["Default"] == settings.session_idle_minutes
    assert parameters["SessionMaximumMinutes"]["Default"] == settings.session_maximum_minutes
    variables = template["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"]
    for name in ("SessionIdleMinutes", "SessionMaximumMinutes"):
        assert {"Ref": name} in variables.values()
        maximum = str(parameters[name]["MaxValue"])
        Settings.from_environ({"GRANTLINE_SESSION_IDLE_MINUTES": maximum})


def test_access_logs_hold_neither_path_nor_query(template: Template) -> None:
    log = template["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"]["Format"]
    assert json.loads(log)
    assert "$context.path" not in log
    assert "uerystring" not in log
