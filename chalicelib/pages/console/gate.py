"""Pages of the console for those who are not in it."""

from dataclasses import dataclass
from typing import ClassVar

from chalicelib.pages.views import Page


@dataclass(frozen=True, slots=True)
class NotAdministratorPage(Page):
    """Says that the console is for administrators, and offers another login."""

    TEMPLATE: ClassVar[str] = "console/not_administrator.html"


@dataclass(frozen=True, slots=True)
class LoginEndedPage(Page):
    """Says that a form was sent after its login had ended; nothing was changed."""

    TEMPLATE: ClassVar[str] = "console/login_ended.html"
