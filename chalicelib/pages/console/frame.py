"""What surrounds every page of the console: navigation, who is logged in, what was just done."""

from dataclasses import dataclass, field
from typing import ClassVar

from chalicelib.pages.views import OwnPage


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the navigation; pages name theirs by `key`."""

    key: str
    label: str
    path: str


OVERVIEW = Section("overview", "Overview", "/console")
APPLICATIONS = Section("applications", "Applications", "/console/applications")
USERS = Section("users", "Users", "/console/users")
KEYS = Section("keys", "Signing keys", "/console/keys")
AUDIT = Section("audit", "Audit", "/console/audit")
ENDPOINTS = Section("endpoints", "Endpoints", "/console/endpoints")
NAVIGATION = (OVERVIEW, APPLICATIONS, USERS, KEYS, AUDIT, ENDPOINTS)


@dataclass(frozen=True, slots=True)
class Frame:
    """Who is logged in, the token of the logout form, and a notice or ""."""

    user_label: str
    logout_token: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class ConsolePage(OwnPage):
    """A page within the frame. `SCRIPTS` are files of `static`, each a module of its own."""

    SECTION: ClassVar[str] = ""
    SCRIPTS: ClassVar[tuple[str, ...]] = ()
    SCRIPT: ClassVar[bool] = True
    CONNECT: ClassVar[bool] = True

    frame: Frame = field(kw_only=True)

    @property
    def navigation(self) -> tuple[Section, ...]:
        """The sections, for every page the same."""
        return NAVIGATION


@dataclass(frozen=True, slots=True)
class RefusalPage(ConsolePage):
    """Says what is wrong; `retry_url` is where to start again, "" for nowhere."""

    TEMPLATE: ClassVar[str] = "console/refusal.html"

    heading: str
    text: str
    code: str
    retry_url: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One button that changes something: where its form goes, its token, hidden fields."""

    path: str
    csrf_token: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ConfirmPage(ConsolePage):
    """Asks before something that cannot be undone.

    `typed_word`, where there is one, must be typed to go on; `refusal` says that it was not.
    """

    TEMPLATE: ClassVar[str] = "console/confirm.html"
    SECTION: ClassVar[str] = APPLICATIONS.key

    heading: str
    subject: str
    consequences: tuple[str, ...]
    button: str
    act: Act
    back_path: str
    typed_word: str = ""
    refusal: str = ""
