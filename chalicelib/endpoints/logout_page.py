"""`GET, POST /oauth2/server/logout` (OpenID Connect RP-Initiated Logout 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.directory.csrf import FormRefused
from chalicelib.directory.sessions import SignedIn
from chalicelib.endpoints import page_requests
from chalicelib.endpoints.authorize_page import onward, user_label
from chalicelib.endpoints.front import Front
from chalicelib.endpoints.page_answers import LOGOUT_PATH
from chalicelib.oauth import scope
from chalicelib.oauth.authorization_request import MAXIMUM_STATE_LENGTH
from chalicelib.oauth.errors import InvalidRequest
from chalicelib.oauth.id_token import VerifiedHint
from chalicelib.oauth.ids import is_client_id
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.model import RedirectStrategy
from chalicelib.oauth.redirect_strategy import is_registered
from chalicelib.oauth.request_log import note
from chalicelib.pages.views import ApplicationView, LoggedOutPage, LogoutPage
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import ApplicationStore

LOGOUT_FORM = "logout"


@dataclass(frozen=True, slots=True)
class Wish:
    """A logout without fault: who asks, whom it names, and where to go then (None: nowhere)."""

    parameters: Mapping[str, str]
    registration: Registration | None
    hint: VerifiedHint | None
    redirect_uri: str | None

    @property
    def packed(self) -> str:
        """The parameters as the hidden field of the form."""
        return page_requests.pack(self.parameters, page_requests.LOGOUT)


class LogoutEndpoint:
    """Ends the session; asks first unless an ID token of this very person comes along."""

    def __init__(self, applications: ApplicationStore, front: Front) -> None:
        self._applications = applications
        self._front = front

    def __call__(self, request: Request) -> Response:
        """From an application by GET or POST, or from our own form."""
        parameters = page_requests.read_parameters(request)
        if request.method == "POST" and "csrf_token" in parameters:
            return self._confirmed(request, parameters)
        wish = self._validate(parameters)
        session_value = self._front.session_value(request)
        if request.method == "POST" and session_value is None:
            # A browser keeps the cookie from a form of another site, not from a redirect.
            return self._front.answers.to_path(LOGOUT_PATH, wish.packed)
        signed_in = self._front.sessions.find(session_value)
        if signed_in is None or _names(wish.hint, signed_in):
            return self._end(wish, session_value)
        return self._ask(request, wish, signed_in, session_value or "")

    def _validate(self, parameters: Mapping[str, str]) -> Wish:
        """Raises InvalidRequest, before anything is ended."""
        hint = self._front.verify_hint(parameters.get("id_token_hint"))
        client_id = parameters.get("client_id")
        if hint is not None:
            if client_id not in (None, hint.client_id):
                raise InvalidRequest("The ID token was issued to another application.")
            client_id = hint.client_id
        registration = None
        if client_id is not None and is_client_id(client_id):
            registration = self._enabled(client_id)
            note(client_id=client_id)
        uri = parameters.get("post_logout_redirect_uri")
        if registration is None:
            # Whose URI it is cannot be known, so nobody is sent there.
            return Wish(parameters, None, hint, None)
        if uri is not None and not _may_return_to(registration, uri):
            raise InvalidRequest("The post-logout redirect URI is not registered.")
        if len(parameters.get("state", "")) > MAXIMUM_STATE_LENGTH:
            raise InvalidRequest("The state is too long.")
        return Wish(parameters, registration, hint, uri)

    def _enabled(self, client_id: str) -> Registration | None:
        """The application, unless it is disabled: nobody is sent to a disabled one."""
        registration = self._applications.load(client_id)
        enabled = registration is not None and registration.application.enabled
        return registration if enabled else None

    def _ask(
        self, request: Request, wish: Wish, signed_in: SignedIn, session_value: str
    ) -> Response:
        form = self._front.forms.open(request)
        application = None
        if wish.registration is not None:
            application = ApplicationView(wish.registration.application.name)
        page = LogoutPage(
            csrf_token=form.token(LOGOUT_FORM, wish.packed, session=session_value),
            request=wish.packed,
            user_label=user_label(signed_in),
            application=application,
            form_targets=(
                () if wish.redirect_uri is None else onward(wish.redirect_uri, wish.registration)
            ),
        )
        return self._front.answers.page(page, cookies=form.cookies)

    def _confirmed(self, request: Request, form: Mapping[str, str]) -> Response:
        """Our own form: bound to the session that it ends."""
        packed = form.get("request", "")
        session_value = self._front.session_value(request)
        try:
            self._front.forms.verify(
                request, form.get("csrf_token"), LOGOUT_FORM, packed, session=session_value or ""
            )
        except FormRefused as error:
            return self._front.answers.error(error, self._front.answers.url(LOGOUT_PATH))
        return self._end(self._validate(page_requests.unpack(packed)), session_value)

    def _end(self, wish: Wish, session_value: str | None) -> Response:
        """End it on the server, then have the browser forget it."""
        self._front.sessions.end(session_value)
        cookies = [self._front.session_cookie.clear(), self._front.forms.renew()]
        if wish.redirect_uri is None:
            return self._front.answers.page(LoggedOutPage(), cookies=cookies)
        state = wish.parameters.get("state")
        answer = {} if state is None else {"state": state}
        return self._front.answers.to_uri(wish.redirect_uri, answer, cookies)


def _may_return_to(registration: Registration, uri: str) -> bool:
    """Whether the URI is the application's: exact strings, and loopback ports (RP-Initiated §3).

    What listens on the person's own machine gets no more from a logout than from a login, so
    there the redirect URIs, with their rule of ports (RFC 8252 §7.3), hold for both.
    """
    application = registration.application
    if uri in registration.post_logout_redirect_uris:
        return True
    return (
        application.redirect_strategy is RedirectStrategy.MOBILE_LOCALHOST_PORT
        and scope.LOGIN in application.allowed_scopes
        and is_registered(application, uri)
    )


def _names(hint: VerifiedHint | None, signed_in: SignedIn) -> bool:
    return hint is not None and hint.subject == signed_in.user.user_id
