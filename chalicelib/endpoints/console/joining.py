"""Joins the console: services, screens, and the names of the routes."""

from collections.abc import Mapping

from chalicelib.audit import AuditTrail
from chalicelib.directory.attempts import AttemptStore
from chalicelib.directory.cookies import console_cookie
from chalicelib.directory.form_tokens import FormTokens
from chalicelib.directory.sessions import Sessions
from chalicelib.directory.stores import UserStore
from chalicelib.directory.users import Users
from chalicelib.endpoints.adapter import Endpoint
from chalicelib.endpoints.console.application_screens import application_screens
from chalicelib.endpoints.console.assistance import Assistance
from chalicelib.endpoints.console.desk import Desk, Screen
from chalicelib.endpoints.console.entry import Entry
from chalicelib.endpoints.console.leaving import Leaving
from chalicelib.endpoints.console.oversight import oversight_screens
from chalicelib.endpoints.console.visitors import Visitor, Visitors
from chalicelib.endpoints.page_answers import Answers
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.signing_keys import KeyRing
from chalicelib.oauth.stores import GrantStore
from chalicelib.oauth.token_endpoint import TokenEndpoint
from chalicelib.oauth.validation import TokenValidator
from chalicelib.pages.console.endpoint_list import EndpointsPage, endpoint_groups
from chalicelib.protected.guard import Guard
from chalicelib.registry.applications import Applications
from chalicelib.registry.stores import ApplicationStore, CertificateFiles
from chalicelib.usage import Usage


def join(
    *,
    guard: Guard,
    validator: TokenValidator,
    token: TokenEndpoint,
    sessions: Sessions,
    applications: ApplicationStore,
    users: UserStore,
    files: CertificateFiles,
    trail: AuditTrail,
    grants: GrantStore,
    attempts: AttemptStore,
    ring: KeyRing,
    usage: Usage,
    clock: Clock,
    issuer: str,
) -> Mapping[str, Endpoint]:
    """Every endpoint under its name in `routes.ROUTES`."""
    answers, forms = Answers(issuer), FormTokens(attempts, clock)
    visitors = Visitors(guard, console_cookie(issuer))
    entry = Entry(
        token=token,
        grants=grants,
        visitors=visitors,
        answers=answers,
        clock=clock,
        issuer=issuer,
    )
    desk = Desk(visitors, entry, forms, answers)
    screens: dict[str, Screen] = {
        "show_endpoints": _endpoints(desk, issuer),
        **application_screens(
            desk=desk,
            applications=applications,
            users=users,
            files=files,
            trail=trail,
            reader=grants,
            validator=validator,
            clock=clock,
            issuer=issuer,
        ),
        **oversight_screens(
            desk=desk,
            trail=trail,
            users=users,
            reader=grants,
            ring=ring,
            usage=usage,
            applications=Applications(applications, users, files, clock),
            clock=clock,
            issuer=issuer,
        ),
    }
    assistance = Assistance(desk, Users(users, clock), clock)
    leaving = Leaving(
        visitors=visitors,
        entry=entry,
        sessions=sessions,
        forms=forms,
        answers=answers,
        issuer=issuer,
    )
    return {
        **{name: desk.screen(screen) for name, screen in screens.items()},
        "suggest_users": desk.values(assistance.suggest_users),
        "describe_certificate": desk.values(assistance.describe_certificate),
        "switch_user": answers.guarded(entry.switch_user),
        "callback": answers.guarded(entry.callback),
        "log_out": answers.guarded(leaving),
    }


def _endpoints(desk: Desk, issuer: str) -> Screen:
    groups = endpoint_groups(issuer)

    def show(request: Request, visitor: Visitor) -> Response:
        return desk.show(EndpointsPage(groups, frame=desk.frame(request, visitor)))

    return show
