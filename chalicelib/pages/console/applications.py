"""The list of applications."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chalicelib.pages.console.frame import APPLICATIONS, ConsolePage
from chalicelib.registry.warnings import Notice


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """An application in the list; texts as they are shown."""

    client_id: str
    name: str
    grant_type: str
    scopes: tuple[str, ...]
    user: str
    life_cycle: str
    created_at: int
    is_enabled: bool
    is_built_in: bool
    warnings: tuple[Notice, ...]
    last_used_at: int | None = None

    @property
    def path(self) -> str:
        """Where the application is shown."""
        return f"{APPLICATIONS.path}/{self.client_id}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A select of the filter: its values with their labels, and the one that is chosen."""

    name: str
    label: str
    options: Mapping[str, str]
    chosen: str


@dataclass(frozen=True, slots=True)
class ApplicationsPage(ConsolePage):
    """A page of applications.

    `sorts` maps a column that can be sorted to the query that sorts by it, and `sorted_by` to
    `ascending` or `descending`. `next_query` is "" at the end; `is_cut_short` says that names
    were left to look at when the bound of one request was reached. `acting_as` names the user
    that all of them act as, where the list is of such.
    """

    TEMPLATE: ClassVar[str] = "console/applications.html"
    SECTION: ClassVar[str] = APPLICATIONS.key
    SORTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("name", "Name, A to Z"),
        ("-name", "Name, Z to A"),
        ("-created", "Newest first"),
        ("created", "Oldest first"),
    )

    rows: tuple[ApplicationRow, ...]
    search: str
    choices: tuple[Choice, ...]
    sorts: Mapping[str, str]
    sorted_by: Mapping[str, str]
    is_narrowed: bool
    is_first: bool
    is_cut_short: bool
    first_query: str
    next_query: str
    sort: str
    user_id: str = ""
    acting_as: str = ""
