"""What a request may ask before anything of it is parsed (OData 4.0 Part 2, URL Conventions).

The parser below is recursive and evaluates what it is given, so length, depth, and the number
of words and operators are bounded here, on the text alone.
"""

import re
from collections.abc import Mapping, Sequence

from odatapy.errors import ODataApplicationException

MAXIMUM_PATH_LENGTH = 2_048
# An HTTP API takes some 10 KB of request line and headers; a batch could carry more.
MAXIMUM_QUERY_LENGTH = 8_192
MAXIMUM_OPTIONS = 40
MAXIMUM_DEPTH = 25
MAXIMUM_WORDS = 1_000
MAXIMUM_OPERATORS = 200
MAXIMUM_SEARCH_TERMS = 25
# Operators, values and names of one HTTP request, each alias counted wherever it stands: every
# row is evaluated against them.
MAXIMUM_NODES = 2_000

# Of OData 4.01 or of its extensions; 501 is what the standard asks for (Part 1, §9.3.1).
UNSUPPORTED_OPTIONS = frozenset(
    {"$apply", "$compute", "$deltatoken", "$expand", "$index", "$levels", "$schemaversion"}
)
# As a custom option each would be ignored, and the answer be another one than was asked for.
_WITHOUT_DOLLAR = frozenset(
    {
        *("filter", "orderby", "select", "top", "skip", "count", "search", "format", "skiptoken"),
        *(option[1:] for option in UNSUPPORTED_OPTIONS),
    }
)
UNSUPPORTED_RESOURCES = ("$all", "$async", "$crossjoin", "$entity")

_WORD = re.compile(r"[^\s()\[\],]+")
_OPERATORS = frozenset({"and", "or", "not", "add", "sub", "mul", "div", "divby", "mod", "has"})
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class QueryRefused(ODataApplicationException):
    """The request goes beyond what is taken.

    `code` is the OData error's code, `status` mostly 400 or 501; the message is for the client.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message, status, code=code)


def has_half_character(text: str) -> bool:
    """Whether a surrogate stands in a text alone: it can be written in no answer and no key."""
    return _HALF_CHARACTER.search(text) is not None


class NodeBudget:
    """How much a request may still ask to be evaluated, all parts of a batch together."""

    def __init__(self, limit: int = MAXIMUM_NODES) -> None:
        self._left = limit

    def spend(self) -> None:
        """Count one node of an expression. Raises QueryRefused."""
        self._left -= 1
        if self._left < 0:
            message = (
                f"$filter and $orderby hold over {MAXIMUM_NODES} operators, values and names, "
                "with what their aliases stand for."
            )
            raise QueryRefused("QueryTooComplex", message)


def validate_path(path: str) -> None:
    """`path` lies below the service's root, decoded. Raises QueryRefused."""
    if len(path) > MAXIMUM_PATH_LENGTH:
        raise QueryRefused("RequestTooLong", f"The path is over {MAXIMUM_PATH_LENGTH} characters.")
    _validate_text("The path", path)
    first = path.strip("/").partition("/")[0]
    if first.startswith(UNSUPPORTED_RESOURCES):
        raise QueryRefused("NotImplemented", f"{first[:12]} is not supported.", status=501)


def validate_options(options: Mapping[str, Sequence[str]]) -> None:
    """Query options by name, decoded. Raises QueryRefused."""
    if sum(len(values) for values in options.values()) > MAXIMUM_OPTIONS:
        raise QueryRefused("TooManyOptions", f"There are over {MAXIMUM_OPTIONS} query options.")
    length = sum(len(name) + len(value) + 2 for name, values in options.items() for value in values)
    if length > MAXIMUM_QUERY_LENGTH:
        message = f"The query is over {MAXIMUM_QUERY_LENGTH} characters."
        raise QueryRefused("RequestTooLong", message)
    for name, values in options.items():
        if name in UNSUPPORTED_OPTIONS:
            raise QueryRefused("NotImplemented", f"{name} is not supported.", status=501)
        if name.lower() in _WITHOUT_DOLLAR:
            # OData 4.0, Part 2, §5.2: a name without $ is a custom option.
            raise QueryRefused("InvalidQuery", f"The option {name} is written ${name} here.")
        if name.startswith("$") and len(values) > 1:
            raise QueryRefused("InvalidQuery", "A system query option is repeated.")
        for value in values:
            _validate_text("A query option", value)
            if name.startswith("@") and "@" in _outside_quotes(value):
                # Each step would multiply those before it.
                raise QueryRefused("QueryTooComplex", "An alias stands for another alias.")
            if name == "$search" and len(value.split()) > MAXIMUM_SEARCH_TERMS:
                message = f"$search has over {MAXIMUM_SEARCH_TERMS} terms."
                raise QueryRefused("QueryTooComplex", message)


def _validate_text(what: str, text: str) -> None:
    """Depth, words and operators outside of quoted strings; a doubled quote is inside of one."""
    if has_half_character(text):
        raise QueryRefused("InvalidQuery", f"{what} holds half a character.")
    outside = _outside_quotes(text)
    _validate_depth(what, outside)
    words = _WORD.findall(outside)
    if len(words) > MAXIMUM_WORDS:
        raise QueryRefused("QueryTooComplex", f"{what} has over {MAXIMUM_WORDS} words.")
    operators = sum(word.lower() in _OPERATORS or word.startswith("-") for word in words)
    if operators + outside.count("--") > MAXIMUM_OPERATORS:
        raise QueryRefused("QueryTooComplex", f"{what} has over {MAXIMUM_OPERATORS} operators.")


def _outside_quotes(text: str) -> str:
    return "''".join(text.split("'")[::2])


def _validate_depth(what: str, outside: str) -> None:
    """Nested brackets; a lambda in a lambda would be evaluated for each pair of values."""
    lambdas: list[bool] = []
    for position, character in enumerate(outside):
        if character in "([":
            opens_lambda = bool(
                re.search(r"\b(any|all)\s*$", outside[max(0, position - 12) : position])
            )
            if opens_lambda and any(lambdas):
                raise QueryRefused("QueryTooComplex", f"{what} nests any or all.")
            lambdas.append(opens_lambda)
            if len(lambdas) > MAXIMUM_DEPTH:
                message = f"{what} is nested more than {MAXIMUM_DEPTH} deep."
                raise QueryRefused("QueryTooComplex", message)
        elif character in ")]" and lambdas:
            lambdas.pop()
