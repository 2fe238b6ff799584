"""`POST /api/rpa/automation/callback`; its form is imported when the first callback comes."""

from collections.abc import Mapping

from chalice.app import Blueprint

from chalicelib.endpoints.adapter import Edge, Endpoint
from chalicelib.endpoints.lazy import Open, Routes, lazy_blueprint
from chalicelib.oauth.clock import Clock
from chalicelib.protected import doors
from chalicelib.protected.guard import Guard
from chalicelib.protected.rpa.deliveries import Deliveries

ROUTES: Routes = {doors.RPA_CALLBACK.path: {"POST": "receive_callback"}}


def blueprint(edge: Edge, open_rpa: Open) -> Blueprint:
    """The route; `open_rpa` is called at the first request."""
    return lazy_blueprint(__name__, edge, ROUTES, open_rpa)


def open_rpa(*, guard: Guard, deliveries: Deliveries, clock: Clock) -> Mapping[str, Endpoint]:
    """Import and join what stands behind the route."""
    from chalicelib.endpoints.rpa_callback import CallbackEndpoint  # noqa: PLC0415 - see the top

    return {"receive_callback": CallbackEndpoint(guard, deliveries, clock)}
