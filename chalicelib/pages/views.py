"""What each page shows, as plain values; the templates decide how."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from chalicelib.pages.scope_texts import ScopeText


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """The application that asks; `website` is an https URL."""

    name: str
    website: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page and where its forms, with every redirect that follows them, may lead."""

    TEMPLATE: ClassVar[str]
    SCRIPT: ClassVar[bool] = False
    # Whether its scripts ask us for more.
    CONNECT: ClassVar[bool] = False

    @property
    def stands_alone(self) -> bool:
        """Whether no application led here, so that no window of one has a say in it.

        An application may open the pages of a login in a popup and wait for it by `window.opener`
        and `closed`, as many libraries do; cut off from its opener the popup would seem closed.
        """
        return False

    form_targets: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class OwnPage(Page):
    """A page for the person alone."""

    @property
    def stands_alone(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class LoginPage(Page):
    """Asks for user name, domain and password; `request` is what it is for, "" for nothing.

    `notice` says why one has to log in, where that is not clear.
    """

    TEMPLATE: ClassVar[str] = "login.html"

    csrf_token: str
    request: str = ""
    application: ApplicationView | None = None
    scopes: tuple[ScopeText, ...] = ()
    user_name: str = ""
    user_domain: str = ""
    refusal: str = ""
    notice: str = ""

    @property
    def stands_alone(self) -> bool:
        return self.application is None


@dataclass(frozen=True, slots=True)
class ConsentPage(Page):
    """Asks the person who is logged in to let an application have what it asks for."""

    TEMPLATE: ClassVar[str] = "consent.html"

    csrf_token: str
    request: str
    scope: str
    application: ApplicationView
    scopes: tuple[ScopeText, ...]
    user_label: str
    switch_user_url: str
    destination: str
    is_public: bool


@dataclass(frozen=True, slots=True)
class FormPostPage(Page):
    """Sends an answer on in a form (OAuth 2.0 Form Post Response Mode)."""

    TEMPLATE: ClassVar[str] = "form_post.html"
    SCRIPT: ClassVar[bool] = True

    action: str
    parameters: Mapping[str, str]
    application: ApplicationView


@dataclass(frozen=True, slots=True)
class TitlePage(Page):
    """Hands an answer to the application that reads the title of this browser."""

    TEMPLATE: ClassVar[str] = "title.html"

    answer: Mapping[str, str]
    application: ApplicationView


@dataclass(frozen=True, slots=True)
class LogoutPage(Page):
    """Asks whether to log out; `request` is who asks for it and where to go then."""

    TEMPLATE: ClassVar[str] = "logout.html"

    csrf_token: str
    request: str
    user_label: str
    application: ApplicationView | None = None


@dataclass(frozen=True, slots=True)
class LoggedOutPage(Page):
    """Says that nobody is logged in any more; `again` is the path to log in at."""

    TEMPLATE: ClassVar[str] = "logged_out.html"

    again: str = "/login"


@dataclass(frozen=True, slots=True)
class LoggedInPage(OwnPage):
    """Says who is logged in, where no application asked for it."""

    TEMPLATE: ClassVar[str] = "logged_in.html"

    user_label: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A login in one browser; `last_used_at` is epoch seconds, `csrf_token` that of its button."""

    session_id: str
    browser: str
    source_ip: str
    last_used_at: int
    is_this: bool
    csrf_token: str


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """What an application may have; `granted_at` is epoch seconds."""

    client_id: str
    application: ApplicationView
    scopes: tuple[ScopeText, ...]
    granted_at: int
    csrf_token: str


@dataclass(frozen=True, slots=True)
class AccountPage(OwnPage):
    """A person's own account: the sessions, the consents, and what was just done."""

    TEMPLATE: ClassVar[str] = "account.html"

    user_label: str
    sessions: tuple[SessionRow, ...]
    consents: tuple[ConsentRow, ...]
    others_csrf_token: str
    notice: str = ""


@dataclass(frozen=True, slots=True)
class PasswordPage(OwnPage):
    """Asks for the old and a new password; `refused` names fields with what is wrong."""

    TEMPLATE: ClassVar[str] = "password.html"

    csrf_token: str
    user_label: str
    minimum_length: int
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ErrorPage(Page):
    """Says what is wrong; `retry_url` is where to go on, "" for nowhere that we know."""

    TEMPLATE: ClassVar[str] = "error.html"

    heading: str
    text: str
    code: str
    retry_url: str = ""
    retry_label: str = "Start again"
