"""Whether a stored query could be executed: parsed as its executions will be."""

from collections.abc import Mapping
from functools import cache

from odatapy.errors import ODataException
from odatapy.http.method import HttpMethod
from odatapy.server import OData
from odatapy.server.uri.parser import Parser
from odatapy.server.uri.validator import UriValidator

from chalicelib.protected.odata import bounds, entity_sets, wording
from chalicelib.protected.odata.conditions import validate_expression
from chalicelib.protected.odata.parameters import placeholder_options
from chalicelib.protected.odata.query_string import query_string
from chalicelib.protected.odata.shapes import Model
from chalicelib.protected.odata.stored_queries import StoredQuery

MAXIMUM_REASON_LENGTH = 200


def broken_options(query: StoredQuery) -> dict[str, str]:
    """What is wrong with each option, by the names of the form; empty: it can be executed."""
    reasons: dict[str, str] = {}
    placeholders = placeholder_options(query.parameters)
    for name in ("filter", "orderby", "select"):
        value = getattr(query, name)
        if value is None:
            continue
        try:
            _parse(query.entity_set, {f"${name}": value, **placeholders})
        except ODataException as error:
            reasons[name] = wording.plain(str(error))[:MAXIMUM_REASON_LENGTH]
        except (ArithmeticError, RecursionError, TypeError, ValueError):
            # As at the handler: the parser stumbled over what was written.
            reasons[name] = "cannot be read"
    expressions = f"{query.filter} {query.orderby}"
    unused = [name for name in query.parameters if f"@{name}" not in expressions]
    if unused:
        reasons.setdefault("parameters", f"{unused[0]} is used nowhere")
    return reasons


def _parse(entity_set: str, texts: Mapping[str, str]) -> None:
    options = {name: [text] for name, text in texts.items()}
    bounds.validate_options(options)
    info = _parser().parse_uri(entity_set, query_string(options))
    UriValidator().validate(info, HttpMethod.GET)
    budget = bounds.NodeBudget()
    for item in () if info.orderby is None else info.orderby.items:
        validate_expression(item.expression, budget)
    if info.filter is not None:
        validate_expression(info.filter.expression, budget)


@cache
def _parser() -> Parser:
    return Parser(OData.new_instance().create_edm(Model(entity_sets.SHAPES)))
