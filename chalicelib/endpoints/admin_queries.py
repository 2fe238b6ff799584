"""`/admin/queries`: list, store, read, change and delete queries that are executed by name."""

import re

from chalicelib.administration.bodies import read_json_object
from chalicelib.administration.refusals import NotFound
from chalicelib.endpoints.admin_requests import (
    Gate,
    answer,
    cursor_of,
    if_version_of,
    limit_of,
    refuse_cursor,
)
from chalicelib.oauth.messages import Request, Response
from chalicelib.paging import InvalidCursor
from chalicelib.protected.odata.query_form import (
    NAME_PATTERN,
    StoredQueryListView,
    stored_query_view,
)
from chalicelib.protected.odata.query_registry import StoredQueries
from chalicelib.protected.odata.stored_queries import StoredQuery

_NAME = re.compile(NAME_PATTERN)


class QueryEndpoints:
    """One method an endpoint; each admits the caller before it reads anything else."""

    def __init__(self, gate: Gate, queries: StoredQueries) -> None:
        self._gate = gate
        self._queries = queries

    def list_all(self, request: Request) -> Response:
        """A page of queries."""
        self._gate.admit(request)
        cursor, limit = cursor_of(request), limit_of(request)
        try:
            page = self._queries.list_queries(cursor, limit)
        except InvalidCursor:
            refuse_cursor()
        items = [stored_query_view(query) for query in page.items]
        return answer(200, StoredQueryListView(items=items, next=page.next, count=len(items)))

    def create(self, request: Request) -> Response:
        """A new query."""
        actor = self._gate.admit(request)
        query = self._queries.create(read_json_object(request), actor)
        response = _answer(query, 201)
        location = f"/admin/queries/{query.name}"
        return Response(201, response.body, {**response.headers, "Location": location})

    def read(self, request: Request) -> Response:
        """One query."""
        self._gate.admit(request)
        return _answer(self._queries.load(_name_of(request)))

    def replace(self, request: Request) -> Response:
        """The whole form of a query anew."""
        actor = self._gate.admit(request)
        name, version = _name_of(request), if_version_of(request)
        return _answer(self._queries.replace(name, read_json_object(request), actor, version))

    def delete(self, request: Request) -> Response:
        """No longer to be executed."""
        actor = self._gate.admit(request)
        self._queries.delete(_name_of(request), actor, if_version_of(request))
        return Response(204)


def _answer(query: StoredQuery, status: int = 200) -> Response:
    return answer(status, stored_query_view(query), query.version)


def _name_of(request: Request) -> str:
    name = request.path_parameters.get("query_name", "")
    if not _NAME.fullmatch(name):
        raise NotFound("query")
    return name
