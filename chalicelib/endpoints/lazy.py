"""Routes whose endpoints are imported when the first of them is called.

What pages, forms and services import must not be paid for by a request for a token.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial

from chalice.app import Blueprint

from chalicelib.endpoints.adapter import Edge, Endpoint, Refuse, as_json
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.messages import Request, Response

Routes = Mapping[str, Mapping[str, str]]
"""A path's methods, and the name of the endpoint behind each."""

Open = Callable[[], Mapping[str, Endpoint]]
"""Imports and joins the endpoints, and gives them by their names."""


def lazy_blueprint(
    name: str,
    edge: Edge,
    routes: Routes,
    opener: Open,
    refuse: Refuse = as_json,
    *,
    refuse_program: Refuse = as_json,
) -> Blueprint:
    """A blueprint of `routes`; `opener` is called once, at the first request."""
    blueprint = Blueprint(name)
    opened = cache(opener)
    for path, methods in routes.items():
        endpoints = {method: partial(_call, opened, named) for method, named in methods.items()}
        edge.add(blueprint, path, endpoints, refuse=refuse, refuse_program=refuse_program)
    return blueprint


def refuse_as_page(issuer: str, home: str = "", label: str = "") -> Refuse:
    """Refusals in the look of the pages; `home` is the path to go on at, `label` the link's."""

    def refuse(error: OAuthError) -> Response:
        from chalicelib.endpoints.page_answers import Answers  # noqa: PLC0415 - see above

        answers = Answers(issuer)
        return answers.error(error, answers.url(home) if home else "", retry_label=label)

    return refuse


def _call(opened: Open, name: str, request: Request) -> Response:
    return opened()[name](request)
