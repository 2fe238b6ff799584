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
    userinfo: Endpoint
    metadata: Endpoint
    jwks: Endpoint
    health: Endpoint


def blueprint(edge: Edge, endpoints: OAuthEndpoints) -> Blueprint:
    """The protocol's routes."""
    routes = Blueprint(__name__)
    # What a page of another origin calls itself; never the authorization endpoint.
    for path, methods in {
        "/oauth2/server/token": {"POST": endpoints.token},
        "/oauth2/server/revoke": {"POST": endpoints.revoke},
        "/oauth2/server/userinfo": {"GET": endpoints.userinfo, "POST": endpoints.userinfo},
        "/oauth2/server/jwks": {"GET": endpoints.jwks},
        "/.well-known/oauth-authorization-server": {"GET": endpoints.metadata},
        "/.well-known/openid-configuration": {"GET": endpoints.metadata},
    }.items():
        edge.add(routes, path, methods, cross_origin=True)
    edge.add(routes, "/oauth2/server/introspect", {"POST": endpoints.introspect})
    edge.add(routes, "/oauth2/server/whoami", {"GET": endpoints.whoami})
    edge.add(routes, "/healthz", {"GET": endpoints.health})
    return routes


def document(value: dict[str, object]) -> Endpoint:
    """An endpoint that always answers with the same public document."""

    def answer(_: Request) -> Response:
        return Response(200, value, {"Cache-Control": "public, max-age=300"})

    return answer
