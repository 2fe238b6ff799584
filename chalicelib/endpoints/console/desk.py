"""What every screen of the console works with: who calls, forms, pages, refusals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.directory.csrf import FormRefused
from chalicelib.directory.form_tokens import FormTokens
from chalicelib.endpoints.adapter import Endpoint
from chalicelib.endpoints.console.entry import Entry
from chalicelib.endpoints.console.notices import NOTICES
from chalicelib.endpoints.console.visitors import Visitor, Visitors
from chalicelib.endpoints.page_answers import Answers
from chalicelib.oauth.errors import (
    InsufficientScope,
    InvalidToken,
    OAuthError,
    TemporarilyUnavailable,
)
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.parameters import parse_form
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.pages.console.frame import ConsolePage, Frame, RefusalPage
from chalicelib.pages.console.gate import LoginEndedPage, NotAdministratorPage

LOGOUT_FORM = "console logout"
CSRF_FIELD = "csrf_token"

Screen = Callable[[Request, Visitor], Response]

_HEADINGS = {
    403: "This form is out of date",
    404: "There is nothing here",
    409: "That cannot be done now",
    412: "Somebody else was quicker",
    503: "Please try again shortly",
}
_HEADING = "This request cannot be answered"


@dataclass(frozen=True, slots=True)
class Desk:
    """Admits visitors to screens, and shows what comes of it."""

    visitors: Visitors
    entry: Entry
    forms: FormTokens
    answers: Answers

    def screen(self, screen: Screen) -> Endpoint:
        """A screen for administrators; others log in, or are told that they may not enter."""

        def answer(request: Request) -> Response:
            try:
                visitor = self.visitors.admit(request)
            except InsufficientScope as error:
                return self._not_administrator(error)
            except InvalidToken as error:
                return self._nobody(request, error)
            except StoreUnavailable as error:
                unavailable = TemporarilyUnavailable(detail=str(error))
                retry_url = self.answers.url(request.path)
                return self.answers.error(unavailable, retry_url, retry_label="Try again")
            try:
                return screen(request, visitor)
            except OAuthError as error:
                return self.refuse(request, visitor, error)
            except StoreUnavailable as error:
                unavailable = TemporarilyUnavailable(detail=str(error))
                return self.refuse(request, visitor, unavailable)

        return answer

    def values(self, screen: Screen) -> Endpoint:
        """As `screen`, for a script of ours: refusals stay JSON (RFC 6750 §3)."""
        return lambda request: screen(request, self.visitors.admit(request))

    def frame(self, request: Request, visitor: Visitor) -> Frame:
        """What surrounds every page: who is logged in, and what was done a moment ago."""
        done = (request.query.get("done") or [""])[0]
        return Frame(
            user_label=visitor.label,
            logout_token=self.forms.issue(visitor.session, LOGOUT_FORM),
            notice=NOTICES.get(done, ""),
        )

    def show(self, page: ConsolePage, status: int = 200) -> Response:
        """A page of the console."""
        return self.answers.page(page, status)

    def done(self, path: str, notice: str = "") -> Response:
        """To a page of the console after a form, with a notice of `NOTICES`."""
        return self.answers.to_path(path, f"done={notice}" if notice else "")

    def token(self, visitor: Visitor, purpose: str, *bound: str) -> str:
        """The CSRF token of a form; `bound` is what must come back as it was shown."""
        return self.forms.issue(visitor.session, purpose, *bound)

    def take(self, request: Request, visitor: Visitor, purpose: str, *bound: str) -> dict[str, str]:
        """The fields of a form that is ours, and accepted this once.

        Raises FormRefused, InvalidRequest, StoreUnavailable.
        """
        fields = parse_form(request)
        self.accept(fields, visitor, purpose, *bound)
        return fields

    def accept(
        self, fields: Mapping[str, str], visitor: Visitor, purpose: str, *bound: str
    ) -> None:
        """As `take`, for fields read already."""
        self.forms.consume(visitor.session, purpose, fields.get(CSRF_FIELD), *bound)

    def refuse(self, request: Request, visitor: Visitor, error: OAuthError) -> Response:
        """What is wrong, within the frame, with the way back to a list that was asked too much."""
        note(outcome=error.error, reason=error.detail)
        is_asked_anew = request.method == "GET" and bool(request.query)
        back = request.path if isinstance(error, FormRefused) or is_asked_anew else ""
        page = RefusalPage(
            heading=_HEADINGS.get(error.status, _HEADING),
            text=_text_of(error),
            code=error.error,
            frame=self.frame(request, visitor),
            retry_url=self.answers.url(back) if back else "",
        )
        response = self.show(page, error.status)
        return Response(error.status, response.body, {**error.headers(), **response.headers})

    def _nobody(self, request: Request, error: InvalidToken) -> Response:
        """A page is shown after the login; a form cannot be sent again by us."""
        if request.method == "GET":
            return self.entry.begin(request)
        note(outcome=error.error, reason=error.detail)
        response = self.answers.page(LoginEndedPage(), error.status)
        return Response(error.status, response.body, {**error.headers(), **response.headers})

    def _not_administrator(self, error: InsufficientScope) -> Response:
        note(outcome=error.error, reason=error.detail)
        response = self.answers.page(NotAdministratorPage(), error.status)
        return Response(error.status, response.body, {**error.headers(), **response.headers})


def _text_of(error: OAuthError) -> str:
    """Its description, with the reason of each field where it is about fields."""
    if not isinstance(error, FieldsRefused):
        return error.description
    reasons = "; ".join(f"{name} {reason}" for name, reason in error.fields.items())
    return f"{error.description.removesuffix('.')}: {reasons}."
