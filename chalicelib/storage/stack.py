"""A deployed stack, as CloudFormation describes it: for operators' commands, never for requests."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.settings import Settings
from chalicelib.storage.attributes import TimeToLiveAttribute
from chalicelib.storage.callback_records import ALL_RECORDS


@dataclass(frozen=True, slots=True)
class Stack:
    """Where a deployment keeps its records, the URL that clients know, and who asks."""

    settings: Settings
    operator: str


def describe_stack(name: str) -> Stack:
    """Raises StoreUnavailable where AWS, or the stack, does not answer as it should."""
    session = boto3.session.Session()
    try:
        operator = session.client("sts").get_caller_identity()["Arn"]
        described = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return Stack(settings_of(described), operator)
    except (BotoCoreError, ClientError) as error:
        raise StoreUnavailable(str(error)) from None
    except (KeyError, IndexError) as error:
        raise StoreUnavailable(f"the stack {name} is none of Grantline's: no {error}") from None


def settings_of(described: Mapping[str, Any]) -> Settings:
    """The settings in the parameters and outputs of a stack. Raises KeyError."""
    parameters = {
        entry["ParameterKey"]: entry["ParameterValue"] for entry in described["Parameters"]
    }
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in described["Outputs"]}
    return Settings(
        issuer=outputs["Issuer"],
        table_prefix=parameters["TablePrefix"],
        certificate_bucket=outputs["CertificateBucketName"],
        key_id=f"alias/{parameters['TablePrefix']}signing",
        event_bus=outputs["EventBusArn"].rpartition("/")[2],
        audit_retention_days=int(parameters["AuditRetentionDays"]),
    )


@dataclass(frozen=True, slots=True)
class Inspected:
    """One thing that was looked at; `problem` says what is wrong with it, None: nothing."""

    what: str
    problem: str | None


def inspect(settings: Settings) -> Iterator[Inspected]:
    """Tables with their time to live and backups, the bucket, the key, the bus."""
    session = boto3.session.Session()
    dynamodb = session.client("dynamodb")
    looks: list[tuple[str, Callable[[], str | None]]] = []
    for table, time_to_live in sorted(_tables().items()):
        name = f"{settings.table_prefix}{table}"
        looks.append((f"table {name}", partial(_look_at_table, dynamodb, name)))
        looks.append((f"backups of {name}", partial(_look_at_backups, dynamodb, name)))
        if time_to_live is not None:
            ends = partial(_look_at_time_to_live, dynamodb, name, time_to_live)
            looks.append((f"time to live of {name}", ends))
    bucket, key = settings.certificate_bucket, settings.key_id
    looks.append((f"bucket {bucket}", partial(_look_at_bucket, session.client("s3"), bucket)))
    looks.append((f"key {key}", partial(_look_at_key, session.client("kms"), key)))
    events, bus = session.client("events"), settings.event_bus
    looks.append((f"event bus {bus}", partial(_look_at_bus, events, bus)))
    for what, look in looks:
        yield Inspected(what, _outcome(look))


def _outcome(look: Callable[[], str | None]) -> str | None:
    try:
        return look()
    except (BotoCoreError, ClientError) as error:
        return str(error)


def _tables() -> Mapping[str, str | None]:
    """Every table, and the name of its time-to-live attribute if it has one."""
    tables: dict[str, str | None] = {}
    for record in ALL_RECORDS:
        ends = [
            name
            for name, attribute in record.get_attributes().items()
            if isinstance(attribute, TimeToLiveAttribute)
        ]
        table = record.Meta.table_name
        tables[table] = ends[0] if ends else tables.get(table)
    return tables


def _look_at_table(client: Any, name: str) -> str | None:
    table = client.describe_table(TableName=name)["Table"]
    states = {table["TableStatus"]}
    states.update(index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", ()))
    return None if states == {"ACTIVE"} else f"is {', '.join(sorted(states))}"


def _look_at_backups(client: Any, name: str) -> str | None:
    described = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return None if recovery == "ENABLED" else "point-in-time recovery is off"


def _look_at_time_to_live(client: Any, name: str, attribute: str) -> str | None:
    found = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if found["TimeToLiveStatus"] not in ("ENABLED", "ENABLING"):
        return f"is {found['TimeToLiveStatus']}"
    return None if found["AttributeName"] == attribute else f"is not on {attribute}"


def _look_at_bucket(client: Any, name: str) -> str | None:
    block = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    return None if all(block.values()) else "is not closed to the public"


def _look_at_key(client: Any, key_id: str) -> str | None:
    key = client.describe_key(KeyId=key_id)["KeyMetadata"]
    return None if key["KeyState"] == "Enabled" else f"is {key['KeyState']}"


def _look_at_bus(client: Any, name: str) -> str | None:
    # Raises where there is none; a bus has no state.
    client.describe_event_bus(Name=name)
    return None
