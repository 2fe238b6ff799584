"""Answers to browsers: pages with their policy, redirects, and what goes to a redirect URI."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.endpoints.adapter import Endpoint
from chalicelib.oauth.authorization_endpoint import Answer
from chalicelib.oauth.authorization_request import FORM_POST, TITLE
from chalicelib.oauth.errors import OAuthError, TemporarilyUnavailable
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.pages.content_security import content_security_policy
from chalicelib.pages.rendering import Renderer
from chalicelib.pages.views import ApplicationView, ErrorPage, FormPostPage, Page, TitlePage

AUTHORIZE_PATH = "/oauth2/server/authorize"
LOGIN_PATH = "/login"
LOGOUT_PATH = "/oauth2/server/logout"
ACCOUNT_PATH = "/account"
PASSWORD_PATH = "/account/password"  # nosec B105 - a path
# Pages for whoever is logged in: the login form names one as what it is for.
OWN_PAGES = (ACCOUNT_PATH, PASSWORD_PATH)
# The query by which a page tells whoever has to log in why.
SESSION_ENDED = "done=ended"

_HEADINGS = {
    403: "This page is out of date",
    413: "That is too much at once",
    500: "Something went wrong here",
    503: "Please try again shortly",
}
_TEXTS = {
    413: "No form here needs more than 64 KiB. Go back and send less: nothing was saved.",
    500: "The server failed. Please try again shortly.",
}
_HEADING = "This request cannot be answered"


class Answers:
    """Makes responses; `issuer` says below which path we are reached."""

    def __init__(self, issuer: str) -> None:
        self._base_path = urlsplit(issuer).path
        self._renderer = Renderer(self._base_path)

    def page(self, page: Page, status: int = 200, cookies: Sequence[str] = ()) -> Response:
        """A page; `cookies` are values of `Set-Cookie`."""
        policy = content_security_policy(
            page.form_targets, script=page.SCRIPT, connect=page.CONNECT
        )
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
        }
        if page.stands_alone:
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
        return Response(status, self._renderer.render(page), _with_cookies(headers, cookies))

    def error(
        self,
        error: OAuthError,
        retry_url: str = "",
        *,
        text: str = "",
        retry_label: str = "Start again",
    ) -> Response:
        """Our own error page: nothing is sent anywhere else (checklist 1, 4).

        `text` says what this person should know, where that is more than the error does.
        """
        note(outcome=error.error, reason=error.detail)
        heading = _HEADINGS.get(error.status, _HEADING)
        text = text or _TEXTS.get(error.status, error.description)
        page = ErrorPage(heading, text, error.error, retry_url, retry_label)
        response = self.page(page, error.status)
        return Response(error.status, response.body, {**error.headers(), **response.headers})

    def to_path(self, path: str, query: str = "", cookies: Sequence[str] = ()) -> Response:
        """See another page of ours: 303, so that no credential is ever sent on (checklist 10)."""
        return _see_other(self.url(path, query), cookies)

    def to_uri(
        self, uri: str, parameters: Mapping[str, str], cookies: Sequence[str] = ()
    ) -> Response:
        """See a URI of a client with these parameters added; its own query stays."""
        query = urlencode(parameters, quote_via=quote, safe="")
        if not query:
            return _see_other(uri, cookies)
        separator = "&" if "?" in uri else "?"
        if uri.endswith(("?", "&")):
            separator = ""
        return _see_other(uri + separator + query, cookies)

    def deliver(
        self, answer: Answer, cookies: Sequence[str] = (), form_targets: tuple[str, ...] = ()
    ) -> Response:
        """Send an answer to its redirect URI, by its response mode.

        `form_targets` is where the form of `form_post` may lead.
        """
        target = answer.target
        application = ApplicationView(target.application.name)
        if target.response_mode == FORM_POST:
            form = FormPostPage(
                target.redirect_uri, answer.parameters, application, form_targets=form_targets
            )
            return self.page(form, cookies=cookies)
        if target.response_mode == TITLE:
            shown = ("code", "error", "state")
            title = {name: answer.parameters[name] for name in shown if name in answer.parameters}
            return self.page(TitlePage(title, application), cookies=cookies)
        return self.to_uri(target.redirect_uri, answer.parameters, cookies)

    def url(self, path: str, query: str = "") -> str:
        """A path of ours as a browser reaches it."""
        return f"{self._base_path}{path}{'?' if query else ''}{query}"

    def guarded(
        self, endpoint: Endpoint, *, path: str = "", way_back: str = ""
    ) -> Callable[[Request], Response]:
        """The endpoint with its refusals shown as pages instead of JSON.

        `way_back` is the path of ours to go on at after a refusal. Where storage was away a page
        is asked for again, under its own `path`.
        """
        back = self.url(way_back) if way_back else ""

        def answer(request: Request) -> Response:
            try:
                return endpoint(request)
            except OAuthError as error:
                return self.error(error, back)
            except StoreUnavailable as error:
                retry_url = back
                if path and request.method == "GET":
                    # Nobody has looked at the query yet: it may hold half a character.
                    query = urlencode(request.query, doseq=True, errors="replace")
                    retry_url = self.url(path, query)
                return self.error(
                    TemporarilyUnavailable(detail=str(error)), retry_url, retry_label="Try again"
                )

        return answer


def _see_other(location: str, cookies: Sequence[str]) -> Response:
    return Response(303, None, _with_cookies({"Location": location}, cookies))


def _with_cookies(headers: Mapping[str, str], cookies: Sequence[str]) -> dict[str, str | list[str]]:
    return {**headers, **({"Set-Cookie": list(cookies)} if cookies else {})}
