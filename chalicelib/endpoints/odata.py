"""The paths of OData; what stands behind them is imported when the first of them is called.

odatapy costs 170 ms to import, which a request for a token must not pay.
"""

from collections.abc import Mapping

from chalice.app import Blueprint

from chalicelib.audit import AuditTrail
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.adapter import Edge, Endpoint
from chalicelib.endpoints.lazy import Open, Routes, lazy_blueprint
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.messages import Response
from chalicelib.oauth.signing_keys import KeyProtector
from chalicelib.oauth.stores import RecordReader
from chalicelib.protected.deployment_key import SecretStore
from chalicelib.protected.guard import Guard
from chalicelib.protected.odata.stored_queries import QueryStore
from chalicelib.registry.stores import ApplicationStore

_DATA = {"GET": "read_data", "POST": "read_data"}
_METADATA = {"GET": "read_metadata", "POST": "read_metadata"}
_QUERY = {"GET": "query", "POST": "query"}

ROUTES: Routes = {
    "/odata/data": _DATA,
    "/odata/data/{proxy+}": _DATA,
    "/odata/metadata": _METADATA,
    "/odata/metadata/{proxy+}": _METADATA,
    "/odata/query": _QUERY,
    "/odata/query/{proxy+}": _QUERY,
}


def blueprint(edge: Edge, open_odata: Open) -> Blueprint:
    """The routes; `open_odata` is called at the first request."""
    return lazy_blueprint(__name__, edge, ROUTES, open_odata, _refuse, refuse_program=_refuse)


def _refuse(error: OAuthError) -> Response:
    """What was refused, or failed, before OData saw it or beneath it."""
    from chalicelib.protected.odata.errors import refuse  # noqa: PLC0415 - see the module's top

    return refuse(error)


def open_odata(
    *,
    guard: Guard,
    users: UserStore,
    applications: ApplicationStore,
    trail: AuditTrail,
    queries: QueryStore,
    reader: RecordReader,
    secrets: SecretStore,
    protector: KeyProtector,
    issuer: str,
) -> Mapping[str, Endpoint]:
    """Import and join what stands behind the routes."""
    from chalicelib.endpoints.odata_services import join  # noqa: PLC0415 - see the module's top

    return join(
        guard=guard,
        users=users,
        applications=applications,
        trail=trail,
        queries=queries,
        reader=reader,
        secrets=secrets,
        protector=protector,
        issuer=issuer,
    )
