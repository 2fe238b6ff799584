"""The records of the five tables: their keys, attributes and indexes, to and from the domain.

A record describes items; it never does I/O (`Database` does), and no record leaves `storage`.
Every key names its kind, so an item of one kind can never be taken for another (checklist 22).
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol, cast

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.model import Account
from chalicelib.oauth import life_cycle
from chalicelib.oauth.model import (
    Application,
    Consent,
    Grant,
    GrantKind,
    GrantType,
    Introspection,
    RedirectStrategy,
    Status,
    User,
)
from chalicelib.registry.model import CertificateDetails, Registration
from chalicelib.storage.attributes import (
    AccessTokensAttribute,
    CertificateKeyAttribute,
    EnumAttribute,
    Item,
    JsonAttribute,
    LifeCycleAttribute,
    NamesAttribute,
    SecretsAttribute,
    StringsAttribute,
    TimeToLiveAttribute,
    WholeNumberAttribute,
)

APPLICATIONS = "applications"
USERS = "users"
TOKENS = "tokens"
SIGNING_KEYS = "signing_keys"
AUDIT_EVENTS = "audit_events"

APPLICATION_LIST = "application"
USER_LIST = "user"

MAXIMUM_KEY_BYTES = 2048
# Folding can make 100 characters 1,800, each of up to 4 bytes, which no key holds; an index's
# sort key holds 1,024 bytes.
MAXIMUM_NAME_KEY_BYTES = 1024
SORT_NAME_CHARACTERS = 200

_SECONDS_PER_DAY = 86_400


class _Codec(Protocol):
    attr_type: str

    def serialize(self, value: Any) -> Any: ...

    def deserialize(self, value: Any) -> Any: ...


class Record(Model):
    """What all records share: one string key."""

    key = UnicodeAttribute(hash_key=True)

    @classmethod
    def write(cls, key: str, values: Mapping[str, object]) -> Item:
        """The item of this kind; a value of None is left out. Unknown names raise KeyError."""
        item: Item = {"key": {"S": key}}
        codecs = _codecs(cls)
        for name, value in values.items():
            codec = codecs[name]
            serialized = None if value is None else codec.serialize(value)
            if serialized is not None:
                item[name] = {codec.attr_type: serialized}
        return item

    @classmethod
    def read(cls, item: Item) -> dict[str, Any]:
        """The item's values by name, without what is absent."""
        return {
            name: codec.deserialize(item[name][codec.attr_type])
            for name, codec in _codecs(cls).items()
            if name in item
        }


@cache
def _codecs(record: type[Record]) -> dict[str, _Codec]:
    attributes = record.get_attributes()
    return {name: cast("_Codec", attributes[name]) for name in attributes if name != "key"}


class ApplicationRecord(Record):
    """`application#<client_id>`: what the token path reads of an application, at most 4 KB."""

    class Meta:
        """The table."""

        table_name = APPLICATIONS

    client_id = UnicodeAttribute()
    name = UnicodeAttribute()
    grant_type = EnumAttribute(GrantType)
    allowed_scopes = NamesAttribute(null=True)
    life_cycle = LifeCycleAttribute()
    user_id = UnicodeAttribute(null=True)
    status = EnumAttribute(Status)
    token_epoch = WholeNumberAttribute()
    version = WholeNumberAttribute()
    secrets = SecretsAttribute()
    certificate = CertificateKeyAttribute(null=True)
    introspection = EnumAttribute(Introspection)
    assertions_valid_from = WholeNumberAttribute()
    header_accepts_issuer_audience = BooleanAttribute()
    redirect_strategy = EnumAttribute(RedirectStrategy, null=True)
    localhost_port = WholeNumberAttribute(null=True)
    require_pkce = BooleanAttribute()
    consent = EnumAttribute(Consent)


class ApplicationDetailRecord(Record):
    """`detail#<client_id>`: the long texts; `version` is that of the item it belongs to."""

    class Meta:
        """The table."""

        table_name = APPLICATIONS

    version = WholeNumberAttribute()
    created_at = WholeNumberAttribute()
    updated_at = WholeNumberAttribute()
    website = UnicodeAttribute(null=True)
    description = UnicodeAttribute(null=True)
    redirect_uris = StringsAttribute()
    certificate = JsonAttribute(null=True)


class NameIndex(GlobalSecondaryIndex["NameRecord"]):  # type: ignore[no-untyped-call] # PynamoDB types no __init_subclass__
    """The names of one list in order: markers are few bytes, so it holds the whole of them."""

    class Meta:
        """The index."""

        index_name = "by_name"
        projection = AllProjection()

    listed = UnicodeAttribute(hash_key=True)
    sort_name = UnicodeAttribute(range_key=True)


class NameRecord(Record):
    """`name#<folded name>`: marks a name as taken by `owner`, and puts the owner into its list."""

    class Meta:
        """The table, here that of applications; the users' is `UserNameRecord`."""

        table_name = APPLICATIONS

    owner = UnicodeAttribute()
    listed = UnicodeAttribute()
    sort_name = UnicodeAttribute()
    folded_name = UnicodeAttribute()
    folded_domain = UnicodeAttribute(null=True)
    by_name = NameIndex()


class CertificateRecord(Record):
    """`certificate#<thumbprint>`: marks a certificate as held by `owner`."""

    class Meta:
        """The table."""

        table_name = APPLICATIONS

    owner = UnicodeAttribute()


class UserRecord(Record):
    """`user#<user_id>`: what the token path reads of a user."""

    class Meta:
        """The table."""

        table_name = USERS

    user_id = UnicodeAttribute()
    user_name = UnicodeAttribute()
    user_domain = UnicodeAttribute()
    status = EnumAttribute(Status)
    roles = NamesAttribute(null=True)
    token_epoch = WholeNumberAttribute()
    version = WholeNumberAttribute()


class UserDetailRecord(Record):
    """`detail#<user_id>`: the rest of a user; `version` is that of the item it belongs to."""

    class Meta:
        """The table."""

        table_name = USERS

    version = WholeNumberAttribute()
    created_at = WholeNumberAttribute()
    updated_at = WholeNumberAttribute()
    email = UnicodeAttribute(null=True)
    given_name = UnicodeAttribute(null=True)
    family_name = UnicodeAttribute(null=True)


class PasswordRecord(Record):
    """`password#<user_id>`: an Argon2id hash, apart so that nothing reads it by the way."""

    class Meta:
        """The table."""

        table_name = USERS

    password_hash = UnicodeAttribute()


class UserNameIndex(GlobalSecondaryIndex["UserNameRecord"]):  # type: ignore[no-untyped-call] # PynamoDB types no __init_subclass__
    """As `NameIndex`, of users."""

    class Meta:
        """The index."""

        index_name = "by_name"
        projection = AllProjection()

    listed = UnicodeAttribute(hash_key=True)
    sort_name = UnicodeAttribute(range_key=True)


class UserNameRecord(Record):
    r"""`name#<folded domain>\<folded name>`: as `NameRecord`, of users."""

    class Meta:
        """The table."""

        table_name = USERS

    owner = UnicodeAttribute()
    listed = UnicodeAttribute()
    sort_name = UnicodeAttribute()
    folded_name = UnicodeAttribute()
    folded_domain = UnicodeAttribute()
    by_name = UserNameIndex()


class GrantRecord(Record):
    """`grant#<client_id>#<grant_id>`: one act of authorization."""

    class Meta:
        """The table."""

        table_name = TOKENS

    client_id = UnicodeAttribute()
    grant_id = UnicodeAttribute()
    kind = EnumAttribute(GrantKind)
    created_at = WholeNumberAttribute()
    creation_nonce = UnicodeAttribute()
    subject = UnicodeAttribute(null=True)
    scopes = NamesAttribute(null=True)
    application_epoch = WholeNumberAttribute()
    user_epoch = WholeNumberAttribute()
    life_cycle = LifeCycleAttribute()
    access_tokens = AccessTokensAttribute()
    ends_at = WholeNumberAttribute(null=True)
    assertion_ends_at = WholeNumberAttribute(null=True)
    revoked_at = WholeNumberAttribute(null=True)
    version = WholeNumberAttribute()
    nonce = UnicodeAttribute()
    expires_at = TimeToLiveAttribute(null=True)


class SigningKeyRecord(Record):
    """`key#<kid>`: a key of the ring; the private half encrypted with KMS."""

    class Meta:
        """The table."""

        table_name = SIGNING_KEYS

    kid = UnicodeAttribute()
    state = UnicodeAttribute()
    encrypted_private_key = BinaryAttribute(legacy_encoding=False)


class TargetIndex(GlobalSecondaryIndex["AuditEventRecord"]):  # type: ignore[no-untyped-call] # PynamoDB types no __init_subclass__
    """The events of one application or user, by time; written once, so held whole."""

    class Meta:
        """The index."""

        index_name = "by_target"
        projection = AllProjection()

    target = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)


class MonthIndex(GlobalSecondaryIndex["AuditEventRecord"]):  # type: ignore[no-untyped-call] # PynamoDB types no __init_subclass__
    """All events of one month, by time."""

    class Meta:
        """The index."""

        index_name = "by_month"
        projection = AllProjection()

    month = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)


class AuditEventRecord(Record):
    """`event#<event_id>`: one change; never updated."""

    class Meta:
        """The table."""

        table_name = AUDIT_EVENTS

    event_id = UnicodeAttribute()
    at = WholeNumberAttribute()
    month = UnicodeAttribute()
    action = UnicodeAttribute()
    target = UnicodeAttribute()
    actor = JsonAttribute()
    changes = JsonAttribute()
    expires_at = TimeToLiveAttribute(null=True)
    by_target = TargetIndex()
    by_month = MonthIndex()


RECORDS: tuple[type[Record], ...] = (
    ApplicationRecord,
    ApplicationDetailRecord,
    NameRecord,
    CertificateRecord,
    UserRecord,
    UserDetailRecord,
    PasswordRecord,
    UserNameRecord,
    GrantRecord,
    SigningKeyRecord,
    AuditEventRecord,
)


def application_key(client_id: str) -> str:
    """The key of an application's item."""
    return f"application#{client_id}"


def user_key(user_id: str) -> str:
    """The key of a user's item."""
    return f"user#{user_id}"


def detail_key(owner: str) -> str:
    """The key of the long texts of an application or user."""
    return f"detail#{owner}"


def password_key(user_id: str) -> str:
    """The key of a user's password."""
    return f"password#{user_id}"


def certificate_key(thumbprint: str) -> str:
    """The key of a certificate's marker."""
    return f"certificate#{thumbprint}"


def grant_key(client_id: str, grant_id: str) -> str:
    """The key of a grant."""
    return f"grant#{client_id}#{grant_id}"


def event_key(event_id: str) -> str:
    """The key of an audit event."""
    return f"event#{event_id}"


def can_be_key(text: str) -> bool:
    """Whether DynamoDB could hold this as a key; what cannot be stored is surely absent."""
    try:
        return len(text.encode("utf-8")) <= MAXIMUM_KEY_BYTES
    except UnicodeEncodeError:
        # Half of a surrogate pair, as JSON can spell it.
        return False


def name_key(folded_name: str, folded_domain: str | None = None) -> str:
    """The key of a name's marker; a name too long for a key is marked by its SHA-256."""
    name = folded_name if folded_domain is None else f"{folded_domain}\\{folded_name}"
    encoded = name.encode("utf-8")
    if len(encoded) > MAXIMUM_NAME_KEY_BYTES:
        return f"long_name#{hashlib.sha256(encoded).hexdigest()}"
    return f"name#{name}"


def sort_name(folded_name: str) -> str:
    """The part of a name that orders its list."""
    return folded_name[:SORT_NAME_CHARACTERS]


def _fields_of(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


_APPLICATION_FIELDS = tuple(Application.__dataclass_fields__)
_USER_FIELDS = tuple(User.__dataclass_fields__)
_GRANT_FIELDS = tuple(Grant.__dataclass_fields__)
_REGISTRATION_FIELDS = ("created_at", "updated_at", "website", "description", "redirect_uris")
_ACCOUNT_FIELDS = ("created_at", "updated_at", "email", "given_name", "family_name")


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


def write_application_name(client_id: str, folded_name: str) -> Item:
    """The marker of an application's name."""
    return NameRecord.write(
        name_key(folded_name),
        {
            "owner": client_id,
            "listed": APPLICATION_LIST,
            "sort_name": sort_name(folded_name),
            "folded_name": folded_name,
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
