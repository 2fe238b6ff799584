"""The authorization endpoint as a browser meets it (RFC 6749 §3.1), and what it shows next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from chalicelib.directory.csrf import FormRefused
from chalicelib.directory.sessions import SignedIn, Visit
from chalicelib.endpoints import page_requests
from chalicelib.endpoints.front import Front
from chalicelib.endpoints.page_answers import AUTHORIZE_PATH, LOGIN_PATH, OWN_PAGES
from chalicelib.oauth import scope
from chalicelib.oauth.authorization_endpoint import (
    Answer,
    AuthorizationEndpoint,
    NeedsConsent,
    Person,
    Step,
)
from chalicelib.oauth.authorization_errors import AuthorizationRefused
from chalicelib.oauth.authorization_request import (
    FORM_POST,
    QUERY,
    AuthorizationRequest,
    Target,
    validate_request,
    validate_target,
)
from chalicelib.oauth.errors import InvalidRequest
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.model import Application, RedirectStrategy
from chalicelib.pages.scope_texts import scope_texts
from chalicelib.pages.views import ApplicationView, ConsentPage, LoginPage
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import ApplicationStore

LOGIN_FORM = "login"
CONSENT_FORM = "consent"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request without fault, and its parameters as they travel through our forms."""

    request: AuthorizationRequest
    parameters: Mapping[str, str]

    @property
    def packed(self) -> str:
        """The parameters as the hidden field that every form carries."""
        return page_requests.pack(self.parameters, page_requests.AUTHORIZATION)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the person typed into the login form, and why it was refused."""

    user_name: str
    user_domain: str
    refusal: str = ""


class AuthorizationSteps:
    """Shows each step of an authorization: the login page, the consent page, the answer."""

    def __init__(
        self, endpoint: AuthorizationEndpoint, applications: ApplicationStore, front: Front
    ) -> None:
        self._endpoint = endpoint
        self._applications = applications
        self._front = front

    def validate(self, target: Target, parameters: Mapping[str, str]) -> Asked:
        """Raises AuthorizationRefused."""
        return Asked(validate_request(target, parameters), parameters)

    def refuse(
        self, target: Target, refusal: AuthorizationRefused, cookies: Sequence[str] = ()
    ) -> Response:
        """Tell the client; `cookies` are values of `Set-Cookie`."""
        return self._deliver(self._endpoint.refuse(target, refusal), cookies)

    def refuse_form(
        self, error: FormRefused, packed: str, signed_in: SignedIn | None = None
    ) -> Response:
        """Our own page, with a way on; the request in the form proves nothing.

        `signed_in`: who logged in meanwhile, in another tab of this browser.
        """
        answers = self._front.answers
        url = answers.url(*_way_on(packed))
        if signed_in is None:
            return answers.error(error, url)
        text = f"You are logged in already, as {user_label(signed_in)}."
        return answers.error(error, url, text=text, retry_label="Go on")

    def show(
        self,
        request: Request,
        asked: Asked,
        step: Step,
        signed_in: SignedIn | None,
        session_value: str,
        *,
        cookies: Sequence[str] = (),
    ) -> Response:
        """The response of a step; an answer takes `cookies` along.

        `session_value` is that of the session cookie, "" where there is none.
        """
        if isinstance(step, Answer):
            return self._deliver(step, cookies)
        if isinstance(step, NeedsConsent) and signed_in is not None:
            return self._ask(request, asked, step, signed_in, session_value)
        return self.ask_login(request, asked, _suggested(asked.request, signed_in))

    def ask_login(self, request: Request, asked: Asked, typed: Typed) -> Response:
        """The login page; 403 after a refusal (RFC 9110 §15.5.4)."""
        form, packed = self._front.forms.open(request), asked.packed
        registration = self._applications.load(asked.request.application.client_id)
        page = LoginPage(
            csrf_token=form.token(LOGIN_FORM, packed),
            request=packed,
            application=_view(asked.request.application, registration),
            scopes=scope_texts(asked.request.scopes),
            user_name=typed.user_name,
            user_domain=typed.user_domain,
            refusal=typed.refusal,
            form_targets=_form_targets(asked.request.target, registration),
        )
        return self._front.answers.page(page, 403 if typed.refusal else 200, form.cookies)

    def _ask(
        self,
        request: Request,
        asked: Asked,
        step: NeedsConsent,
        signed_in: SignedIn,
        session_value: str,
    ) -> Response:
        """The consent page: bound to the session, the request and the scopes it shows."""
        form, packed = self._front.forms.open(request), asked.packed
        rendered = scope.render(step.scopes)
        application = asked.request.application
        registration = self._applications.load(application.client_id)
        other = page_requests.with_another_user(asked.parameters)
        page = ConsentPage(
            csrf_token=form.token(CONSENT_FORM, packed, rendered, session=session_value),
            request=packed,
            scope=rendered,
            application=_view(application, registration),
            scopes=scope_texts(step.scopes),
            user_label=user_label(signed_in),
            switch_user_url=self._front.answers.url(
                AUTHORIZE_PATH, page_requests.pack(other, page_requests.AUTHORIZATION)
            ),
            destination=_destination(asked.request.target),
            is_public=application.public,
            form_targets=_form_targets(asked.request.target, registration),
        )
        return self._front.answers.page(page, cookies=form.cookies)

    def _deliver(self, answer: Answer, cookies: Sequence[str]) -> Response:
        form_targets: tuple[str, ...] = ()
        if answer.target.response_mode == FORM_POST:
            registration = self._applications.load(answer.target.application.client_id)
            form_targets = onward(answer.target.redirect_uri, registration)
        return self._front.answers.deliver(answer, cookies, form_targets)


class AuthorizePage:
    """`GET, POST /oauth2/server/authorize`."""

    def __init__(
        self, endpoint: AuthorizationEndpoint, steps: AuthorizationSteps, front: Front
    ) -> None:
        self._endpoint = endpoint
        self._steps = steps
        self._front = front

    def __call__(self, request: Request) -> Response:
        """The checks, in order: parameters, client and redirect URI, the rest, the person."""
        parameters = page_requests.read_parameters(request)
        session_value = self._front.session_value(request)
        visit = self._front.sessions.visit(session_value, parameters.get("client_id"))
        target = validate_target(visit.application, parameters)
        try:
            asked = self._steps.validate(target, parameters)
            if request.method == "POST":
                # A browser keeps the cookie from a form of another site, not from a redirect.
                return self._front.answers.to_path(AUTHORIZE_PATH, asked.packed)
            visit = self._hinted(visit, parameters.get("id_token_hint"))
            step = self._endpoint.proceed(asked.request, person(visit), visit.consented)
        except AuthorizationRefused as refusal:
            return self._steps.refuse(target, refusal)
        return self._steps.show(request, asked, step, visit.signed_in, session_value or "")

    def _hinted(self, visit: Visit, hint: str | None) -> Visit:
        """Nobody, where the client expects another person (OpenID Connect Core §3.1.2.1)."""
        verified = self._front.verify_hint(hint)
        if verified is None or visit.signed_in is None:
            return visit
        if verified.subject == visit.signed_in.user.user_id:
            return visit
        return Visit(None, visit.application)


def person(visit: Visit) -> Person | None:
    """Who is logged in, as the protocol sees it."""
    if visit.signed_in is None:
        return None
    session = visit.signed_in.session
    return Person(
        user=visit.signed_in.user,
        session_id=session.session_id,
        authenticated_at=session.authenticated_at,
        user_epoch=session.user_epoch,
    )


def _way_on(packed: str) -> tuple[str, str]:
    """Path and query to begin anew at, after a form that held this as what it was for."""
    if packed in OWN_PAGES:
        return packed, ""
    try:
        parameters = page_requests.unpack(packed)
    except InvalidRequest:
        parameters = {}
    if not parameters:
        return LOGIN_PATH, ""
    return AUTHORIZE_PATH, page_requests.pack(parameters, page_requests.AUTHORIZATION)


def user_label(signed_in: SignedIn) -> str:
    r"""`domain\user`, as people here write it."""
    return f"{signed_in.user.user_domain}\\{signed_in.user.user_name}"


def onward(uri: str, registration: Registration | None) -> tuple[str, ...]:
    """Where a form's answer may lead: to this URI, and on to other hosts of its application."""
    if registration is None:
        return (uri,)
    website = () if registration.website is None else (registration.website,)
    return uri, *registration.redirect_uris, *registration.post_logout_redirect_uris, *website


def _form_targets(target: Target, registration: Registration | None) -> tuple[str, ...]:
    """None where the answer is a page of ours and no redirect."""
    return onward(target.redirect_uri, registration) if target.response_mode == QUERY else ()


def _view(application: Application, registration: Registration | None) -> ApplicationView:
    website = None if registration is None else registration.website
    return ApplicationView(application.name, website)


def _suggested(request: AuthorizationRequest, signed_in: SignedIn | None) -> Typed:
    """What the login form is filled with: the client's hint, or who has to log in again."""
    if request.login_hint is not None:
        return Typed(*page_requests.split_login_hint(request.login_hint))
    if signed_in is not None and "select_account" not in request.prompt:
        return Typed(signed_in.user.user_name, signed_in.user.user_domain)
    return Typed("", "")


def _destination(target: Target) -> str:
    """Where the answer goes, in a person's words."""
    strategy = target.application.redirect_strategy
    if strategy is RedirectStrategy.MOBILE_TITLE_BAR_BROWSER:
        return "the application that opened this browser"
    if strategy is RedirectStrategy.MOBILE_LOCALHOST_PORT:
        return "an application on this device"
    return urlsplit(target.redirect_uri).netloc
