"""Joins the OData services: sources, the signer of continuations, and the names of the routes."""

from collections.abc import Mapping
from typing import Protocol

from chalicelib.audit import AuditTrail
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.adapter import Endpoint
from chalicelib.oauth.errors import OAuthError, TemporarilyUnavailable
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.signing_keys import KeyProtector
from chalicelib.oauth.stores import RecordReader, StoreUnavailable
from chalicelib.protected import doors
from chalicelib.protected.deployment_key import DeploymentKey, SecretStore
from chalicelib.protected.doors import Door
from chalicelib.protected.guard import Guard
from chalicelib.protected.odata.bounds import QueryRefused
from chalicelib.protected.odata.continuation import Continuations
from chalicelib.protected.odata.errors import refuse, refuse_query
from chalicelib.protected.odata.model_rows import model_sources
from chalicelib.protected.odata.people import DomainRows, UserRows
from chalicelib.protected.odata.query_service import QueryService
from chalicelib.protected.odata.registrations import ApplicationRows, EventRows
from chalicelib.protected.odata.service import ODataService
from chalicelib.protected.odata.stored_queries import QueryStore
from chalicelib.protected.odata.viewer import Viewer
from chalicelib.registry.stores import ApplicationStore


def join(
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
    """Every endpoint under its name in `odata.ROUTES`."""
    continuations = Continuations(DeploymentKey(secrets, protector, issuer, "odata-continuation"))
    sources = (
        UserRows(users),
        DomainRows(users),
        ApplicationRows(applications, reader),
        EventRows(trail),
    )
    described = model_sources([source.shape for source in sources])
    data = ODataService(f"{issuer}/odata/data", sources, continuations)
    metadata = ODataService(f"{issuer}/odata/metadata", described, continuations)
    queried = ODataService(f"{issuer}/odata/query", sources, continuations)
    endpoints: dict[str, Endpoint] = {
        "read_data": ReadEndpoint(guard, doors.ODATA_DATA, data),
        "read_metadata": ReadEndpoint(guard, doors.ODATA_METADATA, metadata),
        "query": ReadEndpoint(guard, doors.ODATA_QUERY, QueryService(queried, queries)),
    }
    return {name: _guarded(endpoint) for name, endpoint in endpoints.items()}


class Service(Protocol):
    """What lies behind a door."""

    def respond(self, request: Request, viewer: Viewer, path: str) -> Response:
        """The answer to `path` below the service's root, decoded."""
        ...


class ReadEndpoint:
    """A service behind its door; it lies at the door's path."""

    def __init__(self, guard: Guard, door: Door, service: Service) -> None:
        self._guard = guard
        self._door = door
        self._service = service

    def __call__(self, request: Request) -> Response:
        """Raises OAuthError, StoreUnavailable."""
        access = self._guard.admit(request, self._door)
        # A REST API puts its stage before the path.
        _, _, path = request.path.partition(self._door.path)
        return self._service.respond(request, Viewer.of(access), path)


def _guarded(endpoint: Endpoint) -> Endpoint:
    """Errors in OData's shape, whoever raises them."""

    def guarded(request: Request) -> Response:
        try:
            return endpoint(request)
        except OAuthError as error:
            return refuse(error)
        except QueryRefused as refused:
            return refuse_query(refused)
        except StoreUnavailable as error:
            return refuse(TemporarilyUnavailable(detail=str(error)))

    return guarded
