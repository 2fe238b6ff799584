"""The applications that are part of the product: the console and the command line.

Their ids are fixed, so that everybody knows them without asking, and so that each can be made
once only: its key is taken. A ULID of our time never begins with so many zeros.
"""

from dataclasses import replace

from chalicelib.administration.refusals import Conflict
from chalicelib.oauth.model import (
    Application,
    BuiltIn,
    Consent,
    GrantType,
    LifeCycle,
    LifeCycleType,
    RedirectStrategy,
)
from chalicelib.oauth.redirect_strategy import hash_redirect_uri
from chalicelib.oauth.scope import ADMIN
from chalicelib.oauth.tokens import CLIENT_PREFIX
from chalicelib.registry.model import Registration

CONSOLE_CLIENT_ID = f"{CLIENT_PREFIX}{'console':0>26}"
COMMAND_LINE_CLIENT_ID = f"{CLIENT_PREFIX}{'cli':0>26}"
CONSOLE_CALLBACK_PATH = "/console/callback"

# The only fields that may be changed; the console's must always end.
LIFETIME_FIELDS = ("token_lifetime_minutes", "life_cycle_type", "maximum_lifetime_minutes")

_HOUR = 3600


def built_in_registrations(issuer: str, now: int) -> tuple[Registration, ...]:
    """Both applications as they are made at set-up."""
    return _console(issuer, now), _command_line(now)


def with_issuer(registration: Registration, issuer: str) -> Registration:
    """The console with its callback below this issuer."""
    uri = f"{issuer}{CONSOLE_CALLBACK_PATH}"
    hashes = frozenset({hash_redirect_uri(uri)})
    application = replace(registration.application, redirect_uri_hashes=hashes)
    return replace(registration, application=application, redirect_uris=(uri,))


def validate_lifetime_alone(before: Registration, after: Registration) -> None:
    """Of a built-in application only the life cycle may change. Raises Conflict."""
    old, new = before.application, after.application
    if old.built_in is None:
        return
    changed = replace(new, life_cycle=old.life_cycle, token_epoch=old.token_epoch)
    if replace(after, application=changed) != before:
        raise refusal()


def refusal() -> Conflict:
    """What is said to every other change."""
    return Conflict("The application is part of Grantline: only its token lifetime can be changed.")


def _console(issuer: str, now: int) -> Registration:
    """A confidential application without a credential.

    No request can authenticate as it (RFC 6749 §2.3), so whoever comes by one of its codes,
    with the verifier too, gets nothing for it: codes are exchanged within the process alone,
    and what comes of it counts only in the browser session that the code was issued in. Being no
    public client it may be preapproved.
    """
    application = Application(
        client_id=CONSOLE_CLIENT_ID,
        name="Grantline console",
        grant_type=GrantType.AUTHORIZATION_CODE,
        allowed_scopes=frozenset({ADMIN}),
        life_cycle=LifeCycle(LifeCycleType.SLIDING, _HOUR, 12 * _HOUR),
        redirect_strategy=RedirectStrategy.WEB_APPLICATION,
        consent=Consent.PREAPPROVED,
        built_in=BuiltIn.CONSOLE,
    )
    description = "This console. Its codes are exchanged inside the server, never over HTTP."
    registration = Registration(application, now, now, description=description)
    return with_issuer(registration, issuer)


def _command_line(now: int) -> Registration:
    """A public application on any loopback port, so that each login asks for consent."""
    application = Application(
        client_id=COMMAND_LINE_CLIENT_ID,
        name="Grantline command line",
        grant_type=GrantType.AUTHORIZATION_CODE,
        allowed_scopes=frozenset({ADMIN}),
        life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, _HOUR),
        redirect_strategy=RedirectStrategy.MOBILE_LOCALHOST_PORT,
        public=True,
        built_in=BuiltIn.COMMAND_LINE,
    )
    description = "The command grantline, which logs in through a browser on the same machine."
    return Registration(application, now, now, description=description)
