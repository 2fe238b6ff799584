"""Made-up applications, users, grants and events for the tests of storage."""

from dataclasses import replace
from typing import Any

from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.model import Account
from chalicelib.oauth.ids import new_client_id, new_ulid, new_user_id
from chalicelib.oauth.model import (
    AccessToken,
    Application,
    CertificateKey,
    Grant,
    GrantKind,
    GrantType,
    LifeCycle,
    LifeCycleType,
    Secret,
    User,
)
from chalicelib.registry.model import CertificateDetails, Registration
from tests.fakes.clock import START
from tests.fakes.stores import AnyStores

TOKEN = "ab" * 32
SLIDING = LifeCycle(LifeCycleType.SLIDING, 600, 6000)
ENDLESS = LifeCycle(LifeCycleType.ABSOLUTE, None)


def secret(**changes: Any) -> Secret:
    values = {"secret_id": new_ulid(), "hash": "cd" * 32, "created_at": START}
    return Secret(**(values | changes))


def certificate(thumbprint: str = "ef" * 32) -> CertificateKey:
    return CertificateKey(thumbprint, b"\x30\x00", START, START + 1000)


def application(**changes: Any) -> Application:
    client_id = changes.pop("client_id", new_client_id())
    values: dict[str, Any] = {
        "name": f"Application {client_id}",
        "grant_type": GrantType.CLIENT_CREDENTIALS,
        "allowed_scopes": frozenset({"api", "user_sync"}),
        "life_cycle": SLIDING,
        "secrets": (secret(),),
    }
    return Application(client_id=client_id, **(values | changes))


def registration(app: Application | None = None, **changes: Any) -> Registration:
    app = app or application()
    values: dict[str, Any] = {"created_at": START, "updated_at": START}
    if app.certificate is not None:
        values["certificate"] = CertificateDetails(
            "12" * 32, "application/x-x509-ca-cert", "CN=a", "CN=b", "17", "RSA 2048"
        )
    return Registration(application=app, **(values | changes))


def create_application(stores: AnyStores, **changes: object) -> Registration:
    one = registration(application(**changes))
    stores.applications.create(one, [], event(one.application.client_id))
    return one


def next_registration(before: Registration, **changes: object) -> Registration:
    changed = replace(before.application, version=before.application.version + 1, **changes)
    return replace(before, application=changed, updated_at=START + 10)


def user(**changes: Any) -> User:
    user_id = changes.pop("user_id", new_user_id())
    values = {"user_name": f"user-{user_id}", "user_domain": "domain"}
    return User(user_id=user_id, **(values | changes))


def account(person: User | None = None, **changes: Any) -> Account:
    values = {"created_at": START, "updated_at": START}
    return Account(user=person or user(), **(values | changes))


def grant(client_id: str | None = None, **changes: Any) -> Grant:
    values: dict[str, Any] = {
        "grant_id": new_ulid(),
        "kind": GrantKind.CLIENT_CREDENTIALS,
        "created_at": START,
        "creation_nonce": new_ulid(),
        "scopes": frozenset({"api"}),
        "life_cycle": SLIDING,
        "access_tokens": {TOKEN: AccessToken(START, START + 600)},
    }
    return Grant(client_id=client_id or new_client_id(), **(values | changes))


def event(target: str, action: str = "application.created", at: int = START) -> AuditEvent:
    actor = Actor(new_client_id(), new_user_id(), "domain\\admon", "192.0.2.1")
    return AuditEvent(new_ulid(), at, action, target, actor, {"name": "a", "scopes": ["api"]})
