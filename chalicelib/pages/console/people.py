"""Users and domains on screen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chalicelib.directory.passwords import MINIMUM_LENGTH
from chalicelib.pages.console.application import Fact
from chalicelib.pages.console.application_form import FieldError
from chalicelib.pages.console.events import EventRow
from chalicelib.pages.console.frame import USERS, Act, ConfirmPage, ConsolePage

STATUSES = {"enabled": "Enabled", "disabled": "Disabled", "deleted": "Deleted"}
LABELS = {
    "user_name": "User name",
    "user_domain": "Domain",
    "given_name": "Given name",
    "family_name": "Family name",
    "email": "E-mail",
    "roles": "Roles",
    "password": "Password",
    "repeat_password": "Password again",
}


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user in a list; texts as they are shown, `status` a key of STATUSES."""

    path: str
    user_name: str
    user_domain: str
    name: str
    email: str
    is_administrator: bool
    groups: int
    status: str
    created_at: int

    @property
    def status_label(self) -> str:
        """The status in a word."""
        return STATUSES[self.status]


@dataclass(frozen=True, slots=True)
class UsersPage(ConsolePage):
    """A page of users, by name; `texts` is what stands in the filter.

    `is_cut_short`: few of the users that were looked at match, and there are more.
    """

    TEMPLATE: ClassVar[str] = "console/users.html"
    SECTION: ClassVar[str] = USERS.key
    STATUSES: ClassVar[Mapping[str, str]] = STATUSES

    rows: tuple[UserRow, ...]
    texts: Mapping[str, str]
    domains: tuple[str, ...]
    is_first: bool
    is_cut_short: bool
    first_query: str
    next_query: str


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A domain, how many users are in it, and the query that lists them."""

    name: str
    users: int
    query: str


@dataclass(frozen=True, slots=True)
class DomainsPage(ConsolePage):
    """A page of domains, by name."""

    TEMPLATE: ClassVar[str] = "console/domains.html"
    SECTION: ClassVar[str] = USERS.key

    rows: tuple[DomainRow, ...]
    search: str
    is_first: bool
    first_query: str
    next_query: str


@dataclass(frozen=True, slots=True)
class BrowserRow:
    """A login in one browser; times are epoch seconds."""

    browser: str
    source_ip: str
    last_used_at: int
    authenticated_at: int
    end: Act


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """What the user lets an application have; the path asks whether to withdraw it."""

    application: str
    path: str
    scopes: tuple[str, ...]
    granted_at: int
    withdraw_path: str


@dataclass(frozen=True, slots=True)
class ActingRow:
    """An application that acts as the user."""

    name: str
    path: str
    grant_type: str
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class UserPage(ConsolePage):
    """Everything of one user. `is_own`: of whoever looks at it.

    `acting_query` lists the applications that act as the user; `more_acting`: there may be more
    than are shown.
    """

    TEMPLATE: ClassVar[str] = "console/user.html"
    SECTION: ClassVar[str] = USERS.key
    SCRIPTS: ClassVar[tuple[str, ...]] = ("copy.js",)

    path: str
    user_id: str
    label: str
    status: str
    is_own: bool
    is_administrator: bool
    facts: tuple[Fact, ...]
    sessions: tuple[BrowserRow, ...]
    consents: tuple[AgreementRow, ...]
    acting: tuple[ActingRow, ...]
    more_acting: bool
    acting_query: str
    events: tuple[EventRow, ...]
    audit_query: str
    enable: Act

    @property
    def status_label(self) -> str:
        """The status in a word."""
        return STATUSES[self.status]


@dataclass(frozen=True, slots=True)
class UserFormPage(ConsolePage):
    """The form of a user, new or not, as it was typed; passwords are never shown again."""

    TEMPLATE: ClassVar[str] = "console/user_form.html"
    SECTION: ClassVar[str] = USERS.key
    LABELS: ClassVar[Mapping[str, str]] = LABELS
    MINIMUM_LENGTH: ClassVar[int] = MINIMUM_LENGTH

    heading: str
    button: str
    act: Act
    back_path: str
    texts: Mapping[str, str]
    is_new: bool
    errors: tuple[FieldError, ...] = ()
    problem: str = ""

    @property
    def reasons(self) -> dict[str, str]:
        """What is wrong with each refused field."""
        return {error.name: error.text for error in self.errors}


@dataclass(frozen=True, slots=True)
class SetPasswordPage(UserFormPage):
    """Asks for a new password of a user."""

    TEMPLATE: ClassVar[str] = "console/set_password.html"


@dataclass(frozen=True, slots=True)
class UserConfirmPage(ConfirmPage):
    """Asks before something is taken from a user."""

    SECTION: ClassVar[str] = USERS.key


def user_errors(fields: Mapping[str, str]) -> tuple[FieldError, ...]:
    """The refusals of the directory as sentences, in the order of the form."""
    places = {name: place for place, name in enumerate(LABELS)}
    ordered = sorted(fields.items(), key=lambda item: places.get(item[0], len(places)))
    return tuple(
        FieldError(name, name, f"{LABELS.get(name, name)} {_spoken(reason)}.")
        for name, reason in ordered
    )


def _spoken(reason: str) -> str:
    return reason.replace("have at least 1 character", "not be empty")
