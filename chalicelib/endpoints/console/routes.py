"""The paths of the console; what stands behind them is imported when first used."""

from collections.abc import Mapping

from chalice.app import Blueprint

from chalicelib.endpoints.adapter import Edge, Endpoint
from chalicelib.endpoints.console.backing import Backing
from chalicelib.endpoints.lazy import Open, Routes, lazy_blueprint, refuse_as_page

_APPLICATION = "/console/applications/{client_id}"
_USER = "/console/users/{user_id}"

ROUTES: Routes = {
    "/console": {"GET": "home"},
    "/console/login": {"GET": "switch_user"},
    "/console/callback": {"GET": "callback"},
    "/console/logout": {"GET": "back_home", "POST": "log_out"},
    "/console/applications": {"GET": "list_applications"},
    "/console/ends": {"GET": "list_ends"},
    "/console/keys": {"GET": "list_keys"},
    "/console/keys/rotate": {"GET": "confirm_rotation", "POST": "rotate_keys"},
    "/console/audit": {"GET": "list_events"},
    "/console/audit/export": {"GET": "export_events"},
    _APPLICATION: {"GET": "show_application"},
    f"{_APPLICATION}/edit": {"GET": "show_change", "POST": "change_application"},
    f"{_APPLICATION}/enable": {"GET": "back_to_application", "POST": "enable"},
    f"{_APPLICATION}/disable": {"GET": "ask_disable", "POST": "disable"},
    f"{_APPLICATION}/revoke-tokens": {"GET": "ask_revoke", "POST": "revoke"},
    f"{_APPLICATION}/delete": {"GET": "ask_delete", "POST": "delete"},
    f"{_APPLICATION}/secrets": {"GET": "back_to_application", "POST": "rotate_secret"},
    f"{_APPLICATION}/secrets/{{secret_id}}/cut": {"GET": "ask_cut", "POST": "cut"},
    f"{_APPLICATION}/certificate": {"GET": "download_certificate", "POST": "replace_certificate"},
    f"{_APPLICATION}/trial": {"GET": "back_to_application", "POST": "issue_trial"},
    "/console/register": {"GET": "show_registration", "POST": "register"},
    "/console/users": {"GET": "list_users"},
    "/console/users/new": {"GET": "show_new_user", "POST": "create_user"},
    _USER: {"GET": "show_user"},
    f"{_USER}/edit": {"GET": "show_user_change", "POST": "change_user"},
    f"{_USER}/password": {"GET": "show_password", "POST": "set_password"},
    f"{_USER}/enable": {"GET": "back_to_user", "POST": "enable_user"},
    f"{_USER}/disable": {"GET": "ask_disable_user", "POST": "disable_user"},
    f"{_USER}/sessions": {"GET": "back_to_user", "POST": "end_session"},
    f"{_USER}/sessions/end": {"GET": "ask_end_sessions", "POST": "end_sessions"},
    f"{_USER}/consents/{{client_id}}": {
        "GET": "ask_withdraw_consent",
        "POST": "withdraw_consent",
    },
    "/console/domains": {"GET": "list_domains"},
    "/console/users/suggestions": {"GET": "suggest_users"},
    "/console/certificates": {"GET": "back_home", "POST": "describe_certificate"},
    "/console/endpoints": {"GET": "show_endpoints"},
}


def blueprint(edge: Edge, open_console: Open, issuer: str) -> Blueprint:
    """The routes; `open_console` is called at the first request."""
    refuse = refuse_as_page(issuer, "/console", "To the console")
    return lazy_blueprint(__name__, edge, ROUTES, open_console, refuse)


def open_console(backing: Backing) -> Mapping[str, Endpoint]:
    """Import and join what stands behind the routes."""
    from chalicelib.endpoints.console.joining import join  # noqa: PLC0415 - see the module's top

    return join(backing)
