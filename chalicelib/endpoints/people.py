"""Joins what people's browsers meet: pages, forms, and the names of the routes."""

from collections.abc import Mapping

from chalicelib.directory.attempts import AttemptStore
from chalicelib.directory.authentication import Authenticator
from chalicelib.directory.consents import Consents, ConsentStore
from chalicelib.directory.cookies import prelogin_cookie, session_cookie
from chalicelib.directory.form_tokens import FormTokens
from chalicelib.directory.own_password import OwnPasswords
from chalicelib.directory.sessions import Sessions
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.account_page import AccountEndpoints
from chalicelib.endpoints.adapter import Endpoint
from chalicelib.endpoints.authorize_page import AuthorizationSteps, AuthorizePage
from chalicelib.endpoints.consent_page import ConsentEndpoint
from chalicelib.endpoints.front import Front
from chalicelib.endpoints.login_page import LoginEndpoint
from chalicelib.endpoints.logout_page import LogoutEndpoint
from chalicelib.endpoints.page_answers import (
    ACCOUNT_PATH,
    AUTHORIZE_PATH,
    LOGIN_PATH,
    LOGOUT_PATH,
    PASSWORD_PATH,
    Answers,
)
from chalicelib.endpoints.page_forms import BrowserForms
from chalicelib.endpoints.password_page import PasswordEndpoint
from chalicelib.oauth.authorization_endpoint import AuthorizationEndpoint
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import InvalidRequest
from chalicelib.oauth.id_token import IdTokens
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.stores import RecordReader
from chalicelib.pages.assets import find_asset
from chalicelib.registry.stores import ApplicationStore

# What can be asked for again as it was, and where people go on after a refusal.
PAGE_PATHS = {
    "authorize": AUTHORIZE_PATH,
    "log_out": LOGOUT_PATH,
    "show_login": LOGIN_PATH,
    "show_account": ACCOUNT_PATH,
    "show_password": PASSWORD_PATH,
}
WAYS_BACK = {
    "log_out": LOGOUT_PATH,
    "show_account": ACCOUNT_PATH,
    "end_session": ACCOUNT_PATH,
    "withdraw_consent": ACCOUNT_PATH,
    "show_password": ACCOUNT_PATH,
    "change_password": ACCOUNT_PATH,
}

# The name changes with the content.
_FOR_EVER = "public, max-age=31536000, immutable"


def join(
    *,
    authorization: AuthorizationEndpoint,
    sessions: Sessions,
    users: UserStore,
    attempts: AttemptStore,
    consents: ConsentStore,
    applications: ApplicationStore,
    reader: RecordReader,
    id_tokens: IdTokens,
    clock: Clock,
    issuer: str,
) -> Mapping[str, Endpoint]:
    """Every endpoint under its name in `pages.ROUTES`."""
    front = Front(
        sessions=sessions,
        session_cookie=session_cookie(issuer),
        forms=BrowserForms(prelogin_cookie(issuer)),
        answers=Answers(issuer),
        id_tokens=id_tokens,
        clock=clock,
    )
    steps = AuthorizationSteps(authorization, applications, front)
    authenticator, remembered = Authenticator(users, attempts, clock), Consents(consents, clock)
    login = LoginEndpoint(authenticator, steps, front)
    tokens = FormTokens(attempts, clock)
    account = AccountEndpoints(remembered, reader, tokens, login, front)
    password = PasswordEndpoint(OwnPasswords(users, authenticator, clock), tokens, login, front)
    endpoints: dict[str, Endpoint] = {
        "authorize": AuthorizePage(authorization, steps, front),
        "log_out": LogoutEndpoint(applications, front),
        "show_login": login.show,
        "log_in": login.submit,
        "show_nothing": show_nothing,
        "consent": ConsentEndpoint(authorization, remembered, steps, front),
        "front_door": account.back,
        "show_account": account.show,
        "back_to_account": account.back,
        "end_session": account.end_session,
        "withdraw_consent": account.withdraw_consent,
        "show_password": password.show,
        "change_password": password.submit,
    }
    guarded = {
        name: front.answers.guarded(
            endpoint, path=PAGE_PATHS.get(name, ""), way_back=WAYS_BACK.get(name, "")
        )
        for name, endpoint in endpoints.items()
    }
    return guarded | {"asset": show_asset}


def show_nothing(_: Request) -> Response:
    """A form's path opened as a page, by going back or by a bookmark: nothing is known of it."""
    raise InvalidRequest("Nothing is asked here; go back to the application and start again.")


def show_asset(request: Request) -> Response:
    """A static file, kept by browsers for as long as they like."""
    asset = find_asset(request.path_parameters.get("name", ""))
    if asset is None:
        return Response(404, {"error": "not_found", "error_description": "There is no such file."})
    headers = {"Content-Type": asset.media_type, "Cache-Control": _FOR_EVER}
    return Response(200, asset.content, headers)
