"""Between items and the domain: how applications, users, grants and events are written and read."""

from collections.abc import Callable
from typing import Any

from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.model import Account, fold
from chalicelib.oauth import life_cycle
from chalicelib.oauth.model import Application, Grant, User
from chalicelib.registry.model import CertificateDetails, Registration
from chalicelib.storage.attributes import Item
from chalicelib.storage.keys import (
    application_key,
    detail_key,
    event_key,
    grant_key,
    name_key,
    sort_name,
    user_key,
)
from chalicelib.storage.records import (
    APPLICATION_LIST,
    USER_LIST,
    ApplicationDetailRecord,
    ApplicationRecord,
    AuditEventRecord,
    GrantRecord,
    NameRecord,
    UserDetailRecord,
    UserNameRecord,
    UserRecord,
)

_SECONDS_PER_DAY = 86_400


def _fields_of(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


_APPLICATION_FIELDS = tuple(Application.__dataclass_fields__)
# Copied to the marker of an application's name, which every write of them renews.
NARROWING_FIELDS = ("grant_type", "allowed_scopes", "status", "user_id")
_USER_FIELDS = tuple(User.__dataclass_fields__)
_GRANT_FIELDS = tuple(Grant.__dataclass_fields__)
_REGISTRATION_FIELDS = (
    "created_at",
    "updated_at",
    "website",
    "description",
    "redirect_uris",
    "post_logout_redirect_uris",
)
_ACCOUNT_FIELDS = (
    "created_at",
    "updated_at",
    "email",
    "given_name",
    "family_name",
    "external_id",
    "deleted_at",
    "disabled_by",
)


def write_application(application: Application) -> Item:
    """The item of the token path."""
    values = _fields_of(application, _APPLICATION_FIELDS)
    return ApplicationRecord.write(application_key(application.client_id), values)


def read_application(item: Item) -> Application:
    """The inverse of `write_application`."""
    return Application(**ApplicationRecord.read(item))


def write_application_detail(registration: Registration) -> Item:
    """The sibling item of an application."""
    values = _fields_of(registration, _REGISTRATION_FIELDS)
    values["version"] = registration.application.version
    if registration.certificate is not None:
        values["certificate"] = _fields_of(
            registration.certificate, tuple(CertificateDetails.__dataclass_fields__)
        )
    return ApplicationDetailRecord.write(detail_key(registration.application.client_id), values)


def read_registration(item: Item, detail: Item) -> Registration:
    """An application from its two items."""
    values = ApplicationDetailRecord.read(detail)
    del values["version"]
    if "certificate" in values:
        values["certificate"] = CertificateDetails(**values["certificate"])
    return Registration(application=read_application(item), **values)


def write_application_name(application: Application) -> Item:
    """The marker of an application's name, with what lists are narrowed by."""
    folded_name = fold(application.name)
    return NameRecord.write(
        name_key(folded_name),
        {
            "owner": application.client_id,
            "listed": APPLICATION_LIST,
            "sort_name": sort_name(folded_name),
            "folded_name": folded_name,
            **_fields_of(application, NARROWING_FIELDS),
        },
    )


def write_user(user: User) -> Item:
    """The item of the token path."""
    return UserRecord.write(user_key(user.user_id), _fields_of(user, _USER_FIELDS))


def read_user(item: Item) -> User:
    """The inverse of `write_user`."""
    return User(**UserRecord.read(item))


def write_user_detail(account: Account) -> Item:
    """The sibling item of a user."""
    values = _fields_of(account, _ACCOUNT_FIELDS)
    values["attributes"] = account.attributes or None
    values["version"] = account.user.version
    return UserDetailRecord.write(detail_key(account.user.user_id), values)


def read_account(item: Item, detail: Item) -> Account:
    """A user from its two items."""
    values = UserDetailRecord.read(detail)
    del values["version"]
    return Account(user=read_user(item), **values)


def write_user_name(user_id: str, folded_domain: str, folded_name: str) -> Item:
    """The marker of a user's name."""
    return UserNameRecord.write(
        name_key(folded_name, folded_domain),
        {
            "owner": user_id,
            "listed": USER_LIST,
            "sort_name": sort_name(folded_name),
            "folded_name": folded_name,
            "folded_domain": folded_domain,
        },
    )


def write_grant(grant: Grant) -> Item:
    """The item of a grant, with the TTL that its ends give."""
    values = _fields_of(grant, _GRANT_FIELDS)
    if grant.revoked_at is None:
        values["expires_at"] = life_cycle.delete_at(grant)
    else:
        values["expires_at"] = life_cycle.delete_revoked_at(grant, grant.revoked_at)
    return GrantRecord.write(grant_key(grant.client_id, grant.grant_id), values)


def read_grant(item: Item) -> Grant:
    """The inverse of `write_grant`."""
    values = GrantRecord.read(item)
    values.pop("expires_at", None)
    return Grant(**values)


def write_event(event: AuditEvent, month: Callable[[int], str], retention_days: int) -> Item:
    """The item of an audit event; `month` names the bucket of a time."""
    return AuditEventRecord.write(
        event_key(event.event_id),
        {
            "event_id": event.event_id,
            "at": event.at,
            "month": month(event.at),
            "action": event.action,
            "target": event.target,
            "actor": _fields_of(event.actor, tuple(Actor.__dataclass_fields__)),
            "changes": event.changes,
            "expires_at": event.at + retention_days * _SECONDS_PER_DAY,
        },
    )


def read_event(item: Item) -> AuditEvent:
    """The inverse of `write_event`."""
    values = AuditEventRecord.read(item)
    values["actor"] = Actor(**values["actor"])
    return AuditEvent(**_only(values, tuple(AuditEvent.__dataclass_fields__)))


def _only(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names}
