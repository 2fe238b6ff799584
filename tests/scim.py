"""A provisioning client over the whole app in memory: what Entra ID, Okta and others are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.oauth.model import GrantType
from tests.harness import Reply, World

USERS = "/Users"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GRANTLINE = "urn:ietf:params:scim:schemas:extension:grantline:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
SCIM = "application/scim+json"


@dataclass
class Provisioner:
    """Calls `/scim/v2` with the secret of a bearer token application, or another token."""

    world: World = field(default_factory=World)
    token: str = ""

    def __post_init__(self) -> None:
        if not self.token:
            scopes = frozenset({"user_sync"})
            client = self.world.add_client(GrantType.BEARER_TOKEN, allowed_scopes=scopes)
            self.token = client.secret

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> Reply:
        """One request; `body` is sent as JSON, text as it is."""
        reply = self.world.process.call(
            method,
            f"/scim/v2{path}",
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": SCIM,
                **(headers or {}),
            },
            body=body if body is None or isinstance(body, str) else json.dumps(body),
            query={name: [value] for name, value in query.items()} or None,
        )
        is_json = isinstance(reply.body, str) and reply.body
        if is_json:
            assert reply.headers["Content-Type"] == SCIM
        return Reply(reply.status, reply.headers, json.loads(reply.body) if is_json else None)

    def get(self, path: str, **query: str) -> Any:
        """The body of a 200."""
        reply = self.call("GET", path, **query)
        assert reply.status == 200, reply.body
        return reply.body

    def find(self, expression: str, kind: str = "Users") -> list[Any]:
        """What a filter finds."""
        found = self.get(f"/{kind}", filter=expression)
        assert found["totalResults"] == len(found["Resources"])
        resources: list[Any] = found["Resources"]
        return resources

    def create(self, user_name: str = "ada@contoso.com", **values: Any) -> Any:
        """A new user, as the 201 tells it."""
        body = {"schemas": [USER], "userName": user_name, "active": True, **values}
        reply = self.call("POST", "/Users", body)
        assert reply.status == 201, reply.body
        return reply.body

    def create_group(self, name: str = "Staff", **values: Any) -> Any:
        """A new group, as the 201 tells it."""
        body = {"schemas": [GROUP], "displayName": name, **values}
        reply = self.call("POST", "/Groups", body)
        assert reply.status == 201, reply.body
        return reply.body

    def patch(self, path: str, *operations: Mapping[str, Any]) -> Reply:
        """The operations as a client sends them."""
        return self.call("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def patched(self, path: str, *operations: Mapping[str, Any]) -> Any:
        """The resource after the operations."""
        reply = self.patch(path, *operations)
        assert reply.status == 200, reply.body
        return reply.body


def operation(op: str, path: str | None = None, value: Any = ...) -> dict[str, Any]:
    """One operation of a PATCH; what is not given is left out."""
    named = {"op": op, "path": path, "value": value}
    return {name: one for name, one in named.items() if one is not ... and one is not None}


def error(reply: Reply) -> tuple[int, str | None]:
    """Status and scimType of a refusal, whose shape is RFC 7644 §3.12."""
    assert reply.body["schemas"] == [ERROR]
    assert reply.body["status"] == str(reply.status)
    scim_type: str | None = reply.body.get("scimType")
    return reply.status, scim_type


def administrators_client(world: World) -> Provisioner:
    """A client that acts as an administrator."""
    user = world.add_user("admon", "administrator")
    scopes = frozenset({"user_sync", "admin"})
    client = world.add_client(user_id=user.user_id, allowed_scopes=scopes)
    return Provisioner(world, world.process.get_token(client).token)
