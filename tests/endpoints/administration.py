"""The registration endpoints over the in-memory stores, and an administrator's token."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.audit import Actor
from chalicelib.directory.users import Users
from chalicelib.endpoints.admin import ROUTES, open_administration
from chalicelib.oauth.certificate_assertion import CertificateHeader
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.model import AccessToken, Grant, GrantKind, LifeCycle, LifeCycleType
from chalicelib.oauth.tokens import TokenKind, digest, mint, new_secret
from chalicelib.oauth.validation import TokenValidator
from chalicelib.protected.guard import Guard
from chalicelib.registry.applications import Applications
from chalicelib.usage import Usage
from tests.fakes.clock import FakeClock
from tests.fakes.stores import FakeStores
from tests.keys import FakeKeyRings, FakeProtector, open_ring
from tests.signing import ISSUER

SYSTEM = Actor(None, None, None, "192.0.2.1")


@dataclass(frozen=True)
class Reply:
    """An answer as a client would see it."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> dict[str, str]:
        assert self.status in (400, 409), self.body
        return dict(self.body["fields"])


class Administration:
    """Calls the endpoints as an administrator, unless another token is given."""

    def __init__(self, stores: Any = None, clock: Any = None) -> None:
        self.stores = stores or FakeStores()
        self.clock = clock or FakeClock()
        validator = TokenValidator(self.stores.grants, self.clock)
        header = CertificateHeader(self.stores.grants, self.clock, ISSUER)
        self.endpoints = open_administration(
            guard=Guard(validator, header),
            applications=self.stores.applications,
            users=self.stores.users,
            sessions=self.stores.sessions,
            consents=self.stores.consents,
            files=self.stores.certificate_files,
            trail=self.stores.audit,
            callbacks=self.stores.callbacks,
            usage=Usage(self.stores.usage, self.clock),
            queries=self.stores.queries,
            reader=self.stores.grants,
            ring=open_ring(FakeKeyRings(), FakeProtector(), self.clock),
            clock=self.clock,
            issuer=ISSUER,
        )
        self.users = Users(self.stores.users, self.clock)
        self.applications = Applications(
            self.stores.applications, self.stores.users, self.stores.certificate_files, self.clock
        )
        roles = ["administrator"]
        self.administrator = self.add_user("admon", roles=roles)
        self.token = self.token_of(self.add_client("Console", ["admin"], "admon"))

    def add_user(self, name: str, **values: Any) -> str:
        account = self.users.create({"user_name": name, "user_domain": "domain", **values}, SYSTEM)
        return account.user.user_id

    def add_client(self, name: str, scopes: list[str], user_name: str) -> str:
        """The id of a new client-credentials application."""
        values = client_credentials(name, allowed_scopes=scopes, user_name=user_name)
        return self.applications.register(values, SYSTEM).registration.application.client_id

    def token_of(self, client_id: str, *, lifetime_seconds: int = 3600, **changes: Any) -> str:
        """A token issued now to an application, as the token endpoint issues it."""
        application = self.applications.load(client_id).application
        user = self.users.load(application.user_id or "").user
        now, grant_id = self.clock.now(), new_ulid()
        value = mint(TokenKind.ACCESS, client_id, user.user_id, grant_id, new_secret())
        grant = Grant(
            client_id=client_id,
            grant_id=grant_id,
            kind=GrantKind.CLIENT_CREDENTIALS,
            created_at=now,
            creation_nonce=grant_id,
            subject=user.user_id,
            scopes=application.allowed_scopes,
            application_epoch=application.token_epoch,
            user_epoch=user.token_epoch,
            life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, lifetime_seconds),
            access_tokens={digest(value): AccessToken(now, now + lifetime_seconds)},
        )
        self.stores.grants.create(replace(grant, **changes))
        return value

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, list[str]] | None = None,
    ) -> Reply:
        """Answer one request; `body` is sent as JSON, bytes as they are."""
        names = {"content-type": "application/json"} if body is not None else {}
        names |= {"authorization": f"Bearer {self.token if token is None else token}"}
        names |= {name.lower(): value for name, value in (headers or {}).items()}
        template, parameters = match(path)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = Request(
            method=method,
            path=path,
            headers={name: [value] for name, value in names.items() if value},
            query=query or {},
            path_parameters=parameters,
            body=b"" if body is None else content,
            source_ip="192.0.2.7",
        )
        return self.answer(ROUTES[template][method], request)

    def answer(self, name: str, request: Request) -> Reply:
        """The endpoint's answer, its refusals told as the edge tells them."""
        try:
            response: Response = self.endpoints[name](request)
        except OAuthError as error:
            return Reply(error.status, error.body(), error.headers())
        body = response.body
        if not isinstance(body, bytes):
            body = json.loads(json.dumps(body))
        return Reply(response.status, body, response.headers)

    def register(self, **changes: Any) -> Any:
        """The answer's body to a valid registration with these fields changed."""
        reply = self.call("POST", "/admin/applications", client_credentials(**changes))
        assert reply.status == 201, reply.body
        return reply.body


def match(path: str) -> tuple[str, dict[str, str]]:
    """The route of a path, literal ones first, and what stands in its braces."""
    parts = path.split("/")
    for template in sorted(ROUTES, key=lambda template: template.count("{")):
        names = template.split("/")
        if len(names) != len(parts):
            continue
        pairs = list(zip(names, parts, strict=True))
        if all(name == part or name.startswith("{") for name, part in pairs):
            return template, {name[1:-1]: part for name, part in pairs if name[0:1] == "{"}
    raise AssertionError(f"no route for {path}")


def client_credentials(name: str = "Payroll", **changes: Any) -> dict[str, Any]:
    """A valid form; a change to `...` leaves the field out."""
    values = {
        "name": name,
        "grant_type": "client_credentials",
        "allowed_scopes": ["api"],
        "user_name": "admon",
        "user_domain": "domain",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not ...}
