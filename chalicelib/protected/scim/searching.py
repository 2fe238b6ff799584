"""What every search needs: the cap, paging over resources in hand, and where walks went on."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from scim2_models import Resource, ResourceType, SearchRequest, TooManyException
from scim2_server.memory import InMemoryStorage
from scim2_server.storage import SearchPage

from chalicelib.oauth.clock import Clock

# What no index answers is evaluated on at most so many resources: a partial result would lie.
MAXIMUM_ROWS = 1_000
# Terms of a filter times entries of lists, some 15 microseconds each: a search of everybody must
# end within a gateway's patience, whatever the lists hold.
MAXIMUM_COMPARISONS = 250_000
# What a startIndex may pass over; a cursor passes over nothing.
MAXIMUM_SKIP = 100_000
# Each list of members is a query of its own.
MAXIMUM_LISTS = 100
MAXIMUM_MAIL_OWNERS = 100

# What stands between terms, however it is set apart.
_OPERATOR = re.compile(r"(?<![^\s)\]])(?:and|or)(?![^\s(])", re.IGNORECASE)
_MAXIMUM_BOOKMARKS = 200
_BOOKMARK_SECONDS = 60.0


def page_of(
    resource_types: list[ResourceType],
    resources: Sequence[Resource[Any]],
    request: SearchRequest[Any],
    position: Any,
) -> SearchPage:
    """Filter, sort and page resources that were all read, as the library does in memory.

    Raises TooManyException where that would take too long.
    """
    if request.filter is not None:
        terms = count_terms(str(request.filter))
        if terms * sum(map(_entries, resources)) > MAXIMUM_COMPARISONS:
            raise TooManyException(
                detail=f"The search would compare more than {MAXIMUM_COMPARISONS} values: "
                "ask for fewer terms at once, or filter by an indexed attribute (docs/scim.md)"
            )
    memory = InMemoryStorage()
    memory.resources = list(resources)
    return memory.search(resource_types, request, position=position)


def refuse_too_many(what: str) -> TooManyException:
    """What a search answers that would have to look at more than it may."""
    return TooManyException(
        detail=f"The search would evaluate more than {MAXIMUM_ROWS} {what}: "
        "filter by an indexed attribute (docs/scim.md), or page without filter and sortBy"
    )


def count_terms(text: str) -> int:
    """The terms of a filter, at least."""
    return len(_OPERATOR.findall(text)) + 1


def _entries(resource: Resource[Any]) -> int:
    """The resource, and every entry of its lists."""
    lists = (value for name, value in resource if isinstance(value, list) and name != "schemas")
    return 1 + sum(map(len, lists))


class Bookmarks:
    """Where the page after each served one begins, so that a client who pages on skips nothing.

    Kept for a minute by each process; a startIndex that is not known is counted up to.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[int, bool], tuple[str, float]] = OrderedDict()

    def find(self, start_index: int, *, forward: bool) -> str | None:
        """The cursor of the page that begins there."""
        cursor, since = self._kept.get((start_index, forward), (None, 0.0))
        return cursor if self._clock.monotonic() - since < _BOOKMARK_SECONDS else None

    def keep(self, start_index: int, cursor: str, *, forward: bool) -> None:
        """Remember where the page at this index begins."""
        self._kept.pop((start_index, forward), None)
        self._kept[start_index, forward] = (cursor, self._clock.monotonic())
        while len(self._kept) > _MAXIMUM_BOOKMARKS:
            self._kept.popitem(last=False)
