"""Makes the tables, bucket, bus and key of `infra/resources.yaml` where nothing deploys it.

For the local server and tests: never imported by the app, as PyYAML is not in the package.
Names come from the settings, everything else from the file.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.exceptions import ClientError

from chalicelib.settings import Settings

RESOURCE_FILE = Path(__file__).parents[2] / "infra" / "resources.yaml"

_TABLE = "AWS::DynamoDB::Table"
_BUCKET = "AWS::S3::Bucket"
_KEY = "AWS::KMS::Key"
_BUS = "AWS::Events::EventBus"
_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
# Endpoints other than AWS may not know these; the tables work without.
_OPTIONAL = ("UnknownOperationException", "NotImplemented", "UnsupportedOperation")


def load_resources(path: Path = RESOURCE_FILE) -> dict[str, dict[str, Any]]:
    """The `Resources` of the file as they stand: logical name to type and properties."""
    template = yaml.safe_load(path.read_text(encoding="utf-8"))
    resources: dict[str, dict[str, Any]] = template["Resources"]
    return resources


def create_resources(settings: Settings, path: Path = RESOURCE_FILE) -> None:
    """Make what is missing: tables under `table_prefix`, bucket, bus, the key under its alias.

    Uses the region, credentials and `AWS_ENDPOINT_URL` of the environment.
    """
    session = boto3.session.Session()
    values = {
        "TablePrefix": settings.table_prefix,
        "AWS::Partition": "aws",
        "AWS::Region": session.region_name or "us-east-1",
        "AWS::AccountId": "000000000000",
    }
    dynamodb = session.client("dynamodb")
    for resource in load_resources(path).values():
        properties = resource["Properties"]
        if resource["Type"] == _TABLE:
            _create_table(dynamodb, _resolved(properties, values))
        elif resource["Type"] == _BUCKET:
            named = {**properties, "BucketName": settings.certificate_bucket}
            _create_bucket(session.client("s3"), named, values["AWS::Region"])
        elif resource["Type"] == _BUS:
            _create_bus(session.client("events"), settings.event_bus)
        elif resource["Type"] == _KEY and settings.key_id.startswith("alias/"):
            _create_key(session.client("kms"), settings.key_id, properties)


def _resolved(value: Any, values: Mapping[str, str]) -> Any:
    """`value` with `Ref` and `Fn::Sub` of parameters put in. Raises KeyError for others."""
    if isinstance(value, list):
        return [_resolved(entry, values) for entry in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return values[value["Ref"]]
    if set(value) == {"Fn::Sub"}:
        return _PLACEHOLDER.sub(lambda match: values[match[1]], value["Fn::Sub"])
    return {name: _resolved(entry, values) for name, entry in value.items()}


def _create_table(client: Any, properties: dict[str, Any]) -> None:
    name = properties["TableName"]
    names = ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema")
    arguments = {key: properties[key] for key in names}
    if "GlobalSecondaryIndexes" in properties:
        arguments["GlobalSecondaryIndexes"] = properties["GlobalSecondaryIndexes"]
    try:
        client.create_table(**arguments)
    except client.exceptions.ResourceInUseException:
        return
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    if "TimeToLiveSpecification" in properties:
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )
    try:
        client.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _OPTIONAL:
            raise


def _create_bucket(client: Any, properties: dict[str, Any], region: str) -> None:
    name = properties["BucketName"]
    location = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        # The first region takes no location.
        client.create_bucket(Bucket=name, **({} if region == "us-east-1" else location))
    except (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
        return
    client.put_bucket_versioning(
        Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"]
    )
    client.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"],
    )


def _create_bus(client: Any, name: str) -> None:
    with suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_event_bus(Name=name)


def _create_key(client: Any, alias: str, properties: dict[str, Any]) -> None:
    aliases = client.get_paginator("list_aliases").paginate()
    if any(entry["AliasName"] == alias for page in aliases for entry in page["Aliases"]):
        return
    key = client.create_key(Description=properties["Description"])
    key_id = key["KeyMetadata"]["KeyId"]
    client.enable_key_rotation(KeyId=key_id)
    client.create_alias(AliasName=alias, TargetKeyId=key_id)
