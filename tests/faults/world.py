"""One deployment over the in-memory DynamoDB, and processes that serve it.

Every `Process` has its own connection, stores, leases and clock, as another Lambda instance
would; what they share are the tables and the true time, both of them the schedule's.
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.consents import Consents
from chalicelib.directory.model import Account
from chalicelib.directory.users import Users
from chalicelib.oauth.id_token import IdTokens
from chalicelib.oauth.ids import new_client_id, new_ulid, new_user_id
from chalicelib.oauth.introspection import IntrospectionEndpoint
from chalicelib.oauth.messages import Request
from chalicelib.oauth.model import (
    Application,
    CertificateKey,
    GrantType,
    LifeCycle,
    LifeCycleType,
    User,
)
from chalicelib.oauth.revocation import RevocationEndpoint
from chalicelib.oauth.signing_keys import KeyRing
from chalicelib.oauth.token_endpoint import TokenEndpoint
from chalicelib.oauth.validation import TokenValidator
from chalicelib.registry.applications import Applications
from chalicelib.registry.grant_types import bears_its_secret
from chalicelib.registry.model import CertificateDetails, Registration
from chalicelib.registry.secrets import ClientSecrets, bearer_grant, new_client_secret
from chalicelib.settings import Settings
from chalicelib.storage.stores import open_stores
from tests.faults.deployment import Send, StubConnection
from tests.keys import FakeProtector
from tests.signing import ISSUER

NOW = 1_800_000_000
LEASE_SECONDS = 1.0
SETTINGS = Settings(
    issuer=ISSUER, table_prefix="test-", lease_seconds=LEASE_SECONDS, usage_seconds=0
)
SYSTEM = Actor(client_id=None, user_id=None, user_name=None, source_ip="192.0.2.1")
SLIDING = LifeCycle(LifeCycleType.SLIDING, lifetime_seconds=600, maximum_seconds=3600)
ABSOLUTE = LifeCycle(LifeCycleType.ABSOLUTE, lifetime_seconds=600)


class TrueTime:
    """A clock that the test turns; `skew` seconds ahead of the truth on the wall."""

    def __init__(
        self, read: Callable[[], float], sleep: Callable[[float], None], skew: float = 0
    ) -> None:
        self._read = read
        self._sleep = sleep
        self._skew = skew

    def now(self) -> int:
        return int(self.wall())

    def wall(self) -> float:
        return self._read() + self._skew

    def monotonic(self) -> float:
        return self._read() - NOW

    def sleep(self, seconds: float) -> None:
        self._sleep(seconds)


class StillTime(TrueTime):
    """A clock on its own: it goes on only while somebody sleeps."""

    def __init__(self, now: float = NOW) -> None:
        self.time = now
        super().__init__(lambda: self.time, self._pass)

    def _pass(self, seconds: float) -> None:
        self.time += seconds


class MemoryFiles:
    """Fulfils `CertificateFiles`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def save(self, file_sha256: str, content: bytes, media_type: str) -> None:  # noqa: ARG002 - the port's signature
        self.files[file_sha256] = content

    def load(self, file_sha256: str) -> bytes:
        return self.files[file_sha256]


class Process:
    """One process with everything it serves."""

    def __init__(self, clock: TrueTime, send: Send, settings: Settings = SETTINGS) -> None:
        self.clock = clock
        self.stores = open_stores(settings, clock, StubConnection(clock, send))
        grants = self.stores.grants
        self.validator = TokenValidator(grants, clock)
        ring = KeyRing(self.stores.key_rings, FakeProtector(), clock, ISSUER)
        self.token = TokenEndpoint(grants, IdTokens(ring, ISSUER), clock, ISSUER)
        self.introspect = IntrospectionEndpoint(grants, self.validator, clock, ISSUER)
        self.revoke = RevocationEndpoint(grants, clock, ISSUER)
        self.applications = Applications(
            self.stores.applications, self.stores.users, MemoryFiles(), clock
        )
        self.secrets = ClientSecrets(self.stores.applications, clock)
        self.users = Users(self.stores.users, clock)
        self.consents = Consents(self.stores.consents, clock)


def register_user(process: Process, name: str = "machine", *roles: str) -> User:
    """A user in the directory."""
    now = process.clock.now()
    user = User(new_user_id(), name, "domain", roles=frozenset(roles))
    event = AuditEvent(new_ulid(), now, "user.created", user.user_id, SYSTEM)
    process.stores.users.create(Account(user, now, now), None, event)
    return user


def register_application(
    process: Process,
    grant_type: GrantType,
    *,
    user: User | None = None,
    life_cycle: LifeCycle = ABSOLUTE,
    certificate: CertificateKey | None = None,
    **fields: Any,
) -> tuple[Application, str]:
    """A registered application, written as the registry does, and its secret ("" for none)."""
    now = process.clock.now()
    application = Application(
        client_id=new_client_id(),
        name=f"application {new_ulid()}",
        grant_type=grant_type,
        allowed_scopes=frozenset({"api", "odata_query"}),
        life_cycle=life_cycle,
        user_id=None if user is None else user.user_id,
        certificate=certificate,
        **fields,
    )
    value = ""
    grants = []
    if grant_type is not GrantType.CLIENT_CERTIFICATE:
        secret = new_client_secret(application.client_id, now)
        value = secret.value
        application = replace(application, secrets=(secret.stored,))
        if bears_its_secret(grant_type):
            grants = [bearer_grant(application, secret.stored)]
    details = None if certificate is None else _details()
    registration = Registration(application, now, now, certificate=details)
    event = AuditEvent(new_ulid(), now, "application.created", application.client_id, SYSTEM)
    process.stores.applications.create(registration, grants, event)
    return application, value


def _details() -> CertificateDetails:
    return CertificateDetails("0" * 64, "application/x-pem-file", "CN=a", "CN=a", "1", "EC P-256")


def form_request(client_id: str = "", secret: str = "", **parameters: str) -> Request:
    """A POST as the token, introspection and revocation endpoints take it."""
    headers = {"content-type": ["application/x-www-form-urlencoded"]}
    if secret:
        credentials = b64encode(f"{client_id}:{secret}".encode()).decode()
        headers["authorization"] = [f"Basic {credentials}"]
    return Request("POST", "/", headers=headers, body=urlencode(parameters).encode())
