"""The doors of the house: which scopes open which paths, and how a caller may show them.

One table for every protected route; a test holds each of the app's routes against it.
"""

from dataclasses import dataclass

from chalicelib.oauth import scope


@dataclass(frozen=True, slots=True)
class Door:
    """The paths that start with `path`; any one of `scopes` opens it, none: any valid credential.

    The first scope is the one that a refusal names. `certificate_header`: a signed JWT in
    `X-ClientCertificate-Token` is taken too. `token_in_form`: so is `access_token` in the form
    of a POST (RFC 6750 §2.2). `console`: takes tokens of the console alone, which no other door
    takes: they count only beside the browser session that they were made in.
    """

    path: str
    scopes: tuple[str, ...]
    certificate_header: bool = False
    token_in_form: bool = False
    console: bool = False


ADMINISTRATION = Door("/admin", (scope.ADMIN,))
ODATA_DATA = Door("/odata/data", (scope.API,), certificate_header=True)
ODATA_METADATA = Door("/odata/metadata", (scope.API,), certificate_header=True)
ODATA_QUERY = Door("/odata/query", (scope.ODATA_QUERY, scope.API), certificate_header=True)
RPA_CALLBACK = Door("/api/rpa/automation/callback", (scope.RPA,))
SCIM = Door("/scim/v2", (scope.USER_SYNC,))
# An application with the scope `login` may ask a person for `openid` (oauth/scope.py).
USER_INFO = Door("/oauth2/server/userinfo", (scope.OPENID,), token_in_form=True)
WHO_AM_I = Door("/oauth2/server/whoami", (), certificate_header=True)

# The console's own, reached by its cookie: whoever holds one of its tokens, and administrators.
CONSOLE_ENTRANCE = Door("/console", (), console=True)
CONSOLE = Door("/console", (scope.ADMIN,), console=True)

DOORS = (
    ADMINISTRATION,
    ODATA_DATA,
    ODATA_METADATA,
    ODATA_QUERY,
    RPA_CALLBACK,
    SCIM,
    USER_INFO,
    WHO_AM_I,
)


def door_of(path: str) -> Door | None:
    """The door that a path lies behind, None where it lies behind none."""
    for door in DOORS:
        if path == door.path or path.startswith(f"{door.path}/"):
            return door
    return None
