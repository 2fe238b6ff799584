"""The template laid over Chalice's: our own, the resources, and one route per path of the app."""

import re
from pathlib import Path
from typing import Any

from chalice.package import YAMLTemplateSerializer

Template = dict[str, Any]

# By name, not by reference: the function already refers to the HTTP API for its URL.
FUNCTION_URI = (
    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
    "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${TablePrefix}api"
    "/invocations"
)

# API Gateway gives up after 30 s; the function's own time-out is 29 s.
INTEGRATION_TIMEOUT_MILLIS = 30_000


def merge_template(infra: Path, paths: list[str]) -> Template:
    """Everything that `chalice package` is to merge. Raises ValueError on a name defined twice."""
    merged = load(infra / "template.yaml")
    for section, entries in load(infra / "resources.yaml").items():
        if isinstance(entries, dict):
            _add(merged.setdefault(section, {}), entries)
    body = merged["Resources"]["HttpApi"]["Properties"]["DefinitionBody"]
    body["paths"] = {path: _any_route(path) for path in paths}
    return merged


def load(file: Path) -> Template:
    """Read a CloudFormation template, with its short tags (`!Ref`) in their long form."""
    template: Template = YAMLTemplateSerializer().load_template(
        file.read_text(encoding="utf-8"), str(file)
    )
    return template


def _add(target: Template, entries: Template) -> None:
    twice = target.keys() & entries.keys()
    if twice:
        raise ValueError(f"template.yaml and resources.yaml both define {sorted(twice)}")
    target.update(entries)


def _any_route(path: str) -> Template:
    """Chalice routes by path and method; a path it does not know, the HTTP API answers itself."""
    # A last `{proxy+}` takes the rest of the path; its parameter is named without the plus.
    names = re.findall(r"{(\w+)\+?}", path)
    return {
        "x-amazon-apigateway-any-method": {
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in names
            ],
            "responses": {"default": {"description": "The application's answer"}},
            "x-amazon-apigateway-integration": {
                "type": "aws_proxy",
                "httpMethod": "POST",
                "uri": {"Fn::Sub": FUNCTION_URI},
                "payloadFormatVersion": "1.0",
                "timeoutInMillis": INTEGRATION_TIMEOUT_MILLIS,
            },
        }
    }
