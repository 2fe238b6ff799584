"""The endpoint that a Control Room calls when a bot has ended."""

from chalicelib.administration.bodies import read_json_object
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.protected import doors
from chalicelib.protected.guard import Guard
from chalicelib.protected.rpa.deliveries import Deliveries
from chalicelib.protected.rpa.form import MAXIMUM_DEPTH, read_callback


class CallbackEndpoint:
    """Answers 200 when the callback is stored and published, to a repeat as to the first."""

    def __init__(self, guard: Guard, deliveries: Deliveries, clock: Clock) -> None:
        self._guard = guard
        self._deliveries = deliveries
        self._clock = clock

    def __call__(self, request: Request) -> Response:
        """The ids under which the callback went on. Raises OAuthError, StoreUnavailable."""
        access = self._guard.admit(request, doors.RPA_CALLBACK)
        body = read_json_object(request, maximum_depth=MAXIMUM_DEPTH)
        callback = read_callback(
            body, access.application.client_id, self._clock.now(), self._deliveries.new_claim()
        )
        stored = self._deliveries.receive(callback)
        return Response(200, {"deployment_id": stored.deployment_id, "event_id": stored.event_id})
