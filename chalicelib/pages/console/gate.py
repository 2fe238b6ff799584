"""Pages of the console for those who are not in it."""

from dataclasses import dataclass
from typing import ClassVar

from chalicelib.pages.views import OwnPage


@dataclass(frozen=True, slots=True)
class NotAdministratorPage(OwnPage):
    """Says that the console is for administrators, and offers another login."""

    TEMPLATE: ClassVar[str] = "console/not_administrator.html"


@dataclass(frozen=True, slots=True)
class LoginEndedPage(OwnPage):
    """Says that a form was sent after its login had ended; nothing was changed."""

    TEMPLATE: ClassVar[str] = "console/login_ended.html"
