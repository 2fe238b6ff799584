"""What every search needs: the cap, paging over resources in hand, and where walks went on."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from scim2_models import Resource, ResourceType, SearchRequest, TooManyException
from scim2_server.memory import InMemoryStorage
from scim2_server.storage import SearchPage

from chalicelib.oauth.clock import Clock

# What no index answers is evaluated on at most so many resources: a partial result would lie.
MAXIMUM_ROWS = 1_000
# What a startIndex may pass over; a cursor passes over nothing.
MAXIMUM_SKIP = 100_000
# Each list of members is a query of its own.
MAXIMUM_LISTS = 100
MAXIMUM_MAIL_OWNERS = 100

_MAXIMUM_BOOKMARKS = 200
_BOOKMARK_SECONDS = 60.0


def page_of(
    resource_types: list[ResourceType],
    resources: Sequence[Resource[Any]],
    request: SearchRequest[Any],
    position: Any,
) -> SearchPage:
    """Filter, sort and page resources that were all read, as the library does in memory."""
    memory = InMemoryStorage()
    memory.resources = list(resources)
    return memory.search(resource_types, request, position=position)


def refuse_too_many(what: str) -> TooManyException:
    """What a search answers that would have to look at more than it may."""
    return TooManyException(
        detail=f"The search would evaluate more than {MAXIMUM_ROWS} {what}: "
        "filter by an indexed attribute (docs/scim.md), or page without filter and sortBy"
    )


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
