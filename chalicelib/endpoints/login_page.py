"""`GET, POST /login`: from a password to a session."""

from dataclasses import dataclass

from chalicelib.directory.authentication import Authenticator, LoginRefused
from chalicelib.directory.csrf import FormRefused
from chalicelib.endpoints import page_requests
from chalicelib.endpoints.authorize_page import (
    LOGIN_FORM,
    Asked,
    AuthorizationSteps,
    Typed,
    user_label,
)
from chalicelib.endpoints.front import Front
from chalicelib.endpoints.page_answers import AUTHORIZE_PATH, LOGIN_PATH, OWN_PAGES, SESSION_ENDED
from chalicelib.oauth.authorization_errors import AuthorizationRefused
from chalicelib.oauth.authorization_request import validate_target
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.parameters import parse_form
from chalicelib.pages.views import LoggedInPage, LoginPage

_SESSION_ENDED = "Your session has ended; nothing was changed. Log in, and repeat what you did."


@dataclass(frozen=True, slots=True)
class LoginForm:
    """What the form holds; `request` is what it is for.

    That is an authorization request, one of `OWN_PAGES`, or "" for nothing.
    """

    user_name: str
    user_domain: str
    password: str
    csrf_token: str
    request: str

    @classmethod
    def read(cls, request: Request) -> "LoginForm":
        """Raises InvalidRequest."""
        form = parse_form(request)
        return cls(**{name: form.get(name, "") for name in cls.__dataclass_fields__})

    def names(self) -> tuple[str, str]:
        r"""User name and domain; the first field may hold both, `domain\user` or `user@domain`.

        A user name may hold an `@`; so only an empty domain is looked for there.
        """
        if self.user_domain.strip():
            return self.user_name, self.user_domain
        return page_requests.split_login_hint(self.user_name.strip())


class LoginEndpoint:
    """Shows the form where no application asks, and takes every login form."""

    def __init__(
        self, authenticator: Authenticator, steps: AuthorizationSteps, front: Front
    ) -> None:
        self._authenticator = authenticator
        self._steps = steps
        self._front = front

    def show(self, request: Request) -> Response:
        """Who is logged in, or the form."""
        signed_in = self._front.sessions.find(self._front.session_value(request))
        if signed_in is not None:
            return self._front.answers.page(LoggedInPage(user_label(signed_in)))
        return self._ask(request, Typed("", ""))

    def ask_for(self, request: Request, own_page: str) -> Response:
        """The form, for one of `OWN_PAGES`, which follows the login."""
        ended = request.query.get("done") == [SESSION_ENDED.partition("=")[2]]
        return self._ask(request, Typed("", ""), own_page, _SESSION_ENDED if ended else "")

    def submit(self, request: Request) -> Response:
        """The checks, in order: the form is ours, its request is still good, the password."""
        form = LoginForm.read(request)
        try:
            self._front.forms.verify(request, form.csrf_token, LOGIN_FORM, form.request)
        except FormRefused as error:
            signed_in = self._front.sessions.find(self._front.session_value(request))
            return self._steps.refuse_form(error, form.request, signed_in)
        if not form.request or form.request in OWN_PAGES:
            return self._log_in(request, form, None)
        parameters = page_requests.unpack(form.request)
        client_id = parameters.get("client_id")
        visit = self._front.sessions.visit(None, client_id)
        target = validate_target(visit.application, parameters)
        try:
            asked = self._steps.validate(target, parameters)
        except AuthorizationRefused as refusal:
            return self._steps.refuse(target, refusal)
        return self._log_in(request, form, asked)

    def _log_in(self, request: Request, form: LoginForm, asked: Asked | None) -> Response:
        """Replace whatever session there was; 303, with nothing of the form in it."""
        try:
            name, domain = form.names()
            user = self._authenticator.authenticate(domain, name, form.password, request.source_ip)
        except LoginRefused as refusal:
            typed = Typed(form.user_name, form.user_domain, refusal.description)
            if asked is None:
                return self._ask(request, typed, form.request)
            return self._steps.ask_login(request, asked, typed)
        _, value = self._front.sessions.log_in(
            user,
            request.source_ip,
            request.header("user-agent") or "",
            self._front.session_value(request),
        )
        cookies = [self._front.session_cookie.set(value), self._front.forms.renew()]
        if asked is None:
            return self._front.answers.to_path(form.request or LOGIN_PATH, cookies=cookies)
        left = page_requests.after_login(asked.parameters)
        query = page_requests.pack(left, page_requests.AUTHORIZATION)
        return self._front.answers.to_path(AUTHORIZE_PATH, query, cookies)

    def _ask(
        self, request: Request, typed: Typed, own_page: str = "", notice: str = ""
    ) -> Response:
        form = self._front.forms.open(request)
        page = LoginPage(
            csrf_token=form.token(LOGIN_FORM, own_page),
            request=own_page,
            user_name=typed.user_name,
            user_domain=typed.user_domain,
            refusal=typed.refusal,
            notice=notice,
        )
        return self._front.answers.page(page, 403 if typed.refusal else 200, form.cookies)
