"""The paths of the registration endpoints; what stands behind them is imported when first used.

Form models cost 24 ms and more to import, which a request for a token must not pay.
"""

from collections.abc import Mapping

from chalice.app import Blueprint

from chalicelib.audit import AuditTrail
from chalicelib.directory.consents import ConsentStore
from chalicelib.directory.sessions import SessionStore
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.adapter import Edge, Endpoint
from chalicelib.endpoints.lazy import Open, Routes, lazy_blueprint
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.signing_keys import KeyRing
from chalicelib.oauth.stores import RecordReader
from chalicelib.protected.guard import Guard
from chalicelib.protected.odata.stored_queries import QueryStore
from chalicelib.protected.rpa.stores import CallbackStore
from chalicelib.registry.stores import ApplicationStore, CertificateFiles
from chalicelib.usage import Usage

_APPLICATION = "/admin/applications/{client_id}"
_USER = "/admin/users/{user_id}"

ROUTES: Routes = {
    "/admin/applications": {"GET": "list_applications", "POST": "register_application"},
    # Apart from the paths that write, so that no server can take the one for the other.
    "/admin/applications/validate": {"POST": "validate_application"},
    _APPLICATION: {
        "GET": "read_application",
        "PATCH": "update_application",
        "DELETE": "delete_application",
    },
    f"{_APPLICATION}/validate": {"POST": "validate_update"},
    f"{_APPLICATION}/disable": {"POST": "disable_application"},
    f"{_APPLICATION}/enable": {"POST": "enable_application"},
    f"{_APPLICATION}/revoke-tokens": {"POST": "revoke_tokens"},
    f"{_APPLICATION}/secrets": {"POST": "rotate_secret"},
    f"{_APPLICATION}/secrets/{{secret_id}}": {"DELETE": "cut_secret"},
    f"{_APPLICATION}/certificate": {"GET": "read_certificate", "PUT": "replace_certificate"},
    f"{_APPLICATION}/audit": {"GET": "list_application_events"},
    "/admin/users": {"GET": "list_users", "POST": "create_user"},
    _USER: {"GET": "read_user", "PATCH": "update_user"},
    f"{_USER}/disable": {"POST": "disable_user"},
    f"{_USER}/enable": {"POST": "enable_user"},
    f"{_USER}/password": {"POST": "set_password"},
    f"{_USER}/sessions": {"GET": "list_sessions", "DELETE": "end_sessions"},
    f"{_USER}/sessions/{{session_id}}": {"DELETE": "end_session"},
    f"{_USER}/consents": {"GET": "list_consents"},
    f"{_USER}/consents/{{client_id}}": {"DELETE": "withdraw_consent"},
    f"{_APPLICATION}/usage": {"GET": "read_application_usage"},
    "/admin/usage": {"GET": "read_usage"},
    "/admin/keys": {"GET": "list_keys"},
    "/admin/keys/rotate": {"POST": "rotate_keys"},
    "/admin/audit": {"GET": "list_events"},
    "/admin/rpa/callbacks": {"GET": "list_callbacks"},
    "/admin/queries": {"GET": "list_queries", "POST": "create_query"},
    "/admin/queries/{query_name}": {
        "GET": "read_query",
        "PUT": "replace_query",
        "DELETE": "delete_query",
    },
    "/admin/openapi.json": {"GET": "openapi"},
}


def blueprint(edge: Edge, open_administration: Open) -> Blueprint:
    """The routes; `open_administration` is called at the first request."""
    return lazy_blueprint(__name__, edge, ROUTES, open_administration)


def open_administration(
    *,
    guard: Guard,
    applications: ApplicationStore,
    users: UserStore,
    sessions: SessionStore,
    consents: ConsentStore,
    files: CertificateFiles,
    trail: AuditTrail,
    usage: Usage,
    callbacks: CallbackStore,
    queries: QueryStore,
    reader: RecordReader,
    ring: KeyRing,
    clock: Clock,
    issuer: str,
) -> Mapping[str, Endpoint]:
    """Import and join what stands behind the routes."""
    from chalicelib.endpoints.administration import join  # noqa: PLC0415 - see the module's top

    return join(
        guard=guard,
        applications=applications,
        users=users,
        sessions=sessions,
        consents=consents,
        files=files,
        trail=trail,
        usage=usage,
        callbacks=callbacks,
        queries=queries,
        reader=reader,
        ring=ring,
        clock=clock,
        issuer=issuer,
    )
