"""`GET, POST /account/password`: a person's own change of password."""

from collections.abc import Mapping

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.directory.csrf import FormRefused
from chalicelib.directory.form_tokens import FormTokens
from chalicelib.directory.own_password import OwnPasswords, PasswordChange
from chalicelib.directory.passwords import MINIMUM_LENGTH
from chalicelib.directory.sessions import SignedIn
from chalicelib.endpoints.authorize_page import user_label
from chalicelib.endpoints.front import Front
from chalicelib.endpoints.login_page import LoginEndpoint
from chalicelib.endpoints.page_answers import ACCOUNT_PATH, PASSWORD_PATH, SESSION_ENDED
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.parameters import parse_form
from chalicelib.pages.views import PasswordPage

PASSWORD_FORM = "password"  # nosec B105 - the name of a form


class PasswordEndpoint:
    """Shows the form and takes it; whoever is not logged in logs in first."""

    def __init__(
        self, passwords: OwnPasswords, forms: FormTokens, login: LoginEndpoint, front: Front
    ) -> None:
        self._passwords = passwords
        self._forms = forms
        self._login = login
        self._front = front

    def show(self, request: Request) -> Response:
        """The form."""
        session_value = self._front.session_value(request)
        signed_in = self._front.sessions.find(session_value)
        if signed_in is None or session_value is None:
            return self._login.ask_for(request, PASSWORD_PATH)
        return self._ask(signed_in, session_value, {})

    def submit(self, request: Request) -> Response:
        """The checks, in order: the form is ours, its session goes on, the two passwords."""
        form = parse_form(request)
        session_value = self._front.session_value(request) or ""
        try:
            signed_in = self._front.take_form(
                self._forms, session_value, PASSWORD_FORM, form.get("csrf_token")
            )
        except FormRefused as error:
            return self._front.answers.error(error, self._front.answers.url(PASSWORD_PATH))
        if signed_in is None:
            return self._front.answers.to_path(PASSWORD_PATH, SESSION_ENDED)
        typed = PasswordChange(
            form.get("password", ""), form.get("new_password", ""), form.get("repeat_password", "")
        )
        try:
            user = self._passwords.change(signed_in.user, typed, request.source_ip)
        except FieldsRefused as refusal:
            return self._ask(signed_in, session_value, refusal.fields)
        # Every session has ended with the old password, so this browser gets a new one.
        _, value = self._front.sessions.log_in(
            user, request.source_ip, request.header("user-agent") or "", session_value
        )
        cookies = [self._front.session_cookie.set(value), self._front.forms.renew()]
        return self._front.answers.to_path(ACCOUNT_PATH, "done=password", cookies)

    def _ask(
        self,
        signed_in: SignedIn,
        session_value: str,
        refused: Mapping[str, str],
    ) -> Response:
        """The page; 403 where it was refused, as at login."""
        page = PasswordPage(
            csrf_token=self._forms.issue(session_value, PASSWORD_FORM),
            user_label=user_label(signed_in),
            minimum_length=MINIMUM_LENGTH,
            refused=refused,
        )
        return self._front.answers.page(page, 403 if refused else 200)
