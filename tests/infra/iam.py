"""Which IAM actions each request to AWS needs, and whether a policy allows them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

Need = tuple[str, str]
"""(action, ARN without partition, region and account: `table/grantline-users`, `bucket/key`)"""

# TransactWriteItems is no permission: each of its writes needs its own.
TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
OBJECT_ACTIONS = {"GET": "GetObject", "PUT": "PutObject"}


def needs_of(service: str, method: str, path: str, target: str, body: bytes) -> set[Need]:
    """What one signed request needs."""
    if service == "s3":
        key = path.partition("?")[0].removeprefix("/")
        return {(f"s3:{OBJECT_ACTIONS[method]}", key)}
    if service in ("sts", "cloudformation"):
        (action,) = parse_qs(body.decode())["Action"]
        return {(f"{service}:{action}", "*")}
    operation = target.rpartition(".")[2]
    content = json.loads(body)
    if service == "dynamodb":
        return {(f"dynamodb:{action}", name) for action, name in _of_dynamodb(operation, content)}
    if service == "events":
        buses = [entry["EventBusName"] for entry in content.get("Entries", ())]
        return {(f"events:{operation}", bus) for bus in buses or [content["Name"]]}
    return {(f"{service}:{operation}", content.get("KeyId", "*"))}


def _of_dynamodb(operation: str, content: Mapping[str, Any]) -> list[tuple[str, str]]:
    if operation == "TransactWriteItems":
        return [
            (TRANSACTED.get(kind, "ConditionCheckItem"), f"table/{arguments['TableName']}")
            for item in content["TransactItems"]
            for kind, arguments in item.items()
        ]
    if operation == "BatchGetItem":
        return [(operation, f"table/{table}") for table in content["RequestItems"]]
    index = f"/index/{content['IndexName']}" if "IndexName" in content else ""
    return [(operation, f"table/{content['TableName']}{index}")]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is allowed, as pairs of an action and a pattern of what it may be done to."""

    allowed: frozenset[Need]

    def allows(self, need: Need) -> bool:
        action, name = need
        return any(
            action == allowed and fnmatchcase(name, pattern) for allowed, pattern in self.allowed
        )

    def unused(self, used: set[Need]) -> set[Need]:
        """What is allowed and was never needed."""
        return {
            (allowed, pattern)
            for allowed, pattern in self.allowed
            if not any(action == allowed and fnmatchcase(name, pattern) for action, name in used)
        }


class _Anything(Policy):
    """An operator's."""

    def allows(self, need: Need) -> bool:  # noqa: ARG002 - whatever it is
        return True


ANYTHING = _Anything(frozenset())


def policy_of(document: Mapping[str, Any], names: Mapping[str, str]) -> Policy:
    """Read a policy; `names` are what the template's logical ids stand for.

    Raises KeyError where the policy names what the template does not have.
    """
    pairs: set[Need] = set()
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in _listed(statement["Action"]):
            assert "*" not in action, action
            for resource in _listed(statement["Resource"]):
                pairs.add((action, _resolved(resource, names)))
    return Policy(frozenset(pairs))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _resolved(resource: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """`{"Fn::GetAtt": [id, "Arn"]}` or `{"Fn::Sub": "${id.Arn}/…"}`; nothing else is used."""
    if "Fn::GetAtt" in resource:
        logical_id, attribute = resource["Fn::GetAtt"]
        assert attribute == "Arn"
        return names[logical_id]
    return re.sub(r"\$\{(\w+)\.Arn\}", lambda found: names[found[1]], resource["Fn::Sub"])
