"""The paths of the protocol, its metadata and liveness."""

from dataclasses import dataclass

from chalice.app import Blueprint

from chalicelib.endpoints.adapter import Edge, Endpoint
from chalicelib.oauth.messages import Request, Response


@dataclass(frozen=True, slots=True)
class OAuthEndpoints:
    """What stands behind the paths below."""

    token: Endpoint
    introspect: Endpoint
    revoke: Endpoint
    whoami: Endpoint
    metadata: Endpoint
    health: Endpoint


def blueprint(edge: Edge, endpoints: OAuthEndpoints) -> Blueprint:
    """The protocol's routes."""
    routes = Blueprint(__name__)
    edge.add(routes, "/oauth2/server/token", {"POST": endpoints.token})
    edge.add(routes, "/oauth2/server/introspect", {"POST": endpoints.introspect})
    edge.add(routes, "/oauth2/server/revoke", {"POST": endpoints.revoke})
    edge.add(routes, "/oauth2/server/whoami", {"GET": endpoints.whoami})
    edge.add(routes, "/.well-known/oauth-authorization-server", {"GET": endpoints.metadata})
    edge.add(routes, "/healthz", {"GET": endpoints.health})
    return routes


def document(value: dict[str, object]) -> Endpoint:
    """An endpoint that always answers with the same public document."""

    def answer(_: Request) -> Response:
        return Response(200, value, {"Cache-Control": "public, max-age=300"})

    return answer
