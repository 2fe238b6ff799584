"""`/odata/query`: the service for callers with the scope of queries, and queries by name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from odatapy.server.request import ODataRequest

from chalicelib.administration.bodies import read_json_object
from chalicelib.oauth.messages import Request, Response
from chalicelib.protected.odata.bounds import QueryRefused, validate_options
from chalicelib.protected.odata.parameters import bind, placeholder_options, write
from chalicelib.protected.odata.query_registry import MAXIMUM_QUERIES
from chalicelib.protected.odata.query_string import query_string, with_token
from chalicelib.protected.odata.service import ODataService
from chalicelib.protected.odata.stored_queries import QueryStore, StoredQuery
from chalicelib.protected.odata.viewer import Viewer

ENTITY = "/entity"
EXECUTE = "/executeEntityQuery"

# The members of a body that are system query options, and the types of their values.
_OPTIONS: Mapping[str, type] = {
    "filter": str,
    "orderby": str,
    "select": str,
    "search": str,
    "format": str,
    "top": int,
    "skip": int,
    "count": bool,
}
_NUMBER = re.compile("[0-9]{1,9}")
# What may be said of the rows of a stored query by whoever executes it.
_BESIDE_A_STORED_QUERY = frozenset({"$top", "$skip", "$count", "$format", "$skiptoken"})


@dataclass(frozen=True, slots=True)
class Execution:
    """What to execute: an entity set, or a stored query with its parameters' values."""

    entity_set: str | None
    query: str | None
    options: Mapping[str, str]
    parameters: Mapping[str, object] = field(default_factory=dict)


class QueryService:
    """Answers below `/odata/query`."""

    def __init__(self, service: ODataService, queries: QueryStore) -> None:
        self._service = service
        self._queries = queries

    def respond(self, request: Request, viewer: Viewer, path: str) -> Response:
        """Raises QueryRefused, OAuthError, StoreUnavailable."""
        if path == ENTITY and request.method == "GET":
            return self._list()
        if path == EXECUTE:
            execution = _read_body(request) if request.method == "POST" else _read_query(request)
            return self._execute(replace(request, method="GET", body=b""), viewer, execution)
        return self._service.respond(request, viewer, path)

    def _list(self) -> Response:
        """The entity sets and the stored queries, and how each is executed."""
        sets = [
            {
                "name": name,
                "kind": "EntitySet",
                "url": f"{EXECUTE[1:]}?entitySet={name}",
                "description": source.shape.description,
            }
            for name, source in self._service.sources.items()
        ]
        stored = self._queries.list_queries(None, MAXIMUM_QUERIES).items
        headers = {"Content-Type": "application/json", "OData-Version": "4.0"}
        return Response(200, {"value": [*sets, *map(_described, stored)]}, headers)

    def _execute(self, request: Request, viewer: Viewer, execution: Execution) -> Response:
        if execution.query is None:
            entity_set = execution.entity_set or ""
            address = {"entitySet": entity_set, **execution.options}
            options = execution.options
            return self._run(request, viewer, entity_set, options, address=address, bound={})
        stored = self._queries.load(execution.query)
        if stored is None:
            raise QueryRefused("NotFound", "There is no such stored query.", status=404)
        beside = sorted(execution.options.keys() - _BESIDE_A_STORED_QUERY)
        if beside:
            raise QueryRefused("InvalidQuery", f"A stored query takes no {beside[0][:20]}.")
        bound = bind(stored.parameters, execution.parameters)
        written = {name: write(value) for name, value in bound.items()}
        address = {"query": stored.name, **written, **execution.options}
        options = _with_stored(execution.options, stored)
        return self._run(request, viewer, stored.entity_set, options, address=address, bound=bound)

    def _run(
        self,
        request: Request,
        viewer: Viewer,
        entity_set: str,
        options: Mapping[str, str],
        *,
        address: Mapping[str, str],
        bound: Mapping[str, Any],
    ) -> Response:
        """Read the entity set; `address` is how the next page is asked for by GET."""
        if entity_set not in self._service.sources:
            raise QueryRefused("NotFound", "There is no such entity set.", status=404)
        again = query_string({name: [value] for name, value in address.items()})

        def next_link(_: ODataRequest, token: str) -> str:
            return f"{self._service.root}{EXECUTE}?{with_token(again, token)}"

        query = query_string({name: [value] for name, value in options.items()})
        return self._service.respond(
            request, viewer, entity_set, query=query, bound=bound, next_link=next_link
        )


def _with_stored(options: Mapping[str, str], stored: StoredQuery) -> dict[str, str]:
    """The options of a stored query, and those of its execution; `$top` may only get smaller."""
    merged = {**options, **placeholder_options(stored.parameters)}
    for name in ("filter", "orderby", "select"):
        value = getattr(stored, name)
        if value is not None:
            merged[f"${name}"] = value
    if stored.top is not None:
        asked = options.get("$top", "")
        top = min(stored.top, int(asked)) if _NUMBER.fullmatch(asked) else stored.top
        merged["$top"] = str(top)
    return merged


def _read_query(request: Request) -> Execution:
    """An execution by GET. Raises QueryRefused."""
    values: dict[str, str] = {}
    for name, several in request.query.items():
        if len(several) > 1:
            raise QueryRefused("InvalidQuery", "A query option is repeated.")
        values[name] = several[0]
    entity_set, query = values.pop("entitySet", None), values.pop("query", None)
    options = {name: value for name, value in values.items() if name.startswith(("$", "@"))}
    parameters = {name: value for name, value in values.items() if name not in options}
    return _validated(Execution(entity_set, query, options, parameters))


def _read_body(request: Request) -> Execution:
    """An execution by POST. Raises QueryRefused, OAuthError."""
    body = read_json_object(request)
    entity_set, query = body.pop("entitySet", None), body.pop("query", None)
    parameters = body.pop("parameters", {})
    if not isinstance(entity_set, str | None) or not isinstance(query, str | None):
        raise QueryRefused("InvalidQuery", "entitySet and query must be texts.")
    if not isinstance(parameters, dict):
        raise QueryRefused("InvalidQuery", "parameters must be an object.")
    options: dict[str, str] = {}
    for name, value in body.items():
        if name not in _OPTIONS or type(value) is not _OPTIONS[name]:
            raise QueryRefused("InvalidQuery", f"{name[:40]} is unknown or of another type.")
        options[f"${name}"] = write(value)
    return _validated(Execution(entity_set, query, options, parameters))


def _validated(execution: Execution) -> Execution:
    if (execution.entity_set is None) is (execution.query is None):
        raise QueryRefused("InvalidQuery", "Name either entitySet or query.")
    if execution.query is None and execution.parameters:
        # A system query option that lacks its dollar is told so.
        validate_options(dict.fromkeys(execution.parameters, ()))
        raise QueryRefused("InvalidQuery", "Only a stored query takes parameters.")
    return execution


def _described(query: StoredQuery) -> dict[str, object]:
    types = [{"name": name, "type": kind.value} for name, kind in query.parameters.items()]
    return {
        "name": query.name,
        "kind": "Query",
        "url": f"{EXECUTE[1:]}?query={query.name}",
        "description": query.description or "",
        "entitySet": query.entity_set,
        "parameters": types,
    }
