"""The whole app in memory: real handler, real storage, a DynamoDB and a clock of our own.

Not for what the in-memory DynamoDB may not decide: the contract suite runs on moto as well.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

from app import create_app
from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.model import Account
from chalicelib.local.routes import RouteTable
from chalicelib.oauth.ids import new_client_id, new_ulid, new_user_id
from chalicelib.oauth.life_cycle import first_end
from chalicelib.oauth.model import (
    Application,
    Grant,
    GrantKind,
    GrantType,
    LifeCycle,
    LifeCycleType,
    Secret,
    User,
)
from chalicelib.oauth.tokens import TokenKind, digest, mint, new_secret
from chalicelib.registry.model import Registration
from chalicelib.settings import Settings
from chalicelib.storage.connection import Connection
from chalicelib.storage.event_bus import CallbackBus
from chalicelib.storage.resources import load_resources
from chalicelib.storage.stores import open_stores
from tests.buses import MemoryEvents
from tests.faults.dynamodb import InMemoryDynamoDB
from tests.keys import FakeProtector, KeyPairs
from tests.signing import ISSUER

START = 1_800_000_000
PREFIX = "grantline-"


class TurnedClock:
    """A clock that stands still until it is turned; waiting turns it."""

    def __init__(self) -> None:
        self.seconds = float(START)

    def now(self) -> int:
        return int(self.seconds)

    def wall(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class MemoryConnection(Connection):
    """The storage layer's connection over the in-memory DynamoDB."""

    def __init__(self, clock: TurnedClock, database: InMemoryDynamoDB) -> None:
        super().__init__(clock, region="eu-west-1")
        self._database = database

    def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        return self._database.send(operation_name, operation_kwargs)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, Any]
    body: Any

    @property
    def token(self) -> str:
        assert self.status == 200, self.body
        return str(self.body["access_token"])


@dataclass(frozen=True)
class Client:
    """An application as registered, and its secret in clear."""

    application: Application
    secret: str = field(default="", repr=False)

    @property
    def client_id(self) -> str:
        return self.application.client_id

    @property
    def basic(self) -> dict[str, str]:
        pair = b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


# Parsing the file takes longer than most tests do.
_resources = cache(load_resources)


class World:
    """One deployment: tables, clock, and as many processes over them as a test opens."""

    def __init__(
        self, *, lease_seconds: float = 0.0, issuer: str = ISSUER, usage_seconds: float = 0.0
    ) -> None:
        self.clock = TurnedClock()
        self.database = InMemoryDynamoDB()
        self.protector = FakeProtector()
        self.key_pairs = KeyPairs()
        self.events = MemoryEvents(self.database)
        self.settings = Settings(
            issuer=issuer,
            table_prefix=PREFIX,
            lease_seconds=lease_seconds,
            usage_seconds=usage_seconds,
        )
        for resource in _resources().values():
            if resource["Type"] == "AWS::DynamoDB::Table":
                self._create_table(resource["Properties"])
        self.stores = open_stores(self.settings, self.clock, self._connection())
        self.process = self.open_process()

    def open_process(self) -> "Process":
        """Another warm Lambda process, with leases of its own."""
        app = create_app(
            self.settings,
            connection=self._connection(),
            clock=self.clock,
            protector=self.protector,
            bus=CallbackBus(self.clock, self.settings.event_bus, lambda: self.events),
            generate=self.key_pairs,
        )
        return Process(app)

    def _connection(self) -> MemoryConnection:
        return MemoryConnection(self.clock, self.database)

    def _create_table(self, properties: dict[str, Any]) -> None:
        name = properties["TableName"]["Fn::Sub"].replace("${TablePrefix}", PREFIX)
        names = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        arguments = {key: properties[key] for key in names if key in properties}
        self.database.send("CreateTable", {"TableName": name, **arguments})
        if "TimeToLiveSpecification" in properties:
            time_to_live = properties["TimeToLiveSpecification"]
            self.database.send(
                "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": time_to_live}
            )

    def add_user(self, name: str = "jdoe", *roles: str) -> User:
        user = User(new_user_id(), name, "domain", roles=frozenset(roles))
        account = Account(user, self.clock.now(), self.clock.now())
        self.stores.users.create(account, None, self._event("user.created", user.user_id))
        return user

    def add_client(
        self, grant_type: GrantType = GrantType.CLIENT_CREDENTIALS, **fields: Any
    ) -> Client:
        """Put an application straight into the store, without the form's rules."""
        now = self.clock.now()
        application = Application(
            client_id=new_client_id(),
            name=f"Application {new_ulid()}",
            grant_type=grant_type,
            allowed_scopes=frozenset({"api", "odata_query"}),
            life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, 3600),
        )
        application = replace(application, **fields)
        secret_id = new_ulid()
        value = mint(TokenKind.SECRET, application.client_id, None, secret_id, new_secret())
        grants: list[Grant] = []
        if grant_type is not GrantType.CLIENT_CERTIFICATE and not application.public:
            stored = Secret(secret_id, digest(value), now)
            application = replace(application, secrets=(stored,))
        if grant_type in (GrantType.BEARER_TOKEN, GrantType.ALL):
            grants.append(self._bearer_grant(application, secret_id))
        registration = Registration(application, now, now)
        event = self._event("application.created", application.client_id)
        self.stores.applications.create(registration, grants, event)
        return Client(application, value)

    def change(self, client: Client, **fields: Any) -> Client:
        """Write changed fields of an application as the registry would, version and all."""
        before = self.stores.applications.load(client.client_id)
        assert before is not None
        version = before.application.version + 1
        application = replace(before.application, version=version, **fields)
        event = self._event("application.updated", client.client_id)
        after = replace(before, application=application)
        self.stores.applications.replace(before, after, event)
        return replace(client, application=application)

    def change_user(self, user: User, **fields: Any) -> User:
        before = self.stores.users.load(user.user_id)
        assert before is not None
        changed = replace(before.user, version=before.user.version + 1, **fields)
        event = self._event("user.updated", user.user_id)
        self.stores.users.replace(before, replace(before, user=changed), event)
        return changed

    def _bearer_grant(self, application: Application, secret_id: str) -> Grant:
        now = self.clock.now()
        return Grant(
            client_id=application.client_id,
            grant_id=secret_id,
            kind=GrantKind.BEARER_SECRET,
            scopes=application.allowed_scopes,
            created_at=now,
            creation_nonce=secret_id,
            nonce=secret_id,
            life_cycle=application.life_cycle,
            ends_at=first_end(application.life_cycle, now, now),
        )

    def _event(self, action: str, target: str) -> AuditEvent:
        actor = Actor(None, None, None, "127.0.0.1")
        return AuditEvent(new_ulid(), self.clock.now(), action, target, actor)

    def tokens(self) -> Mapping[str, Any]:
        """The items of the tokens table."""
        return self.database.tables[f"{PREFIX}tokens"].items


def _content(answer: Mapping[str, Any]) -> Any:
    """JSON as its value, a file as its bytes, other text as it is, no body as None."""
    if answer.get("isBase64Encoded"):
        return b64decode(answer["body"])
    if answer["headers"].get("Content-Type", "application/json") != "application/json":
        return answer["body"]
    return json.loads(answer["body"]) if answer["body"] else None


class Process:
    """One warm process: API Gateway events in, answers out."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._routes = RouteTable(app.routes)

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
        query: Mapping[str, list[str]] | None = None,
    ) -> Reply:
        match = self._routes.find(path)
        assert match is not None, path
        is_base64 = isinstance(body, bytes)
        event = {
            "version": "1.0",
            "headers": dict(headers or {}),
            "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
            "multiValueQueryStringParameters": query,
            "pathParameters": match.parameters or None,
            "stageVariables": None,
            "body": b64encode(body).decode() if isinstance(body, bytes) else body,
            "isBase64Encoded": is_base64,
            "requestContext": {
                "httpMethod": method,
                "resourcePath": match.resource_path,
                "path": path,
                "requestId": "request-1",
                "identity": {"sourceIp": "192.0.2.1"},
            },
        }
        answer = self.app(event, None)
        json.dumps(answer)  # as the Lambda runtime does
        headers = {**answer["headers"], **answer.get("multiValueHeaders", {})}
        return Reply(answer["statusCode"], headers, _content(answer))

    def post_form(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        content = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.call("POST", path, headers={**content, **(headers or {})}, body=urlencode(form))

    def get_token(self, client: Client, **form: str) -> Reply:
        form = {"grant_type": "client_credentials", **form}
        return self.post_form("/oauth2/server/token", form, client.basic)

    def whoami(self, token: str, **headers: str) -> Reply:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return self.call("GET", "/oauth2/server/whoami", headers={**bearer, **headers})

    def introspect(self, token: str, client: Client) -> Reply:
        return self.post_form("/oauth2/server/introspect", {"token": token}, client.basic)

    def revoke(self, token: str, client: Client) -> Reply:
        return self.post_form("/oauth2/server/revoke", {"token": token}, client.basic)
