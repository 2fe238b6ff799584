"""The records of applications, users, grants, keys and events: their attributes and indexes."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

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
    JsonAttribute,
    LifeCycleAttribute,
    NamesAttribute,
    PartAttribute,
    SecretsAttribute,
    StringsAttribute,
    TimeToLiveAttribute,
    WholeNumberAttribute,
)
from chalicelib.storage.tables import (
    AUDIT_EVENTS,
    InApplications,
    InSigningKeys,
    InTokens,
    InUsers,
    ListedRecord,
    Record,
    RecordIndex,
)

APPLICATION_LIST = "application"
USER_LIST = "user"


class ApplicationRecord(InApplications):
    """`application#<client_id>`: what the token path reads of an application, at most 4 KB."""

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


class ApplicationDetailRecord(InApplications):
    """`detail#<client_id>`: the long texts; `version` is that of the item it belongs to."""

    version = WholeNumberAttribute()
    created_at = WholeNumberAttribute()
    updated_at = WholeNumberAttribute()
    website = UnicodeAttribute(null=True)
    description = UnicodeAttribute(null=True)
    redirect_uris = StringsAttribute()
    post_logout_redirect_uris = StringsAttribute(null=True)
    certificate = JsonAttribute(null=True)


class NameIndex(RecordIndex["NameRecord"], name="by_name"):
    """The names of one list in order: markers are few bytes, so it holds the whole of them."""

    listed = UnicodeAttribute(hash_key=True)
    sort_name = UnicodeAttribute(range_key=True)


class AgeIndex(RecordIndex["NameRecord"], name="by_age"):
    """The same by age: ids of applications begin with the time at which they were made."""

    listed = UnicodeAttribute(hash_key=True)
    owner = UnicodeAttribute(range_key=True)


class NameRecord(ListedRecord, InApplications):
    """`name#<folded name>`: marks a name as taken by `owner`, and puts the owner into its list.

    The last four attributes are the owner's, for lists that show some applications alone.
    """

    owner = UnicodeAttribute()
    folded_name = UnicodeAttribute()
    folded_domain = UnicodeAttribute(null=True)
    grant_type = EnumAttribute(GrantType, null=True)
    allowed_scopes = NamesAttribute(null=True)
    status = EnumAttribute(Status, null=True)
    user_id = UnicodeAttribute(null=True)
    by_name = NameIndex()
    by_age = AgeIndex()


class CertificateRecord(InApplications):
    """`certificate#<thumbprint>`: marks a certificate as held by `owner`."""

    owner = UnicodeAttribute()


class UserRecord(InUsers):
    """`user#<user_id>`: what the token path reads of a user."""

    user_id = UnicodeAttribute()
    user_name = UnicodeAttribute()
    user_domain = UnicodeAttribute()
    status = EnumAttribute(Status)
    roles = NamesAttribute(null=True)
    token_epoch = WholeNumberAttribute()
    version = WholeNumberAttribute()
    consent_epochs = CountsAttribute(null=True)


class UserDetailRecord(InUsers):
    """`detail#<user_id>`: the rest of a user; `version` is that of the item it belongs to."""

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


class PasswordRecord(InUsers):
    """`password#<user_id>`: an Argon2id hash, apart so that nothing reads it by the way."""

    password_hash = UnicodeAttribute()


class UserNameIndex(RecordIndex["UserNameRecord"], name="by_name"):
    """As `NameIndex`, of users."""

    listed = UnicodeAttribute(hash_key=True)
    sort_name = UnicodeAttribute(range_key=True)


class UserNameRecord(ListedRecord, InUsers):
    r"""`name#<folded domain>\<folded name>`: as `NameRecord`, of users."""

    owner = UnicodeAttribute()
    folded_name = UnicodeAttribute()
    folded_domain = UnicodeAttribute()
    by_name = UserNameIndex()


class GrantRecord(InTokens):
    """`grant#<client_id>#<grant_id>`: one act of authorization."""

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


class KeyRingRecord(InSigningKeys):
    """`ring#<issuer>`: the keys of one issuer; their private halves encrypted with KMS."""

    issuer = UnicodeAttribute()
    version = WholeNumberAttribute()
    keys = JsonAttribute()


class TargetIndex(RecordIndex["AuditEventRecord"], name="by_target"):
    """The events of one application or user, by time; written once, so held whole."""

    target = UnicodeAttribute(hash_key=True)
    event_id = UnicodeAttribute(range_key=True)


class MonthIndex(RecordIndex["AuditEventRecord"], name="by_month"):
    """All events of one month, by time."""

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
