"""The environment, read once into a frozen object; every option has a unit, a default, a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_TABLE_PREFIX = "grantline-"
DEFAULT_LEASE_SECONDS = 1.0
MAXIMUM_LEASE_SECONDS = 5.0
# AppSync keeps no answer for longer.
MAXIMUM_TTL_SECONDS = 3600
DEFAULT_AUDIT_RETENTION_DAYS = 400
DEFAULT_CALLBACK_RETENTION_DAYS = 90
DEFAULT_USAGE_SECONDS = 60.0
MAXIMUM_USAGE_SECONDS = 3_600.0
DEFAULT_SESSION_IDLE_MINUTES = 8 * 60
DEFAULT_SESSION_MAXIMUM_MINUTES = 7 * 24 * 60
_MAXIMUM_DAYS = 36_500
_MAXIMUM_DOMAIN_LENGTH = 100
_MINUTES_A_YEAR = 366 * 24 * 60


class ConfigurationError(Exception):
    """A setting is missing or malformed; the message names it and never holds its value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a deployment may choose.

    issuer                 `GRANTLINE_ISSUER`: the https URL that clients know, without a slash
                           at its end; never taken from a request. Required to answer requests.
    table_prefix           `GRANTLINE_TABLE_PREFIX`: goes before the tables' names.
    certificate_bucket     `GRANTLINE_CERTIFICATE_BUCKET`: where uploaded certificates are kept.
    key_id                 `GRANTLINE_KEY_ID`: the KMS key that protects signing keys.
    lease_seconds          `GRANTLINE_LEASE_SECONDS`: how long an application or machine user may
                           be served from memory; 0 reads always. One second keeps one busy
                           application under DynamoDB's 3,000 reads a second of a key.
    audit_retention_days   `GRANTLINE_AUDIT_RETENTION_DAYS`: a year and a month by default, so
                           that a yearly review finds the whole year.
    callback_retention_days  `GRANTLINE_CALLBACK_RETENTION_DAYS`: how long a published callback is
                           kept, and its deployment id is known as received: three months.
    event_bus              `GRANTLINE_EVENT_BUS`: the EventBridge bus that callbacks go to.
    session_idle_minutes   `GRANTLINE_SESSION_IDLE_MINUTES`: how long a person's unused browser
                           session lives: eight hours, so that a working day needs one login.
    session_maximum_minutes  `GRANTLINE_SESSION_MAXIMUM_MINUTES`: how long any session lives,
                           however much it is used: a week.
    usage_seconds          `GRANTLINE_USAGE_SECONDS`: how often a process writes its figures of
                           usage at most; 0 counts nothing. A minute costs one small transaction.
    authorizer_scopes      `GRANTLINE_AUTHORIZER_SCOPES`: which scopes other people's APIs ask for
                           (protected/authorizers/requirements.py). Empty: any valid token.
    authorizer_ttl_seconds  `GRANTLINE_AUTHORIZER_TTL_SECONDS`: how long AppSync may keep a yes;
                           0, so that revocation holds at the next request.
    scim_default_domain    `GRANTLINE_SCIM_DEFAULT_DOMAIN`: the domain of users whom SCIM provisions
                           without one; empty by default, so that such a user is refused.
    log_level              `GRANTLINE_LOG_LEVEL`: INFO shows one line per request.
    """

    issuer: str = ""
    table_prefix: str = DEFAULT_TABLE_PREFIX
    certificate_bucket: str = "grantline-certificates"
    key_id: str = "alias/grantline"
    lease_seconds: float = DEFAULT_LEASE_SECONDS
    audit_retention_days: int = DEFAULT_AUDIT_RETENTION_DAYS
    callback_retention_days: int = DEFAULT_CALLBACK_RETENTION_DAYS
    event_bus: str = "grantline-events"
    session_idle_minutes: int = DEFAULT_SESSION_IDLE_MINUTES
    session_maximum_minutes: int = DEFAULT_SESSION_MAXIMUM_MINUTES
    usage_seconds: float = DEFAULT_USAGE_SECONDS
    authorizer_scopes: str = ""
    authorizer_ttl_seconds: int = 0
    scim_default_domain: str = ""
    log_level: str = "INFO"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables above. Raises ConfigurationError naming the first malformed one."""
        defaults = cls()
        return cls(
            issuer=_issuer(environ.get("GRANTLINE_ISSUER", "")),
            table_prefix=environ.get("GRANTLINE_TABLE_PREFIX", defaults.table_prefix),
            certificate_bucket=environ.get(
                "GRANTLINE_CERTIFICATE_BUCKET", defaults.certificate_bucket
            ),
            key_id=environ.get("GRANTLINE_KEY_ID", defaults.key_id),
            lease_seconds=_number(
                environ, "GRANTLINE_LEASE_SECONDS", defaults.lease_seconds, MAXIMUM_LEASE_SECONDS
            ),
            audit_retention_days=_days(
                environ, "GRANTLINE_AUDIT_RETENTION_DAYS", defaults.audit_retention_days
            ),
            callback_retention_days=_days(
                environ, "GRANTLINE_CALLBACK_RETENTION_DAYS", defaults.callback_retention_days
            ),
            event_bus=environ.get("GRANTLINE_EVENT_BUS", defaults.event_bus),
            session_idle_minutes=_minutes(
                environ, "GRANTLINE_SESSION_IDLE_MINUTES", defaults.session_idle_minutes
            ),
            session_maximum_minutes=_minutes(
                environ, "GRANTLINE_SESSION_MAXIMUM_MINUTES", defaults.session_maximum_minutes
            ),
            usage_seconds=_number(
                environ, "GRANTLINE_USAGE_SECONDS", defaults.usage_seconds, MAXIMUM_USAGE_SECONDS
            ),
            authorizer_scopes=environ.get("GRANTLINE_AUTHORIZER_SCOPES", ""),
            authorizer_ttl_seconds=int(
                _number(environ, "GRANTLINE_AUTHORIZER_TTL_SECONDS", 0, MAXIMUM_TTL_SECONDS)
            ),
            scim_default_domain=_domain(environ.get("GRANTLINE_SCIM_DEFAULT_DOMAIN", "")),
            log_level=_log_level(environ.get("GRANTLINE_LOG_LEVEL", defaults.log_level)),
        )


def _issuer(value: str) -> str:
    if not value:
        return ""
    parts = urlsplit(value)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise ConfigurationError("GRANTLINE_ISSUER must be an https URL (http on loopback only)")
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError("GRANTLINE_ISSUER must be a URL without query, fragment or user")
    if value.endswith("/"):
        raise ConfigurationError("GRANTLINE_ISSUER must not end with a slash")
    return value


def _number(environ: Mapping[str, str], name: str, default: float, maximum: float) -> float:
    value = environ.get(name)
    if value is None:
        return default
    try:
        number = float(value)
    except ValueError:
        raise ConfigurationError(f"{name} must be a number") from None
    if not 0 <= number <= maximum:
        raise ConfigurationError(f"{name} must be between 0 and {maximum:g}")
    return number


def _days(environ: Mapping[str, str], name: str, default: int) -> int:
    return int(_number(environ, name, default, _MAXIMUM_DAYS))


def _minutes(environ: Mapping[str, str], name: str, default: int) -> int:
    number = _number(environ, name, default, _MINUTES_A_YEAR)
    if number < 1 or number != int(number):
        raise ConfigurationError(f"{name} must be a whole number from 1")
    return int(number)


def _domain(value: str) -> str:
    if len(value) > _MAXIMUM_DOMAIN_LENGTH or any(mark in value for mark in "@\\"):
        raise ConfigurationError(
            "GRANTLINE_SCIM_DEFAULT_DOMAIN must be a domain of users, without @ and backslash"
        )
    return value.strip()


def _log_level(value: str) -> str:
    if value not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ConfigurationError("GRANTLINE_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR")
    return value
