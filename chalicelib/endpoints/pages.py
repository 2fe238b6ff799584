"""The paths that people's browsers meet; what stands behind them is imported when first used."""

from collections.abc import Mapping

from chalice.app import Blueprint

from chalicelib.directory.attempts import AttemptStore
from chalicelib.directory.consents import ConsentStore
from chalicelib.directory.sessions import Sessions
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.adapter import Edge, Endpoint
from chalicelib.endpoints.lazy import Open, Routes, lazy_blueprint, refuse_as_page
from chalicelib.oauth.authorization_endpoint import AuthorizationEndpoint
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.id_token import IdTokens
from chalicelib.oauth.stores import RecordReader
from chalicelib.registry.stores import ApplicationStore

ROUTES: Routes = {
    "/": {"GET": "front_door"},
    "/oauth2/server/authorize": {"GET": "authorize", "POST": "authorize"},
    "/oauth2/server/logout": {"GET": "log_out", "POST": "log_out"},
    "/login": {"GET": "show_login", "POST": "log_in"},
    "/consent": {"GET": "show_nothing", "POST": "consent"},
    "/account": {"GET": "show_account"},
    "/account/password": {"GET": "show_password", "POST": "change_password"},
    "/account/sessions": {"GET": "back_to_account", "POST": "end_session"},
    "/account/consents": {"GET": "back_to_account", "POST": "withdraw_consent"},
    "/static/{name}": {"GET": "asset"},
}


def blueprint(edge: Edge, open_pages: Open, issuer: str) -> Blueprint:
    """The routes; `open_pages` is called at the first request."""
    return lazy_blueprint(__name__, edge, ROUTES, open_pages, refuse_as_page(issuer))


def open_pages(
    *,
    authorization: AuthorizationEndpoint,
    sessions: Sessions,
    users: UserStore,
    attempts: AttemptStore,
    consents: ConsentStore,
    applications: ApplicationStore,
    reader: RecordReader,
    id_tokens: IdTokens,
    clock: Clock,
    issuer: str,
) -> Mapping[str, Endpoint]:
    """Import and join what stands behind the routes."""
    from chalicelib.endpoints.people import join  # noqa: PLC0415 - see the module's top

    return join(
        authorization=authorization,
        sessions=sessions,
        users=users,
        attempts=attempts,
        consents=consents,
        applications=applications,
        reader=reader,
        id_tokens=id_tokens,
        clock=clock,
        issuer=issuer,
    )
