"""The resource file says what the records expect, and makes what AWS would."""

from typing import Any

import boto3
import pytest

from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.settings import Settings
from chalicelib.storage.attributes import TimeToLiveAttribute
from chalicelib.storage.callback_records import ALL_RECORDS
from chalicelib.storage.database import table_of
from chalicelib.storage.resources import create_resources, load_resources
from chalicelib.storage.stores import open_stores
from chalicelib.storage.tables import Record
from tests.fakes.clock import FakeClock
from tests.tables import Aws

NAMES = ("applications", "users", "tokens", "signing_keys", "audit_events", "callbacks")


def table_properties() -> dict[str, dict[str, Any]]:
    tables = {}
    for resource in load_resources().values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            name = resource["Properties"]["TableName"]["Fn::Sub"]
            tables[name.removeprefix("${TablePrefix}")] = resource["Properties"]
    return tables


def records_of(name: str) -> list[type[Record]]:
    return [record for record in ALL_RECORDS if table_of(record) == name]


def test_there_are_the_tables_and_each_has_records() -> None:
    assert set(table_properties()) == set(NAMES) == {table_of(record) for record in ALL_RECORDS}


@pytest.mark.parametrize("name", NAMES)
def test_keys_and_indexes_are_those_of_the_records(name: str) -> None:
    properties = table_properties()[name]
    definitions = {
        entry["AttributeName"]: entry["AttributeType"]
        for entry in properties["AttributeDefinitions"]
    }
    indexes = {
        index["IndexName"]: (index["KeySchema"], index["Projection"])
        for index in properties.get("GlobalSecondaryIndexes", ())
    }
    expected_definitions, expected_indexes = {}, {}
    for record in records_of(name):
        schema: Any = record._get_schema()
        assert schema["key_schema"] == properties["KeySchema"]
        for entry in schema["attribute_definitions"]:
            expected_definitions[entry["AttributeName"]] = entry["AttributeType"]
        for index in schema["global_secondary_indexes"]:
            keys = sorted(index["key_schema"], key=lambda entry: entry["KeyType"])
            expected_indexes[index["index_name"]] = (keys, index["projection"])
    assert definitions == expected_definitions
    assert indexes == expected_indexes


@pytest.mark.parametrize("name", NAMES)
def test_the_ttl_attribute_is_that_of_the_records(name: str) -> None:
    specification = table_properties()[name].get("TimeToLiveSpecification")
    attributes = {
        attribute.attr_name
        for record in records_of(name)
        for attribute in record.get_attributes().values()
        if isinstance(attribute, TimeToLiveAttribute)
    }
    expected = {specification["AttributeName"]} if specification else set()
    assert attributes == expected
    if specification:
        assert specification["Enabled"] is True


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_protected(name: str) -> None:
    properties = table_properties()[name]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_everything_that_holds_something_outlives_the_stack() -> None:
    keeping = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key")
    kept = [one for one in load_resources().values() if one["Type"] in keeping]
    assert len(kept) == 8
    for resource in kept:
        assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_no_index_serves_tokens() -> None:
    assert "GlobalSecondaryIndexes" not in table_properties()["tokens"]


def test_what_is_made_locally_has_ttl_backups_versions_and_a_key(aws: Aws) -> None:
    settings = aws.new_settings()
    create_resources(settings)
    dynamodb, s3, kms = (boto3.client(name) for name in ("dynamodb", "s3", "kms"))
    table = settings.table_prefix + "tokens"
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    backups = dynamodb.describe_continuous_backups(TableName=table)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    versioning = s3.get_bucket_versioning(Bucket=settings.certificate_bucket)
    assert versioning["Status"] == "Enabled"
    block = s3.get_public_access_block(Bucket=settings.certificate_bucket)
    assert all(block["PublicAccessBlockConfiguration"].values())
    assert kms.get_key_rotation_status(
        KeyId=kms.describe_key(KeyId=settings.key_id)["KeyMetadata"]["KeyId"]
    )["KeyRotationEnabled"]


def test_tables_that_are_missing_are_not_healthy(aws: Aws, clock: FakeClock) -> None:
    del aws
    stores = open_stores(Settings(table_prefix="nothing-"), clock)
    with pytest.raises(StoreUnavailable):
        stores.database.check_health()
