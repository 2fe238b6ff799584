"""Scopes: their names, what a user's roles give, and how a request is narrowed (RFC 6749 §3.3)."""

from collections.abc import Iterable

from chalicelib.oauth.errors import InvalidScope

API = "api"
LOGIN = "login"
USER_SYNC = "user_sync"
ODATA_QUERY = "odata_query"
RPA = "rpa"
ADMIN = "admin"

OPENID = "openid"
PROFILE = "profile"
EMAIL = "email"
OFFLINE_ACCESS = "offline_access"

# Those of the registration form, and those that come with a person's login.
FORM_SCOPES = (API, LOGIN, USER_SYNC, ODATA_QUERY, RPA, ADMIN)
LOGIN_SCOPES = (OPENID, PROFILE, EMAIL)
SCOPES = (*FORM_SCOPES, *LOGIN_SCOPES, OFFLINE_ACCESS)

ADMINISTRATOR = "administrator"
ROLES = (ADMINISTRATOR,)

# A machine's scopes are the decision of the administrator who named its acting user, so that
# user limits them only where the right is a person's own: Grantline's registration endpoints.
_EVERY_MACHINE_USER = frozenset({API, LOGIN, USER_SYNC, ODATA_QUERY, RPA})
# A person who logs in brings no more than is everybody's; changing the directory is not.
_EVERY_PERSON = frozenset({API, LOGIN, ODATA_QUERY, RPA, *LOGIN_SCOPES, OFFLINE_ACCESS})
_BY_ROLE = {ADMINISTRATOR: frozenset({ADMIN, USER_SYNC})}


def user_rights(roles: Iterable[str], *, person: bool = False) -> frozenset[str]:
    """The scopes that an active user with these roles may have; an unknown role gives none.

    `person`: the user logs in; otherwise an application acts as the user.
    """
    everybody = _EVERY_PERSON if person else _EVERY_MACHINE_USER
    return everybody.union(*(_BY_ROLE.get(role, frozenset()) for role in roles))


def with_login(allowed: frozenset[str]) -> frozenset[str]:
    """What an application may ask a person for: its scopes, and what LOGIN brings along."""
    return allowed.union(LOGIN_SCOPES if LOGIN in allowed else (), (OFFLINE_ACCESS,))


def parse(value: str) -> frozenset[str]:
    """Split a `scope` parameter; an unknown name, an empty or a doubled space is `invalid_scope`.

    Raises InvalidScope.
    """
    names = value.split(" ")
    unknown = sorted({name for name in names if name not in SCOPES})
    if unknown:
        raise InvalidScope(
            "The scope holds a name that is unknown.", detail=f"{len(unknown)} unknown"
        )
    return frozenset(names)


def without_unknown(value: str) -> str:
    """A `scope` parameter as an OpenID Provider reads it: what it does not know it passes over.

    Only beside `openid` (OpenID Connect Core §3.1.2.1); elsewhere an unknown name is an error.
    """
    names = value.split(" ")
    return " ".join(name for name in names if name in SCOPES) if OPENID in names else value


def narrow(requested: str | None, allowed: frozenset[str]) -> frozenset[str]:
    """What a grant gets: everything allowed when nothing is asked, never more than allowed.

    `allowed` is the application's scopes within its user's rights. Raises InvalidScope when
    more is asked for (RFC 6749 §5.2) or when nothing is left to grant.
    """
    scopes = allowed if requested is None else parse(requested)
    if not scopes <= allowed:
        excess = " ".join(sorted(scopes - allowed))
        raise InvalidScope(
            "The scope asks for more than is allowed.", detail=f"not allowed: {excess}"
        )
    if not scopes:
        raise InvalidScope("No scope can be granted.")
    return scopes


def render(scopes: Iterable[str]) -> str:
    """The `scope` value on the wire, in a fixed order."""
    held = set(scopes)
    return " ".join(name for name in SCOPES if name in held)
