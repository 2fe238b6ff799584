"""How the console names what the registration form knows."""

from chalicelib.oauth.model import GrantType, LifeCycle, LifeCycleType, RedirectStrategy
from chalicelib.oauth.scope import FORM_SCOPES
from chalicelib.pages.scope_texts import scope_texts

GRANT_TYPES = {
    GrantType.AUTHORIZATION_CODE: "Authorization code",
    GrantType.CLIENT_CERTIFICATE: "Client certificate",
    GrantType.CLIENT_CREDENTIALS: "Client credentials",
    GrantType.BEARER_TOKEN: "Bearer token",
    GrantType.ALL: "All",
}
GRANT_TYPE_NOTES = {
    GrantType.AUTHORIZATION_CODE: "People log in, and the application acts as the person.",
    GrantType.CLIENT_CERTIFICATE: "A program signs a JWT with its own key; for OData queries.",
    GrantType.CLIENT_CREDENTIALS: "A program with a secret acts as one user.",
    GrantType.BEARER_TOKEN: "A key pair in one header; for identity providers that sync users.",
    GrantType.ALL: "Authorization code, client credentials and bearer token together.",
}
STRATEGIES = {
    RedirectStrategy.WEB_APPLICATION: "Web application",
    RedirectStrategy.MOBILE_TITLE_BAR_BROWSER: "Mobile: title bar of a browser",
    RedirectStrategy.MOBILE_LOCALHOST_PORT: "Mobile or desktop: localhost port",
}
STRATEGY_NOTES = {
    RedirectStrategy.WEB_APPLICATION: "The code goes to one of the redirect URIs below.",
    RedirectStrategy.MOBILE_TITLE_BAR_BROWSER: "It reads the code from the title of a page.",
    RedirectStrategy.MOBILE_LOCALHOST_PORT: "It listens on a port of the same machine.",
}
LIFE_CYCLES = {LifeCycleType.ABSOLUTE: "Absolute", LifeCycleType.SLIDING: "Sliding"}
LIFE_CYCLE_NOTES = {
    LifeCycleType.ABSOLUTE: "A token ends one lifetime after its issue, used or not.",
    LifeCycleType.SLIDING: "Each use starts the lifetime anew, up to the maximum.",
}
SCOPE_NOTES = {
    "api": "Read and change business data over OData.",
    "login": "Log people in with their accounts here (OpenID Connect).",
    "user_sync": "Create, change and disable users over SCIM.",
    "odata_query": "Read business data for queries and reports.",
    "rpa": "Hand in the results of software robots.",
    "admin": "Manage applications and users, as an administrator.",
}
_LABELS = {text.name: text.label for text in scope_texts(FORM_SCOPES)}
# In the order of the form.
SCOPES = {name: _LABELS[name] for name in FORM_SCOPES}

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def duration(seconds: int | None) -> str:
    """A length of time in its greatest whole unit; None never ends."""
    if seconds is None:
        return "Never ends"
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return "0 seconds"


def life_cycle_text(life_cycle: LifeCycle) -> str:
    """Lifetime and life cycle on one line."""
    if life_cycle.lifetime_seconds is None:
        return duration(None)
    text = f"{duration(life_cycle.lifetime_seconds)}, {LIFE_CYCLES[life_cycle.kind].lower()}"
    if life_cycle.kind is LifeCycleType.ABSOLUTE:
        return text
    if life_cycle.maximum_seconds is None:
        return f"{text} without a maximum"
    return f"{text} up to {duration(life_cycle.maximum_seconds)}"
