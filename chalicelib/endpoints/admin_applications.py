"""`/admin/applications`: register, list, read, change, disable, enable, delete, revoke."""

from chalicelib.administration.bodies import read_json_object
from chalicelib.endpoints.admin_presenter import Presenter
from chalicelib.endpoints.admin_requests import (
    Gate,
    answer,
    client_id_of,
    cursor_of,
    flag_of,
    if_version_of,
    limit_of,
    refuse_cursor,
    search_of,
)
from chalicelib.endpoints.application_selection import selection_of
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.stores import RecordReader
from chalicelib.paging import InvalidCursor
from chalicelib.registry.applications import Applications
from chalicelib.registry.views import ApplicationListView


class ApplicationEndpoints:
    """One method an endpoint; each admits the caller before it reads anything else."""

    def __init__(
        self, gate: Gate, applications: Applications, reader: RecordReader, clock: Clock
    ) -> None:
        self._gate = gate
        self._applications = applications
        self._presenter = Presenter(reader, clock)

    def list_all(self, request: Request) -> Response:
        """A page of those asked for, in the order asked for."""
        self._gate.admit(request)
        search, cursor, limit = search_of(request), cursor_of(request), limit_of(request)
        selection = selection_of(request)
        total = {"total": self._applications.count()} if flag_of(request, "total") else {}
        try:
            page = self._applications.list_registrations(search, cursor, limit, selection)
        except InvalidCursor:
            refuse_cursor()
        items = self._presenter.views(page.items)
        view = ApplicationListView(items=items, next=page.next, count=len(items), **total)
        return answer(200, view)

    def register(self, request: Request) -> Response:
        """A new application and, this once, its secret."""
        actor = self._gate.admit(request)
        registered = self._applications.register(read_json_object(request), actor)
        response = self._presenter.answer_with_secret(
            registered.registration, registered.user, registered.client_secret
        )
        location = f"/admin/applications/{registered.registration.application.client_id}"
        return Response(201, response.body, {**response.headers, "Location": location})

    def validate(self, request: Request) -> Response:
        """Whether a form would be taken; nothing is registered."""
        self._gate.admit(request)
        self._applications.validate_registration(read_json_object(request))
        return Response(204)

    def read(self, request: Request) -> Response:
        """One application."""
        self._gate.admit(request)
        return self._presenter.answer(self._applications.load(client_id_of(request)))

    def update(self, request: Request) -> Response:
        """Change the fields that the body names."""
        actor = self._gate.admit(request)
        client_id, version = client_id_of(request), if_version_of(request)
        body = read_json_object(request)
        return self._presenter.answer(self._applications.update(client_id, body, actor, version))

    def validate_update(self, request: Request) -> Response:
        """Whether a change would be taken; nothing is changed."""
        self._gate.admit(request)
        client_id, version = client_id_of(request), if_version_of(request)
        self._applications.validate_update(client_id, read_json_object(request), version)
        return Response(204)

    def delete(self, request: Request) -> Response:
        """Remove an application."""
        actor = self._gate.admit(request)
        self._applications.delete(client_id_of(request), actor, if_version_of(request))
        return Response(204)

    def disable(self, request: Request) -> Response:
        """Refuse an application everything."""
        actor = self._gate.admit(request)
        client_id, version = client_id_of(request), if_version_of(request)
        return self._presenter.answer(self._applications.disable(client_id, actor, version))

    def enable(self, request: Request) -> Response:
        """Let an application get tokens again."""
        actor = self._gate.admit(request)
        client_id, version = client_id_of(request), if_version_of(request)
        return self._presenter.answer(self._applications.enable(client_id, actor, version))

    def revoke_tokens(self, request: Request) -> Response:
        """Void everything that was issued to an application."""
        actor = self._gate.admit(request)
        client_id, version = client_id_of(request), if_version_of(request)
        return self._presenter.answer(self._applications.revoke_tokens(client_id, actor, version))
