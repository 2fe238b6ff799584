"""The in-memory DynamoDB answers as moto does, and refuses what DynamoDB refuses beyond moto."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.faults.dynamodb import InMemoryDynamoDB
from tests.faults.items import item_bytes

TABLE = {
    "TableName": "things",
    "AttributeDefinitions": [
        {"AttributeName": "key", "AttributeType": "S"},
        {"AttributeName": "kind", "AttributeType": "S"},
        {"AttributeName": "name", "AttributeType": "S"},
    ],
    "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_name",
            "KeySchema": [
                {"AttributeName": "kind", "KeyType": "HASH"},
                {"AttributeName": "name", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}
KEY = {"key": {"S": "a"}}
ITEM = {
    **KEY,
    "kind": {"S": "thing"},
    "name": {"S": "anna"},
    "count": {"N": "3"},
    "tokens": {"M": {"x": {"M": {"end": {"N": "10"}}}}},
    "list": {"L": [{"S": "one"}, {"N": "2"}]},
    "roles": {"SS": ["admin", "user"]},
    "blob": {"B": b"\x00\x01"},
    "flag": {"BOOL": True},
}
NAMES = {
    "#k": "key", "#c": "count", "#t": "tokens", "#x": "x", "#e": "end", "#l": "list",
    "#r": "roles", "#n": "name", "#m": "missing", "#b": "blob", "#f": "flag", "#i": "kind",
}  # fmt: skip
VALUES = {
    ":1": {"N": "1"}, ":3": {"N": "3"}, ":9": {"N": "9"}, ":10": {"N": "10"}, ":s": {"S": "an"},
    ":anna": {"S": "anna"}, ":u": {"S": "user"}, ":L": {"L": [{"S": "new"}]},
    ":M": {"M": {"end": {"N": "7"}}}, ":set": {"SS": ["user", "guest"]}, ":t": {"BOOL": True},
    ":b": {"B": b"\x00\x01"}, ":thing": {"S": "thing"}, ":S": {"S": "S"}, ":map": {"M": {}},
}  # fmt: skip

CONDITIONS = [
    "attribute_exists (#k)",
    "attribute_not_exists (#k)",
    "attribute_not_exists (#t.#x.#e)",
    "attribute_exists (#t.#m)",
    "#c = :3",
    "#c <> :3",
    "#m <> :3",
    "#m = :3",
    "#c < :10",
    "#c > :10",
    "#t.#x.#e >= :9",
    "(#c = :3 AND #n = :anna)",
    "(#c = :9 OR (NOT attribute_exists (#m)))",
    "#c = :9 OR #c = :3 AND #n = :s",
    "begins_with (#n, :s)",
    "begins_with (#m, :s)",
    "contains (#r, :u)",
    "contains (#n, :s)",
    "contains (#l, :u)",
    "#c BETWEEN :1 AND :9",
    "#c IN (:9, :3)",
    "#l[1] < :3",
    "#b = :b",
    "#f = :t",
    "attribute_type (#n, :S)",
]
UPDATES = [
    "SET #c = :9",
    "SET #c = #c + :1",
    "SET #c = #c - :1, #m = :s",
    "SET #m = if_not_exists (#m, :1)",
    "SET #m = #m + :1",
    "SET #t.#x.#e = :9",
    "SET #t.#m = :M",
    "SET #m.#x = :M",
    "SET #l = list_append (#l, :L)",
    "SET #l[0] = :9",
    "SET #l[7] = :9",
    "SET #c = #n",
    "REMOVE #t.#x",
    "REMOVE #t.#x SET #c = :9",
    "REMOVE #m",
    "REMOVE #l[0]",
    "ADD #c :1",
    "ADD #m :1",
    "ADD #r :set",
    "DELETE #r :set",
    "ADD #n :1",
    "SET #k = :s",
    "SET #c = :1, #c = :9",
    "SET #c = :undefined",
]


class Both:
    """Sends every request to moto and to the in-memory tables and compares the answers."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.memory = InMemoryDynamoDB()
        client.create_table(**TABLE)
        self.memory.send("CreateTable", TABLE)

    def send(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        theirs = _outcome(lambda: self._client._make_api_call(operation, arguments))
        ours = _outcome(lambda: self.memory.send(operation, arguments))
        assert _sorted_sets(ours) == _sorted_sets(theirs), (operation, arguments)
        return ours

    def state(self, key: Mapping[str, Any] = KEY) -> Mapping[str, Any]:
        return self.send("GetItem", TableName="things", Key=key, ConsistentRead=True)


def _outcome(call: Any) -> Mapping[str, Any]:
    try:
        answer = call()
    except ClientError as error:
        response: Any = error.response
        reasons = [
            {name: reason[name] for name in ("Code", "Item") if name in reason}
            for reason in response.get("CancellationReasons", ())
        ]
        return {
            "error": response["Error"]["Code"],
            "item": response.get("Item"),
            "reasons": reasons,
        }
    return {
        name: value
        for name, value in answer.items()
        if name not in {"ResponseMetadata", "ConsumedCapacity"} and value != {}
    }


def _sorted_sets(value: Any) -> Any:
    """Sets come in any order."""
    if isinstance(value, Mapping):
        return {
            name: sorted(one) if name in {"SS", "NS", "BS"} else _sorted_sets(one)
            for name, one in value.items()
        }
    return [_sorted_sets(one) for one in value] if isinstance(value, list) else value


def _used(text: str) -> dict[str, Any]:
    """The placeholders that an expression uses."""
    words = set(text.replace("(", " ").replace(")", " ").replace(".", " ").split())
    words = {word.strip(",").partition("[")[0] for word in words}
    used = {"ExpressionAttributeNames": {w: NAMES[w] for w in words if w in NAMES}}
    values = {word: VALUES[word] for word in words if word in VALUES}
    return used | ({"ExpressionAttributeValues": values} if values else {})


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        both = Both(client)
        both.send("PutItem", TableName="things", Item=ITEM)
        yield both
        # Another test's moto may stand around this one and would keep the table.
        client.delete_table(TableName="things")


@pytest.fixture
def memory() -> InMemoryDynamoDB:
    database = InMemoryDynamoDB()
    database.send("CreateTable", TABLE)
    database.send("PutItem", {"TableName": "things", "Item": ITEM})
    return database


def test_conditions_hold_as_in_moto(both: Both) -> None:
    for condition in CONDITIONS:
        for key in (KEY, {"key": {"S": "absent"}}):
            both.send(
                "DeleteItem",
                TableName="things",
                Key=key,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **_used(condition),
            )
        both.state()
        both.send("PutItem", TableName="things", Item=ITEM)


def test_updates_change_what_moto_changes(both: Both) -> None:
    for update in UPDATES:
        both.send(
            "UpdateItem",
            TableName="things",
            Key=KEY,
            UpdateExpression=update,
            ReturnValues="ALL_NEW",
            **_used(update),
        )
        both.state()
        both.send("PutItem", TableName="things", Item=ITEM)


def test_an_update_without_condition_makes_the_missing_row(both: Both) -> None:
    absent = {"key": {"S": "absent"}}
    both.send(
        "UpdateItem", TableName="things", Key=absent, UpdateExpression="SET #c = :9",
        ExpressionAttributeNames={"#c": "count"}, ExpressionAttributeValues={":9": {"N": "9"}},
    )  # fmt: skip
    assert "Item" in both.state(absent)


def test_a_transaction_happens_whole_or_not_at_all(both: Both) -> None:
    new = {"key": {"S": "new"}}
    put = {"Put": {"TableName": "things", "Item": new}}
    refused = {
        "Put": {
            "TableName": "things",
            "Item": ITEM,
            "ConditionExpression": "attribute_not_exists (#k)",
            "ExpressionAttributeNames": {"#k": "key"},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }
    failed = both.send("TransactWriteItems", TransactItems=[put, refused])
    assert [reason["Code"] for reason in failed["reasons"]] == ["None", "ConditionalCheckFailed"]
    assert both.state(new) == {}
    both.send(
        "TransactWriteItems", TransactItems=[put, {"Delete": {"TableName": "things", "Key": KEY}}]
    )
    assert both.state(new) != {}
    assert both.state() == {}


def test_batches_are_read_as_in_moto(both: Both) -> None:
    keys = [KEY, {"key": {"S": "absent"}}]
    both.send("BatchGetItem", RequestItems={"things": {"Keys": keys, "ConsistentRead": True}})
    refused = both.send("BatchGetItem", RequestItems={"things": {"Keys": [KEY, KEY]}})
    assert refused["error"] == "ValidationException"


@pytest.mark.parametrize("forward", [True, False])
def test_an_index_is_paged_as_in_moto(both: Both, *, forward: bool) -> None:
    for number, name in enumerate(["anton", "berta", "anne", "anna"]):
        item = {"key": {"S": f"k{number}"}, "kind": {"S": "thing"}, "name": {"S": name}}
        both.send("PutItem", TableName="things", Item=item)
    query: dict[str, Any] = {
        "TableName": "things",
        "IndexName": "by_name",
        "KeyConditionExpression": "#i = :thing AND begins_with (#n, :s)",
        "ExpressionAttributeNames": {"#i": "kind", "#n": "name"},
        "ExpressionAttributeValues": {":thing": {"S": "thing"}, ":s": {"S": "an"}},
        "ScanIndexForward": forward,
        "Limit": 3,
    }
    page = both.memory.send("Query", query)
    names = [item["name"]["S"] for item in page["Items"]]
    rest = both.memory.send("Query", query | {"ExclusiveStartKey": page["LastEvaluatedKey"]})
    names += [item["name"]["S"] for item in rest["Items"]]
    assert names == sorted(["anton", "anne", "anna", "anna"], reverse=not forward)
    assert "LastEvaluatedKey" not in rest
    both.send("Query", **{**query, "Limit": 100, "Select": "COUNT"})


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("GetItem", {"Key": {"key": {"S": ""}}}),
        ("GetItem", {"Key": {"key": {"N": "1"}}}),
        ("GetItem", {"Key": {**KEY, "other": {"S": "x"}}}),
        ("PutItem", {"Item": {"key": {"N": "1"}}}),
        ("PutItem", {"Item": {**KEY, "count": {"N": "many"}}}),
        ("PutItem", {"Item": {**KEY, "roles": {"SS": []}}}),
        ("PutItem", {"Item": {**KEY, "text": {"S": "x" * 410_000}}}),
        ("PutItem", {"Item": {**KEY, "name": {"S": ""}}}),
        ("PutItem", {"Item": ITEM, "ExpressionAttributeValues": {":unused": {"N": "1"}}}),
        ("PutItem", {"Item": ITEM, "ConditionExpression": "attribute_exists (#k)"}),
        ("PutItem", {"Item": ITEM, "ConditionExpression": "attribute_exists (key)"}),
    ],
)  # fmt: skip
def test_what_dynamodb_refuses_is_refused(
    memory: InMemoryDynamoDB, operation: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        memory.send(operation, {"TableName": "things", **arguments})


@pytest.mark.parametrize("update", ["SET #t = :map, #t.#x = :M", "SET #i = :1"])
def test_updates_that_moto_takes_and_dynamodb_refuses(
    memory: InMemoryDynamoDB, update: str
) -> None:
    request = {"TableName": "things", "Key": KEY, "UpdateExpression": update, **_used(update)}
    with pytest.raises(ClientError, match="ValidationException"):
        memory.send("UpdateItem", request)


def test_values_of_two_types_are_in_no_order(memory: InMemoryDynamoDB) -> None:
    condition = {"ConditionExpression": "#n > :3", **_used("#n > :3")}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        memory.send("DeleteItem", {"TableName": "things", "Key": KEY, **condition})


def test_a_batch_reads_at_most_a_hundred_keys(memory: InMemoryDynamoDB) -> None:
    keys = [{"key": {"S": str(number)}} for number in range(101)]
    with pytest.raises(ClientError, match="ValidationException"):
        memory.send("BatchGetItem", {"RequestItems": {"things": {"Keys": keys}}})


def test_a_transaction_touches_an_item_once(memory: InMemoryDynamoDB) -> None:
    put = {"Put": {"TableName": "things", "Item": ITEM}}
    with pytest.raises(ClientError, match="ValidationException"):
        memory.send("TransactWriteItems", {"TransactItems": [put, put]})


def test_a_repeated_transaction_of_one_token_happens_once(memory: InMemoryDynamoDB) -> None:
    request = {
        "ClientRequestToken": "t",
        "TransactItems": [
            {
                "Update": {
                    "TableName": "things",
                    "Key": KEY,
                    "UpdateExpression": "ADD #c :1",
                    "ExpressionAttributeNames": {"#c": "count"},
                    "ExpressionAttributeValues": {":1": {"N": "1"}},
                }
            }
        ],
    }
    memory.send("TransactWriteItems", request)
    memory.send("TransactWriteItems", request)
    assert memory.tables["things"].items["a"]["count"] == {"N": "4"}


def test_units_follow_sizes_and_indexes(memory: InMemoryDynamoDB) -> None:
    plain = {"key": {"S": "p"}, "text": {"S": "x" * 2000}}
    put = {"TableName": "things", "Item": plain, "ReturnConsumedCapacity": "TOTAL"}
    assert memory.send("PutItem", put)["ConsumedCapacity"]["CapacityUnits"] == 2
    indexed = put | {"Item": plain | {"kind": {"S": "thing"}, "name": {"S": "new"}}}
    assert memory.send("PutItem", indexed)["ConsumedCapacity"]["CapacityUnits"] == 4
    twice = {"TransactItems": [{"Put": {"TableName": "things", "Item": plain}}]}
    answer = memory.send("TransactWriteItems", twice | {"ReturnConsumedCapacity": "TOTAL"})
    assert answer["ConsumedCapacity"][0]["CapacityUnits"] == 2 * 2 + 2
    get = {"TableName": "things", "Key": {"key": {"S": "p"}}, "ReturnConsumedCapacity": "TOTAL"}
    assert memory.send("GetItem", get)["ConsumedCapacity"]["CapacityUnits"] == 0.5
    answer = memory.send("GetItem", get | {"ConsistentRead": True})
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 1


def test_an_items_size_is_counted_as_billed() -> None:
    assert item_bytes({"ab": {"S": "ü"}, "n": {"N": "12345"}}) == 2 + 2 + 1 + 4
    assert item_bytes({"m": {"M": {"a": {"BOOL": True}}}}) == 1 + 3 + 1 + 2


def test_a_replica_answers_with_the_past(memory: InMemoryDynamoDB) -> None:
    memory.freeze_replica()
    memory.send("DeleteItem", {"TableName": "things", "Key": KEY})
    get = {"TableName": "things", "Key": KEY}
    assert "Item" in memory.send("GetItem", get)
    assert "Item" not in memory.send("GetItem", get | {"ConsistentRead": True})


def test_answers_are_copies(memory: InMemoryDynamoDB) -> None:
    before = memory.snapshot()
    answer = memory.send("GetItem", {"TableName": "things", "Key": KEY})
    answer["Item"]["tokens"]["M"].clear()
    assert memory.tables["things"].items["a"] == ITEM
    memory.send("DeleteItem", {"TableName": "things", "Key": KEY})
    memory.restore(before)
    assert memory.tables["things"].items["a"] == ITEM
