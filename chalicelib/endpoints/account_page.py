"""`/account`: a person's own sessions and consents, listed and ended by that person."""

from collections.abc import Mapping, Sequence

from chalicelib.audit import Actor
from chalicelib.directory.consents import Consent, Consents
from chalicelib.directory.csrf import FormRefused
from chalicelib.directory.form_tokens import FormTokens
from chalicelib.directory.sessions import Session, SignedIn
from chalicelib.endpoints.authorize_page import user_label
from chalicelib.endpoints.front import Front
from chalicelib.endpoints.login_page import LoginEndpoint
from chalicelib.endpoints.page_answers import ACCOUNT_PATH, SESSION_ENDED
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.model import Application
from chalicelib.oauth.parameters import parse_form
from chalicelib.oauth.stores import Reading, RecordReader
from chalicelib.pages.browser_names import browser_name
from chalicelib.pages.scope_texts import scope_texts
from chalicelib.pages.views import AccountPage, ApplicationView, ConsentRow, SessionRow

SESSION_FORM = "end session"
CONSENT_FORM = "withdraw consent"
# The session id of the button for all the others.
OTHERS = ""

# What was done a moment ago, by the name under which a redirect tells the page.
NOTICES = {
    "password": "Your password was changed. Everything else that was logged in has ended.",
    "session": "Logged out there.",
    "sessions": "Logged out everywhere else.",
    "consent": "Withdrawn. What the application held has ended, and it has to ask you again.",
}


class AccountEndpoints:
    """Shows the page and takes its buttons; whoever is not logged in logs in first."""

    def __init__(
        self,
        consents: Consents,
        reader: RecordReader,
        forms: FormTokens,
        login: LoginEndpoint,
        front: Front,
    ) -> None:
        self._consents = consents
        self._reader = reader
        self._forms = forms
        self._login = login
        self._front = front

    def show(self, request: Request) -> Response:
        """The sessions and consents of whoever is logged in."""
        session_value = self._front.session_value(request)
        signed_in = self._front.sessions.find(session_value)
        if signed_in is None or session_value is None:
            return self._login.ask_for(request, ACCOUNT_PATH)
        user_id = signed_in.user.user_id
        consents = self._consents.list_consents(user_id)
        page = AccountPage(
            user_label=user_label(signed_in),
            sessions=tuple(
                self._session_row(session, signed_in, session_value)
                for session in sorted(
                    self._front.sessions.list_sessions(user_id),
                    key=lambda one: one.session_id != signed_in.session.session_id,
                )
            ),
            consents=self._consent_rows(consents, session_value),
            others_csrf_token=self._forms.issue(session_value, SESSION_FORM, OTHERS),
            notice=NOTICES.get((request.query.get("done") or [""])[0], ""),
        )
        return self._front.answers.page(page)

    def back(self, _: Request) -> Response:
        """A form's path opened as a page: the page that holds the form."""
        return self._front.answers.to_path(ACCOUNT_PATH)

    def end_session(self, request: Request) -> Response:
        """Log out in one other browser, or in all others."""
        form = parse_form(request)
        session_id = form.get("session_id", "")
        signed_in = self._signed_in(request, form, SESSION_FORM, session_id)
        if isinstance(signed_in, Response):
            return signed_in
        user_id, actor = signed_in.user.user_id, actor_of(signed_in, request)
        if session_id == OTHERS:
            self._front.sessions.end_others(user_id, signed_in.session.session_id, actor)
            return self._done("sessions")
        # One that has ended meanwhile is as it should be.
        self._front.sessions.end_session(user_id, session_id, actor)
        return self._done("session")

    def withdraw_consent(self, request: Request) -> Response:
        """Take back what an application may do."""
        form = parse_form(request)
        client_id = form.get("client_id", "")
        signed_in = self._signed_in(request, form, CONSENT_FORM, client_id)
        if isinstance(signed_in, Response):
            return signed_in
        actor = actor_of(signed_in, request)
        self._consents.withdraw(signed_in.user.user_id, client_id, actor)
        return self._done("consent")

    def _signed_in(
        self, request: Request, form: Mapping[str, str], purpose: str, bound: str
    ) -> SignedIn | Response:
        """Whose button it is: the form is ours, of a session that goes on, and new."""
        session_value = self._front.session_value(request) or ""
        try:
            signed_in = self._front.take_form(
                self._forms, session_value, purpose, form.get("csrf_token"), bound
            )
        except FormRefused as error:
            return self._front.answers.error(error, self._front.answers.url(ACCOUNT_PATH))
        return signed_in or self._front.answers.to_path(ACCOUNT_PATH, SESSION_ENDED)

    def _done(self, what: str) -> Response:
        return self._front.answers.to_path(ACCOUNT_PATH, f"done={what}")

    def _session_row(self, session: Session, signed_in: SignedIn, session_value: str) -> SessionRow:
        return SessionRow(
            session_id=session.session_id,
            browser=browser_name(session.user_agent),
            source_ip=session.source_ip,
            last_used_at=session.last_used_at,
            is_this=session.session_id == signed_in.session.session_id,
            csrf_token=self._forms.issue(session_value, SESSION_FORM, session.session_id),
        )

    def _consent_rows(
        self, consents: Sequence[Consent], session_value: str
    ) -> tuple[ConsentRow, ...]:
        """With the applications' names, all read in one batch."""
        clients = frozenset(consent.client_id for consent in consents)
        found: Mapping[str, Application] = {}
        if clients:
            found = self._reader.read(Reading(clients=clients)).applications
        return tuple(
            ConsentRow(
                client_id=consent.client_id,
                application=_named(consent.client_id, found.get(consent.client_id)),
                scopes=scope_texts(consent.scopes),
                granted_at=consent.granted_at,
                csrf_token=self._forms.issue(session_value, CONSENT_FORM, consent.client_id),
            )
            for consent in consents
        )


def actor_of(signed_in: SignedIn, request: Request) -> Actor:
    """The person who acts upon the own account, by no application."""
    return Actor(None, signed_in.user.user_id, user_label(signed_in), request.source_ip)


def _named(client_id: str, application: Application | None) -> ApplicationView:
    return ApplicationView(client_id if application is None else application.name)
