"""The product's connection and tables over the in-memory DynamoDB, and nothing else imported."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.oauth.clock import Clock
from chalicelib.storage.callback_records import ALL_RECORDS
from chalicelib.storage.connection import Connection
from tests.faults.dynamodb import InMemoryDynamoDB

if TYPE_CHECKING:
    from chalicelib.storage.tables import Record

Send = Callable[[str, Mapping[str, Any]], dict[str, Any]]


class StubConnection(Connection):
    """The product's connection over another transport."""

    def __init__(self, clock: Clock, send: Send) -> None:
        super().__init__(clock, region="eu-west-1", jitter=lambda: 0.5)
        self._transport = send

    def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        return self._transport(operation_name, operation_kwargs)


def make_tables(database: InMemoryDynamoDB, prefix: str) -> None:
    """The tables with the indexes that their records describe."""
    by_table: dict[str, list[type[Record]]] = {}
    for record in ALL_RECORDS:
        by_table.setdefault(str(record.Meta.table_name), []).append(record)
    for table, kinds in by_table.items():
        indexes: dict[str, Any] = {
            index.Meta.index_name: index._get_schema()
            for record in kinds
            for index in record._indexes.values()
        }
        types = {"key": "S"}
        for schema in indexes.values():
            for attribute in schema["attribute_definitions"]:
                types[attribute["AttributeName"]] = attribute["AttributeType"]
        name = prefix + table
        database.send(
            "CreateTable",
            {
                "TableName": name,
                "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
                "AttributeDefinitions": [
                    {"AttributeName": attribute, "AttributeType": kind}
                    for attribute, kind in types.items()
                ],
                "GlobalSecondaryIndexes": [_index(schema) for schema in indexes.values()],
            },
        )
        ttl = {
            "AttributeName": "expires_at",
            "Enabled": table in {"tokens", "audit_events", "callbacks"},
        }
        database.send("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": ttl})


def _index(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "IndexName": schema["index_name"],
        "KeySchema": schema["key_schema"],
        "Projection": schema["projection"],
    }
