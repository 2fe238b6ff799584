"""Routes whose endpoints are imported when the first of them is called.

What pages, forms and services import must not be paid for by a request for a token.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial

from chalice.app import Blueprint

from chalicelib.endpoints.adapter import Edge, Endpoint
from chalicelib.oauth.messages import Request, Response

Routes = Mapping[str, Mapping[str, str]]
"""A path's methods, and the name of the endpoint behind each."""

Open = Callable[[], Mapping[str, Endpoint]]
"""Imports and joins the endpoints, and gives them by their names."""


def lazy_blueprint(name: str, edge: Edge, routes: Routes, opener: Open) -> Blueprint:
    """A blueprint of `routes`; `opener` is called once, at the first request."""
    blueprint = Blueprint(name)
    opened = cache(opener)
    for path, methods in routes.items():
        endpoints = {method: partial(_call, opened, named) for method, named in methods.items()}
        edge.add(blueprint, path, endpoints)
    return blueprint


def _call(opened: Open, name: str, request: Request) -> Response:
    return opened()[name](request)
