"""One page of a list, and the error of a cursor that is not ours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


class InvalidCursor(ValueError):
    """The cursor was not made by this list."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list; `next` is the cursor of the following page, None at the end.

    A page may hold fewer items than asked for and still have a `next`: one request reads a
    bounded amount.
    """

    items: Sequence[Item]
    next: str | None


def gather(
    read: Callable[[str | None], Page[Item]],
    accept: Callable[[Item], bool],
    cursor: str | None,
    *,
    enough: int,
    most_reads: int,
) -> Page[Item]:
    """The accepted items of page after page, until there are `enough` or so many were read.

    For filters that no index serves. Pages are looked at whole, so that their own cursors serve:
    there may be more than `enough`, by less than a page. Raises what `read` raises.
    """
    found: list[Item] = []
    for _ in range(most_reads):
        page = read(cursor)
        found += filter(accept, page.items)
        cursor = page.next
        if cursor is None or len(found) >= enough:
            break
    return Page(found, cursor)
