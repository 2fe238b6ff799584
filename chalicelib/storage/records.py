"""The records of the first five tables: their attributes and indexes.

A record describes items; it never does I/O (`Database` does), and no record leaves `storage`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, cast

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib.oauth.model import (
    BuiltIn,
    Code,
    Consent,
    GrantKind,
    GrantType,
    Introspection,
    Login,
    RedirectStrategy,
    RefreshTokens,
    Status,
)
from chalicelib.storage.attributes import (
    AccessTokensAttribute,
    CertificateKeyAttribute,
    CountsAttribute,
    EnumAttribute,
    Item,
    JsonAttribute,
    LifeCycleAttribute,
    NamesAttribute,
    PartAttribute,
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


class ListedRecord(Record):
    """What markers in the index `by_name` share: the list they are in, and their place in it."""

    listed = UnicodeAttribute()
    sort_name = UnicodeAttribute()


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
    redirect_uri_hashes = NamesAttribute(null=True)
    public = BooleanAttribute(null=True)
    id_token_signed_response_alg = UnicodeAttribute(null=True)
    built_in = EnumAttribute(BuiltIn, null=True)


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
    post_logout_redirect_uris = StringsAttribute(null=True)
    certificate = JsonAttribute(null=True)


class NameIndex(GlobalSecondaryIndex["NameRecord"]):  # type: ignore[no-untyped-call] # PynamoDB types no __init_subclass__
    """The names of one list in order: markers are few bytes, so it holds the whole of them."""

    class Meta:
        """The index."""

        index_name = "by_name"
        projection = AllProjection()

    listed = UnicodeAttribute(hash_key=True)
    sort_name = UnicodeAttribute(range_key=True)


class AgeIndex(GlobalSecondaryIndex["NameRecord"]):  # type: ignore[no-untyped-call] # PynamoDB types no __init_subclass__
    """The same by age: ids of applications begin with the time at which they were made."""

    class Meta:
        """The index."""

        index_name = "by_age"
        projection = AllProjection()

    listed = UnicodeAttribute(hash_key=True)
    owner = UnicodeAttribute(range_key=True)


class NameRecord(ListedRecord):
    """`name#<folded name>`: marks a name as taken by `owner`, and puts the owner into its list.

    The last four attributes are the owner's, for lists that show some applications alone.
    """

    class Meta:
        """The table, here that of applications; the users' is `UserNameRecord`."""

        table_name = APPLICATIONS

    owner = UnicodeAttribute()
    folded_name = UnicodeAttribute()
    folded_domain = UnicodeAttribute(null=True)
    grant_type = EnumAttribute(GrantType, null=True)
    allowed_scopes = NamesAttribute(null=True)
    status = EnumAttribute(Status, null=True)
    user_id = UnicodeAttribute(null=True)
    by_name = NameIndex()
    by_age = AgeIndex()


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
    consent_epochs = CountsAttribute(null=True)


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
    external_id = UnicodeAttribute(null=True)
    attributes = JsonAttribute(null=True)
    deleted_at = WholeNumberAttribute(null=True)
    disabled_by = UnicodeAttribute(null=True)


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


class UserNameRecord(ListedRecord):
    r"""`name#<folded domain>\<folded name>`: as `NameRecord`, of users."""

    class Meta:
        """The table."""

        table_name = USERS

    owner = UnicodeAttribute()
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
    consent_epoch = WholeNumberAttribute(null=True)
    life_cycle = LifeCycleAttribute()
    access_tokens = AccessTokensAttribute()
    ends_at = WholeNumberAttribute(null=True)
    assertion_ends_at = WholeNumberAttribute(null=True)
    code = PartAttribute(Code)
    refresh_tokens = PartAttribute(RefreshTokens)
    login = PartAttribute(Login)
    revoked_at = WholeNumberAttribute(null=True)
    version = WholeNumberAttribute()
    nonce = UnicodeAttribute()
    expires_at = TimeToLiveAttribute(null=True)


class KeyRingRecord(Record):
    """`ring#<issuer>`: the keys of one issuer; their private halves encrypted with KMS."""

    class Meta:
        """The table."""

        table_name = SIGNING_KEYS

    issuer = UnicodeAttribute()
    version = WholeNumberAttribute()
    keys = JsonAttribute()


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
    KeyRingRecord,
    AuditEventRecord,
)
