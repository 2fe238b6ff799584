"""What an administrator is told of a registration that is allowed and deserves a second look."""

import math
from dataclasses import dataclass

from chalicelib.oauth.life_cycle import is_live
from chalicelib.oauth.model import GrantType, LifeCycleType, User
from chalicelib.oauth.scope import ADMINISTRATOR
from chalicelib.registry.grant_types import bears_its_secret, has_secret
from chalicelib.registry.model import Registration

# Time enough for whoever has to bring the next one to its users.
NOTICE_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Notice:
    """`code` is stable, `message` is for people, `label` the same in a few words, for lists."""

    code: str
    label: str
    message: str


def warnings_of(registration: Registration, user: User | None, now: int) -> list[Notice]:
    """Every warning that holds at `now`, in a fixed order."""
    application = registration.application
    life_cycle, key = application.life_cycle, application.certificate
    sliding = life_cycle.kind is LifeCycleType.SLIDING
    keeps_secrets = application.built_in is None and has_secret(
        application.grant_type, public=application.public
    )
    live = [secret for secret in application.secrets if is_live(secret.ends_at, now)]
    last_end = max((secret.ends_at or math.inf for secret in live), default=math.inf)
    held = {
        _ADMINISTRATOR: user is not None and ADMINISTRATOR in user.roles,
        _NEVER_ENDING: life_cycle.lifetime_seconds is None,
        _UNBOUNDED: sliding
        and life_cycle.lifetime_seconds is not None
        and life_cycle.maximum_seconds is None,
        _BEARER_SECRET: bears_its_secret(application.grant_type),
        _CERTIFICATE_ENDED: key is not None and now >= key.not_after,
        _CERTIFICATE_ENDS_SOON: key is not None and now < key.not_after <= now + NOTICE_SECONDS,
        _ISSUER_AUDIENCE: application.header_accepts_issuer_audience,
        _NO_PKCE: not application.require_pkce and application.allows(GrantType.AUTHORIZATION_CODE),
        _NO_SECRET: keeps_secrets and not application.secrets,
        _SECRETS_ENDED: keeps_secrets and bool(application.secrets) and not live,
        _SECRETS_END_SOON: keeps_secrets and last_end <= now + NOTICE_SECONDS,
    }
    return [warning for warning, holds in held.items() if holds]


_ADMINISTRATOR = Notice(
    "administrator_user", "Administrator", "The application acts as an administrator."
)
_NEVER_ENDING = Notice(
    "never_ending_tokens", "Never-ending", "Its tokens never end; they can only be revoked."
)
_UNBOUNDED = Notice(
    "no_maximum_lifetime",
    "No maximum",
    "A token in constant use never ends; it can only be revoked.",
)
_BEARER_SECRET = Notice(
    "bearer_secret",
    "Secret as token",
    "Its client secret is itself a bearer token; use it only where a client cannot get tokens.",
)
_CERTIFICATE_ENDED = Notice(
    "certificate_ended", "Certificate ended", "Its certificate is not valid any more."
)
_CERTIFICATE_ENDS_SOON = Notice(
    "certificate_ends_soon",
    "Certificate ends",
    "Its certificate ends within 30 days; upload the next one.",
)
_ISSUER_AUDIENCE = Notice(
    "issuer_audience_in_header",
    "Header JWTs",
    "A JWT seen in a request's header can be redeemed for a token.",
)
_NO_PKCE = Notice(
    "pkce_not_required",
    "No PKCE",
    "Codes are exchanged without PKCE: it has to send a nonce and check it in the ID token.",
)
_SECRETS_ENDED = Notice(
    "client_secret_ended", "Secrets ended", "Its client secrets have ended; make a new one."
)
_SECRETS_END_SOON = Notice(
    "client_secret_ends_soon",
    "Secret ends",
    "Its last client secret ends within 30 days; make the next one.",
)
_NO_SECRET = Notice("no_client_secret", "No secret", "It has no client secret; make one to use it.")
