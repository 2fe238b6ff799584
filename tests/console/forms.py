"""Registrations as they are typed into the form of the console."""

from chalicelib.local import certificate
from tests.harness import START

GRANTS: dict[str, dict[str, str]] = {
    "client_credentials": {"scope_api": "on", "user_name": "jdoe", "user_domain": "domain"},
    "bearer_token": {"scope_user_sync": "on"},
    "client_certificate": {"user_name": "jdoe", "user_domain": "domain"},
    "authorization_code": {
        "scope_api": "on",
        "scope_login": "on",
        "redirect_strategy": "web_application",
        "redirect_uris": "https://client.example/callback\r\nhttps://client.example/other",
    },
    "all": {
        "scope_api": "on",
        "redirect_strategy": "web_application",
        "redirect_uris": "https://client.example/callback",
        "user_name": "jdoe",
        "user_domain": "domain",
    },
}


def typed(grant_type: str = "client_credentials", **changes: str) -> dict[str, str]:
    """A form that can be registered as it is."""
    form = {
        "name": f"My {grant_type}",
        "grant_type": grant_type,
        "token_lifetime_minutes": "60",
        "life_cycle_type": "absolute",
        **GRANTS[grant_type],
    }
    if grant_type == "client_certificate":
        form["certificate"] = pem()
    return form | changes


def pem(common_name: str = "Robot", now: int = START) -> str:
    """A fresh certificate."""
    return certificate.generate(common_name, now).certificate.decode("ascii")
