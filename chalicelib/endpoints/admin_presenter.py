"""Registrations with the users they act as, for every endpoint that answers with one."""

from collections.abc import Sequence

from chalicelib.endpoints.admin_requests import answer
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Response
from chalicelib.oauth.model import User
from chalicelib.oauth.stores import Reading, RecordReader
from chalicelib.registry.model import Registration
from chalicelib.registry.views import (
    ApplicationView,
    application_view,
    application_with_secret_view,
)


class Presenter:
    """Reads the acting users of registrations, all in one batch, and makes the answers."""

    def __init__(self, reader: RecordReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def views(self, registrations: Sequence[Registration]) -> list[ApplicationView]:
        """The JSON of each. Raises StoreUnavailable."""
        user_ids = {registration.application.user_id for registration in registrations}
        named = frozenset(user_id for user_id in user_ids if user_id is not None)
        users = self._reader.read(Reading(users=named)).users if named else {}
        now = self._clock.now()
        return [
            application_view(registration, users.get(registration.application.user_id or ""), now)
            for registration in registrations
        ]

    def answer(self, registration: Registration) -> Response:
        """One registration. Raises StoreUnavailable."""
        (view,) = self.views([registration])
        return answer(200, view, registration.application.version)

    def answer_with_secret(
        self, registration: Registration, user: User | None, client_secret: str | None
    ) -> Response:
        """A registration whose secret has just been made: the only answer that shows it."""
        view = application_with_secret_view(registration, user, self._clock.now(), client_secret)
        return answer(201, view, registration.application.version)

    def user_of(self, registration: Registration) -> User | None:
        """The user acted as. Raises StoreUnavailable."""
        user_id = registration.application.user_id
        if user_id is None:
            return None
        return self._reader.read(Reading(users=frozenset({user_id}))).users.get(user_id)
