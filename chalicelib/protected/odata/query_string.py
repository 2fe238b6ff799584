"""Query strings: made again of what a gateway decoded, and carried on to the next page."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus, unquote_plus

# What the token of the next page holds, or what was answered with the first one.
_SPENT_OPTIONS = frozenset({"$skiptoken", "$skip", "$top", "$count"})


def query_string(options: Mapping[str, Sequence[str]]) -> str:
    """Decoded query options as a query string again."""
    pairs = ((name, value) for name, values in options.items() for value in values)
    return "&".join(f"{_quote(name)}={_quote(value)}" for name, value in pairs)


def with_token(query: str, token: str) -> str:
    """A query string that asks for the next page."""
    parts = [part for part in query.split("&") if part]
    kept = [part for part in parts if unquote_plus(part.partition("=")[0]) not in _SPENT_OPTIONS]
    return "&".join([*kept, f"$skiptoken={token}"])


def _quote(text: str) -> str:
    # Half a character is carried on to where it is refused.
    return quote_plus(text, "$@", errors="surrogatepass")
