"""Scopes: their names, what a user's roles give, and how a request is narrowed (RFC 6749 §3.3)."""

from collections.abc import Iterable

from chalicelib.oauth.errors import InvalidScope

API = "api"
LOGIN = "login"
USER_SYNC = "user_sync"
ODATA_QUERY = "odata_query"
RPA = "rpa"
ADMIN = "admin"

SCOPES = (API, LOGIN, USER_SYNC, ODATA_QUERY, RPA, ADMIN)

ADMINISTRATOR = "administrator"
ROLES = (ADMINISTRATOR,)

# An application's scopes are an administrator's decision, so an acting user limits them only
# where the right is a person's own: Grantline's registration endpoints.
_EVERY_USER = frozenset({API, LOGIN, USER_SYNC, ODATA_QUERY, RPA})
_BY_ROLE = {ADMINISTRATOR: frozenset({ADMIN})}


def user_rights(roles: Iterable[str]) -> frozenset[str]:
    """The scopes that an active user with these roles may have; an unknown role gives none."""
    return _EVERY_USER.union(*(_BY_ROLE.get(role, frozenset()) for role in roles))


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
