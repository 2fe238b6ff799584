"""moto's transactions as the local server has them: whole or nothing."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.local.transactions import speed_up_transactions

TABLE = "transacted"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with mock_aws():
        speed_up_transactions()
        made = boto3.client("dynamodb", region_name="eu-west-1")
        made.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        )
        yield made
        # Another test's moto may stand around this one and would keep the table.
        made.delete_table(TableName=TABLE)


def items(client: Any) -> dict[str, str]:
    found = client.scan(TableName=TABLE)["Items"]
    return {item["key"]["S"]: item["value"]["N"] for item in found}


def put(key: str, value: int, **condition: str) -> dict[str, Any]:
    item = {"key": {"S": key}, "value": {"N": str(value)}}
    return {"Put": {"TableName": TABLE, "Item": item, **condition}}


def add(key: str) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": TABLE,
            "Key": {"key": {"S": key}},
            "UpdateExpression": "ADD #v :one",
            "ExpressionAttributeNames": {"#v": "value"},
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }


def test_a_refused_transaction_leaves_everything_as_it_was(client: Any) -> None:
    client.transact_write_items(TransactItems=[put("a", 1), put("b", 1), put("c", 1)])
    delete = {"Delete": {"TableName": TABLE, "Key": {"key": {"S": "c"}}}}
    refused = put("b", 2, ConditionExpression="attribute_not_exists(#k)")
    refused["Put"]["ExpressionAttributeNames"] = {"#k": "key"}
    for writes in ([add("a"), put("d", 1), delete, refused], [refused, add("a"), add("e")]):
        with pytest.raises(client.exceptions.TransactionCanceledException):
            client.transact_write_items(TransactItems=writes)
        assert items(client) == {"a": "1", "b": "1", "c": "1"}
    client.transact_write_items(TransactItems=[add("a"), add("d"), delete])
    assert items(client) == {"a": "2", "b": "1", "d": "1"}
