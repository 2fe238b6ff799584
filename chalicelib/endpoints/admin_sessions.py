"""`/admin/users/{user_id}/sessions` and `…/consents`: list, end, withdraw."""

from chalicelib.administration.refusals import NotFound
from chalicelib.directory.consents import Consents
from chalicelib.directory.session_views import (
    ConsentListView,
    SessionListView,
    consent_view,
    session_view,
)
from chalicelib.directory.sessions import Sessions
from chalicelib.directory.users import Users
from chalicelib.endpoints.admin_requests import (
    Gate,
    answer,
    client_id_of,
    session_id_of,
    user_id_of,
)
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.stores import Reading, RecordReader


class SessionEndpoints:
    """One method an endpoint; each admits the caller before it reads anything else."""

    def __init__(
        self,
        gate: Gate,
        users: Users,
        sessions: Sessions,
        consents: Consents,
        reader: RecordReader,
    ) -> None:
        self._gate = gate
        self._reader = reader
        self._users = users
        self._sessions = sessions
        self._consents = consents

    def list_sessions(self, request: Request) -> Response:
        """Where a user is logged in."""
        self._gate.admit(request)
        user_id = self._existing_user_id(request)
        items = [session_view(session) for session in self._sessions.list_sessions(user_id)]
        return answer(200, SessionListView(items=items, next=None, count=len(items)))

    def end_session(self, request: Request) -> Response:
        """Log a user out of one browser."""
        actor = self._gate.admit(request)
        user_id, session_id = self._existing_user_id(request), session_id_of(request)
        if not self._sessions.end_session(user_id, session_id, actor):
            raise NotFound("session")
        return Response(204)

    def end_all(self, request: Request) -> Response:
        """Log a user out everywhere."""
        actor = self._gate.admit(request)
        self._sessions.end_all(self._existing_user_id(request), actor)
        return Response(204)

    def list_consents(self, request: Request) -> Response:
        """What a user lets applications have."""
        self._gate.admit(request)
        user_id = self._existing_user_id(request)
        items = [consent_view(consent) for consent in self._consents.list_consents(user_id)]
        return answer(200, ConsentListView(items=items, next=None, count=len(items)))

    def withdraw_consent(self, request: Request) -> Response:
        """Forget a consent, and end what the application holds, asked for or not."""
        actor = self._gate.admit(request)
        user_id, client_id = self._existing_user_id(request), client_id_of(request)
        known = (
            client_id
            in self._reader.read(Reading(clients=frozenset({client_id})), fresh=True).applications
        )
        if not self._consents.withdraw(user_id, client_id, actor, also_unasked=known):
            raise NotFound("consent")
        return Response(204)

    def _existing_user_id(self, request: Request) -> str:
        """The user that the path names. Raises NotFound."""
        return self._users.load(user_id_of(request)).user.user_id
