"""A caller of the OData services, over the app in memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.oauth.model import GrantType, User
from tests.harness import Client, Reply, World

DATA = "/odata/data"


@dataclass(frozen=True)
class Caller:
    """Calls with one token; answers are read as JSON where they are JSON."""

    world: World
    client: Client
    token: str

    def get(
        self, path: str, /, *, headers: Mapping[str, str] | None = None, **options: str
    ) -> Reply:
        """`filter=...` is `$filter`; a path that starts with a slash is taken as it is."""
        query = {f"${name}": [value] for name, value in options.items()}
        return self.send("GET", path, query=query or None, headers=headers)

    def follow(self, link: str) -> Reply:
        parts = urlsplit(link)
        assert link.startswith(self.world.settings.issuer)
        return self.send("GET", parts.path, query=parse_qs(parts.query))

    def send(self, method: str, path: str, **arguments: Any) -> Reply:
        full = path if path.startswith("/") else f"{DATA}/{path}".rstrip("/")
        headers = {
            "Authorization": f"Bearer {self.token}",
            **(arguments.pop("headers", None) or {}),
        }
        reply = self.world.process.call(method, full, headers=headers, **arguments)
        kind = str(reply.headers.get("Content-Type", ""))
        if kind.startswith("application/json;") and isinstance(reply.body, str):
            return replace(reply, body=json.loads(reply.body))
        return reply

    def values(self, path: str, name: str, /, **options: str) -> list[Any]:
        """One property of every entity of every page."""
        reply = self.get(path, **options)
        found = []
        while True:
            assert reply.status == 200, reply.body
            found += [entity[name] for entity in reply.body["value"]]
            if "@odata.nextLink" not in reply.body:
                return found
            reply = self.follow(reply.body["@odata.nextLink"])

    def refusal(self, path: str, /, **options: str) -> tuple[int, str]:
        """The status and code of an error in OData's shape."""
        reply = self.get(path, **options)
        assert reply.headers["OData-Version"] == "4.0"
        assert set(reply.body) == {"error"}, reply.body
        assert reply.body["error"]["message"]
        return reply.status, reply.body["error"]["code"]


def caller(world: World, user: User | None, **fields: Any) -> Caller:
    """An application that acts as `user`; None: as itself, by its bearer secret."""
    if user is not None:
        client = world.add_client(user_id=user.user_id, **fields)
        return Caller(world, client, world.process.get_token(client).token)
    client = world.add_client(GrantType.BEARER_TOKEN, **fields)
    return Caller(world, client, client.secret)


def administrator(world: World) -> Caller:
    return caller(world, world.add_user("admon", "administrator"))
