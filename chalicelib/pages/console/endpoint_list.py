"""Every URL that a client needs."""

from dataclasses import dataclass
from typing import ClassVar

from chalicelib.pages.console.frame import ENDPOINTS, ConsolePage


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One URL, and what a client does with it."""

    key: str
    label: str
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class EndpointGroup:
    """Endpoints that belong together."""

    heading: str
    rows: tuple[EndpointRow, ...]


@dataclass(frozen=True, slots=True)
class EndpointsPage(ConsolePage):
    """All of them, in groups."""

    TEMPLATE: ClassVar[str] = "console/endpoints.html"
    SECTION: ClassVar[str] = ENDPOINTS.key
    SCRIPTS: ClassVar[tuple[str, ...]] = ("copy.js",)

    groups: tuple[EndpointGroup, ...]


_GROUPS: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...] = (
    (
        "Get tokens",
        (
            ("issuer", "Issuer", "", "What discovery starts from; a signed JWT names it as aud."),
            ("token", "Token", "/oauth2/server/token", "POST. Every grant."),
            ("authorize", "Authorization", "/oauth2/server/authorize", "Where people are sent."),
            ("revoke", "Revocation", "/oauth2/server/revoke", "POST. Ends a token at once."),
        ),
    ),
    (
        "Check tokens",
        (
            ("introspect", "Introspection", "/oauth2/server/introspect", "POST. For services."),
            ("whoami", "Who am I", "/oauth2/server/whoami", "GET. What a token is good for."),
            ("userinfo", "UserInfo", "/oauth2/server/userinfo", "Who logged in."),
            ("jwks", "Keys (JWKS)", "/oauth2/server/jwks", "The public keys of ID tokens."),
        ),
    ),
    (
        "Discovery and logout",
        (
            (
                "openid",
                "OpenID configuration",
                "/.well-known/openid-configuration",
                "All of the above, for programs.",
            ),
            (
                "metadata",
                "Server metadata",
                "/.well-known/oauth-authorization-server",
                "The same by RFC 8414.",
            ),
            ("logout", "Logout", "/oauth2/server/logout", "RP-initiated logout."),
        ),
    ),
    (
        "Services",
        (
            ("odata_query", "OData queries", "/odata/query", "Scope ODATA QUERY or API."),
            ("odata_data", "OData data", "/odata/data", "Scope API."),
            ("odata_metadata", "OData metadata", "/odata/metadata", "Scope API."),
            ("scim", "SCIM", "/scim/v2", "Scope USER SYNC."),
            ("rpa", "RPA callback", "/api/rpa/automation/callback", "Scope RPA."),
            ("admin", "Registration (JSON)", "/admin/applications", "Scope ADMIN."),
            ("openapi", "OpenAPI", "/admin/openapi.json", "The JSON endpoints, described."),
        ),
    ),
)


def endpoint_groups(issuer: str) -> tuple[EndpointGroup, ...]:
    """Every endpoint below this issuer."""
    return tuple(
        EndpointGroup(
            heading,
            tuple(EndpointRow(key, label, issuer + path, note) for key, label, path, note in rows),
        )
        for heading, rows in _GROUPS
    )
