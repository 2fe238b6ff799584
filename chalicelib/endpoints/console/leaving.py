"""Logging out of the console: its token, and the login behind it, end on the server."""

from chalicelib.directory.cookies import Cookie, console_cookie, session_cookie
from chalicelib.directory.form_tokens import FormTokens
from chalicelib.directory.sessions import Sessions
from chalicelib.endpoints.console.desk import CSRF_FIELD, LOGOUT_FORM
from chalicelib.endpoints.console.entry import Entry
from chalicelib.endpoints.console.visitors import Visitors
from chalicelib.endpoints.page_answers import Answers
from chalicelib.oauth.errors import InvalidToken
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.parameters import parse_form
from chalicelib.oauth.request_log import note
from chalicelib.pages.console.gate import LoginEndedPage
from chalicelib.pages.views import LoggedOutPage


class Leaving:
    """`POST /console/logout`, also for whoever is no administrator any more."""

    def __init__(
        self,
        *,
        visitors: Visitors,
        entry: Entry,
        sessions: Sessions,
        forms: FormTokens,
        answers: Answers,
        issuer: str,
    ) -> None:
        self._visitors = visitors
        self._entry = entry
        self._sessions = sessions
        self._forms = forms
        self._answers = answers
        self._session_cookie: Cookie = session_cookie(issuer)
        self._console_cookie: Cookie = console_cookie(issuer)

    def __call__(self, request: Request) -> Response:
        """Revoke, then have the browser forget. Raises FormRefused, StoreUnavailable."""
        session = self._visitors.session_of(request)
        if session is None:
            return self._answers.page(LoginEndedPage(), 401)
        # Nothing is written for a token of the form: it may come from anybody, and to end what has
        # ended changes nothing.
        self._forms.verify(session, LOGOUT_FORM, parse_form(request).get(CSRF_FIELD))
        try:
            self._entry.revoke(self._visitors.recognise(request))
        except InvalidToken as error:
            note(former=error.detail)
        self._sessions.end(self._session_cookie.read(request))
        cookies = [self._session_cookie.clear(), self._console_cookie.clear()]
        return self._answers.page(LoggedOutPage(again="/console"), cookies=cookies)
