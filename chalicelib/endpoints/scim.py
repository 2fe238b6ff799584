"""The paths of SCIM (RFC 7644 §3.2); what stands behind them is imported when first used.

The library beneath takes 390 ms and more to import, which a request for a token must not pay. It
knows the paths itself: the routes only say how long they are.
"""

from collections.abc import Mapping

from chalice.app import Blueprint

from chalicelib.directory.stores import GroupStore, UserStore
from chalicelib.endpoints.adapter import Edge, Endpoint
from chalicelib.endpoints.lazy import Open, Routes, lazy_blueprint
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.messages import Response
from chalicelib.oauth.signing_keys import KeyProtector
from chalicelib.protected.deployment_key import DeploymentKey, SecretStore
from chalicelib.protected.guard import Guard

_SCIM = "scim"
_METHODS = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _SCIM)

ROUTES: Routes = {
    "/scim/v2": {"GET": _SCIM},
    "/scim/v2/{endpoint}": _METHODS,
    "/scim/v2/{endpoint}/{resource_id}": _METHODS,
}


def blueprint(edge: Edge, open_scim: Open) -> Blueprint:
    """The routes; `open_scim` is called at the first request."""
    return lazy_blueprint(__name__, edge, ROUTES, open_scim, _refuse, refuse_program=_refuse)


def _refuse(error: OAuthError) -> Response:
    """What was refused, or failed, before SCIM saw it or beneath it."""
    from chalicelib.protected.scim.errors import refuse  # noqa: PLC0415 - see the module's top

    return refuse(error)


def open_scim(
    *,
    guard: Guard,
    users: UserStore,
    groups: GroupStore,
    clock: Clock,
    secrets: SecretStore,
    protector: KeyProtector,
    issuer: str,
    default_domain: str,
) -> Mapping[str, Endpoint]:
    """Import and join what stands behind the routes."""
    from chalicelib.protected.scim.endpoint import Scim  # noqa: PLC0415 - see the module's top

    scim = Scim(
        guard=guard,
        users=users,
        groups=groups,
        clock=clock,
        issuer=issuer,
        cursor_key=DeploymentKey(secrets, protector, issuer, "scim-cursors"),
        default_domain=default_domain,
    )
    return {_SCIM: scim}
