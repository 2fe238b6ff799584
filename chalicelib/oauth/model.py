"""What the protocol decides on: applications, users and grants as the token path sees them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class GrantType(StrEnum):
    """The grant types of the registration form; `ALL` leaves out the client certificate."""

    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CERTIFICATE = "client_certificate"
    CLIENT_CREDENTIALS = "client_credentials"
    BEARER_TOKEN = "bearer_token"
    ALL = "all"


class LifeCycleType(StrEnum):
    """How a lifetime is counted: from issue, or anew from every accepted use."""

    ABSOLUTE = "absolute"
    SLIDING = "sliding"


class RedirectStrategy(StrEnum):
    """Where the authorization code is delivered to."""

    WEB_APPLICATION = "web_application"
    MOBILE_TITLE_BAR_BROWSER = "mobile_title_bar_browser"
    MOBILE_LOCALHOST_PORT = "mobile_localhost_port"


class Status(StrEnum):
    """Whether an application or a user may do anything at all."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class Introspection(StrEnum):
    """Whose tokens an application may ask about (RFC 7662 §2.1)."""

    OWN = "own"
    ANY = "any"


class Consent(StrEnum):
    """Whether a person is asked before an application gets a code."""

    REQUIRED = "required"
    PREAPPROVED = "preapproved"


class BuiltIn(StrEnum):
    """The applications that are part of the product."""

    CONSOLE = "console"
    COMMAND_LINE = "cli"


class GrantKind(StrEnum):
    """Which act of authorization a grant records."""

    CLIENT_CREDENTIALS = "client_credentials"
    CLIENT_CERTIFICATE = "client_certificate"
    BEARER_TOKEN = "bearer_token"
    BEARER_SECRET = "bearer_secret"
    AUTHORIZATION_CODE = "authorization_code"
    # No grant at all: a signed JWT spent on authenticating to introspection or revocation.
    ASSERTION = "assertion"


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """How long tokens live. Seconds; `lifetime_seconds` None: never ending.

    `maximum_seconds` bounds a sliding life, counted from the grant's creation; None: no bound.
    """

    kind: LifeCycleType
    lifetime_seconds: int | None
    maximum_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """A client secret as stored: the SHA-256 of the whole `gls_` string, never its value.

    `ends_at` ends client authentication. `life_cycle`, fixed at creation, ends only the use as
    a bearer token; `bearer_revoked` ends that use at once.
    """

    secret_id: str
    hash: str
    created_at: int
    ends_at: int | None = None
    bearer_revoked: bool = False


@dataclass(frozen=True, slots=True)
class CertificateKey:
    """What verification needs of an uploaded certificate.

    `thumbprint`: SHA-256 of the DER form, lower-case hex. `public_key`: DER SubjectPublicKeyInfo.
    `not_before`, `not_after`: epoch seconds.
    """

    thumbprint: str
    public_key: bytes
    not_before: int
    not_after: int


@dataclass(frozen=True, slots=True)
class Application:
    """A registered application, as much of it as the token path reads (at most 4 KB stored)."""

    client_id: str
    name: str
    grant_type: GrantType
    allowed_scopes: frozenset[str]
    life_cycle: LifeCycle
    user_id: str | None = None
    status: Status = Status.ENABLED
    token_epoch: int = 0
    version: int = 1
    secrets: tuple[Secret, ...] = ()
    certificate: CertificateKey | None = None
    introspection: Introspection = Introspection.OWN
    # JWTs issued at or before this moment are refused.
    assertions_valid_from: int = 0
    # Accept the bare issuer as `aud` in X-ClientCertificate-Token as well.
    header_accepts_issuer_audience: bool = False
    redirect_strategy: RedirectStrategy | None = None
    localhost_port: int | None = None
    require_pkce: bool = True
    consent: Consent = Consent.REQUIRED
    # `hash_redirect_uri` of each URI registered for a web application.
    redirect_uri_hashes: frozenset[str] = frozenset()
    # A client that cannot keep a secret (RFC 6749 §2.1): it has none and proves nothing.
    public: bool = False
    id_token_signed_response_alg: str = "RS256"
    # What the product itself needs, made at set-up: only its token lifetime may be changed.
    built_in: BuiltIn | None = None

    @property
    def enabled(self) -> bool:
        return self.status is Status.ENABLED

    def allows(self, *grant_types: GrantType) -> bool:
        """Whether the application was registered for one of these; `all` covers its three."""
        if self.grant_type is GrantType.ALL:
            return any(kind is not GrantType.CLIENT_CERTIFICATE for kind in grant_types)
        return self.grant_type in grant_types


@dataclass(frozen=True, slots=True)
class User:
    """A user of the directory, as much as the token path reads."""

    user_id: str
    user_name: str
    user_domain: str
    status: Status = Status.ENABLED
    roles: frozenset[str] = frozenset()
    token_epoch: int = 0
    version: int = 1
    # How often consent was withdrawn from an application, by client id.
    consent_epochs: Mapping[str, int] = field(default_factory=dict)

    @property
    def enabled(self) -> bool:
        return self.status is Status.ENABLED

    def consent_epoch(self, client_id: str) -> int:
        """The epoch of what the person lets this application have."""
        return self.consent_epochs.get(client_id, 0)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One live access token of a grant; epoch seconds, `ends_at` None: never ends.

    `scopes` where fewer were asked for than the grant has (RFC 6749 §6); None: the grant's.
    """

    issued_at: int
    ends_at: int | None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """The authorization code of a grant, as a hash, and what its exchange must present.

    `redirect_uri_hash` is None where the request named no redirect URI. `code_challenge` is the
    S256 challenge, None where PKCE was not asked for. Epoch seconds.
    """

    hash: str
    ends_at: int
    redirect_uri_hash: str | None
    code_challenge: str | None
    used_at: int | None = None


@dataclass(frozen=True, slots=True)
class RefreshTokens:
    """The refresh tokens of a grant, as hashes.

    `family` is that of the 128 bits which every refresh token of the grant carries. `previous`
    gave way to `current` at `rotated_at`, by the nonce `rotation_nonce` (design, "Refresh").
    """

    current: str
    family: str
    ends_at: int
    previous: str | None = None
    rotated_at: int | None = None
    rotation_nonce: str | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """The login behind a person's grant (OpenID Connect Core §2): when, and the request's nonce."""

    authenticated_at: int
    session_id: str
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """One act of authorization and everything issued on it: one record, one conditional write.

    `subject` is the user acted as, None where the application acts as itself. The epochs are
    the values read in the batch that authorised the grant. `access_tokens` maps the hash of
    each live token to its ends. `ends_at` is the end of a bearer secret's use. `nonce` is that
    of the newest write, `creation_nonce` that of the first; they resolve unknown outcomes.
    `assertion_ends_at` is the `exp` of the JWT that the record makes single-use. `code`,
    `refresh_tokens`, `login` and `consent_epoch`, the person's for this application, are a
    person's grant's.
    """

    client_id: str
    grant_id: str
    kind: GrantKind
    created_at: int
    creation_nonce: str
    subject: str | None = None
    scopes: frozenset[str] = frozenset()
    application_epoch: int = 0
    user_epoch: int = 0
    consent_epoch: int = 0
    life_cycle: LifeCycle = LifeCycle(LifeCycleType.ABSOLUTE, None)
    access_tokens: Mapping[str, AccessToken] = field(default_factory=dict)
    ends_at: int | None = None
    assertion_ends_at: int | None = None
    code: Code | None = None
    refresh_tokens: RefreshTokens | None = None
    login: Login | None = None
    revoked_at: int | None = None
    version: int = 1
    nonce: str = ""
