"""One page of a list, and the error of a cursor that is not ours."""

from collections.abc import Sequence
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
