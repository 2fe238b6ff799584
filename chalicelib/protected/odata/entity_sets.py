"""Users, Domains, Applications and AuditEvents: their properties, and no secret among them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from chalicelib.oauth.model import Secret, User
from chalicelib.protected.odata.shapes import BOOLEAN, INTEGER, TIME, Column, Shape
from chalicelib.registry.drafts import form_values
from chalicelib.registry.model import Registration


@dataclass(frozen=True, slots=True)
class RegisteredApplication:
    """A registration, the user that it acts as, and its form as it would be filled now."""

    registration: Registration
    user: User | None
    form: dict[str, Any]

    @classmethod
    def of(cls, registration: Registration, user: User | None) -> "RegisteredApplication":
        return cls(registration, user, form_values(registration, user))


def time_of(seconds: int | None) -> datetime | None:
    """Epoch seconds as a value of Edm.DateTimeOffset; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _text(name: str, path: str, description: str = "", *, nullable: bool = True) -> Column:
    return Column(name, attrgetter(path), nullable=nullable, description=description)


def _number(name: str, path: str, description: str = "") -> Column:
    return Column(name, attrgetter(path), INTEGER, nullable=False, description=description)


def _time(name: str, path: str, description: str = "", *, nullable: bool = False) -> Column:
    read = attrgetter(path)
    return Column(
        name,
        lambda record: time_of(read(record)),
        TIME,
        nullable=nullable,
        description=description,
    )


def _form(name: str, field: str, type_name: str = "Edm.String", **facets: Any) -> Column:
    return Column(name, lambda record: record.form[field], type_name, **facets)


USERS = Shape(
    "Users",
    "User",
    "People and machine users. Lookups: id; userName, with or without domain; email; externalId.",
    (
        _text("id", "user.user_id", nullable=False),
        _text("userName", "user.user_name", "Unique within the domain.", nullable=False),
        _text("domain", "user.user_domain", nullable=False),
        _text("email", "email"),
        _text("givenName", "given_name"),
        _text("familyName", "family_name"),
        _text("externalId", "external_id", "The name that provisioning gave."),
        _text("status", "user.status.value", "enabled or disabled", nullable=False),
        Column("roles", lambda account: sorted(account.user.roles), collection=True),
        _number("version", "user.version"),
        _time("createdAt", "created_at"),
        _time("updatedAt", "updated_at"),
    ),
)


DOMAINS = Shape(
    "Domains",
    "Domain",
    "Names within which user names are unique. Lookup: name; what name starts with.",
    (
        _text("name", "name", nullable=False),
        _number("userCount", "users", "How many of its users may be seen."),
    ),
)


def _secrets(record: RegisteredApplication) -> tuple[Secret, ...]:
    return record.registration.application.secrets


_SECRET_PARTS = (
    _text("secretId", "secret_id", nullable=False),
    _time("createdAt", "created_at"),
    _time("endsAt", "ends_at", nullable=True),
    Column("bearerRevoked", attrgetter("bearer_revoked"), BOOLEAN, nullable=False),
)


def _certificate(record: RegisteredApplication) -> object:
    """The key's and the file's details side by side; None where there is none."""
    key = record.registration.application.certificate
    details = record.registration.certificate
    return None if key is None or details is None else _Certificate(key, details)


@dataclass(frozen=True, slots=True)
class _Certificate:
    key: Any
    details: Any


_CERTIFICATE_PARTS = (
    _text("subject", "details.subject", nullable=False),
    _text("issuer", "details.issuer", nullable=False),
    _text("serialNumber", "details.serial_number", nullable=False),
    _text("key", "details.key_description", nullable=False),
    _text("thumbprint", "key.thumbprint", "SHA-256 of the DER form.", nullable=False),
    _time("notBefore", "key.not_before"),
    _time("notAfter", "key.not_after"),
)

_OF_APPLICATION = "registration.application"

APPLICATIONS = Shape(
    "Applications",
    "Application",
    "Registered applications, without secrets. Lookups: clientId; name; what name starts with.",
    (
        _text("clientId", f"{_OF_APPLICATION}.client_id", nullable=False),
        _form("name", "name", nullable=False),
        _text("status", f"{_OF_APPLICATION}.status.value", "enabled or disabled", nullable=False),
        _form("grantType", "grant_type", nullable=False),
        _form("allowedScopes", "allowed_scopes", collection=True),
        _text("userId", f"{_OF_APPLICATION}.user_id", "The user acted as."),
        _form("userName", "user_name"),
        _form("userDomain", "user_domain"),
        _form("website", "website"),
        _form("description", "description"),
        _form("redirectStrategy", "redirect_strategy"),
        _form("redirectUris", "redirect_uris", collection=True),
        _form("localhostPort", "localhost_port", INTEGER),
        _form(
            "tokenLifetimeMinutes",
            "token_lifetime_minutes",
            INTEGER,
            description="Null: tokens never end.",
        ),
        _form("lifeCycleType", "life_cycle_type", nullable=False),
        _form("maximumLifetimeMinutes", "maximum_lifetime_minutes", INTEGER),
        _form("postLogoutRedirectUris", "post_logout_redirect_uris", collection=True),
        _form("public", "public", BOOLEAN, nullable=False),
        _form("idTokenSignedResponseAlg", "id_token_signed_response_alg", nullable=False),
        _form("requirePkce", "require_pkce", BOOLEAN, nullable=False),
        _form("consent", "consent", nullable=False),
        _form("introspection", "introspection", nullable=False),
        _form(
            "headerAcceptsIssuerAudience", "header_accepts_issuer_audience", BOOLEAN, nullable=False
        ),
        _number("version", f"{_OF_APPLICATION}.version"),
        _time("createdAt", "registration.created_at"),
        _time("updatedAt", "registration.updated_at"),
        Column("secrets", _secrets, "Secret", collection=True, parts=_SECRET_PARTS),
        Column("certificate", _certificate, "Certificate", parts=_CERTIFICATE_PARTS),
    ),
)


def _changes(event: Any) -> str:
    return json.dumps(dict(event.changes), sort_keys=True, ensure_ascii=False)


AUDIT_EVENTS = Shape(
    "AuditEvents",
    "AuditEvent",
    "Who changed what, newest first. Lookups: id; target; ranges of at.",
    (
        _text("id", "event_id", "Sorts by time.", nullable=False),
        _time("at", "at"),
        _text("action", "action", "For example application.created.", nullable=False),
        _text("target", "target", "The client_id or user id.", nullable=False),
        _text("actorClientId", "actor.client_id"),
        _text("actorUserId", "actor.user_id"),
        _text("actorUserName", "actor.user_name", r"domain\user"),
        _text("sourceIp", "actor.source_ip", nullable=False),
        Column("changes", _changes, nullable=False, description="JSON: fields and new values."),
    ),
)

SHAPES = (USERS, DOMAINS, APPLICATIONS, AUDIT_EVENTS)
