"""Joins the console: services, screens, and the names of the routes."""

from collections.abc import Mapping

from chalicelib.directory.form_tokens import FormTokens
from chalicelib.directory.users import Users
from chalicelib.endpoints.adapter import Endpoint
from chalicelib.endpoints.console.application_screens import application_screens
from chalicelib.endpoints.console.assistance import Assistance
from chalicelib.endpoints.console.backing import Backing
from chalicelib.endpoints.console.desk import Desk, Screen
from chalicelib.endpoints.console.entry import HOME_PATH, Entry
from chalicelib.endpoints.console.leaving import Leaving
from chalicelib.endpoints.console.oversight import oversight_screens
from chalicelib.endpoints.console.people_screens import people_screens
from chalicelib.endpoints.console.visitors import Visitor, Visitors
from chalicelib.endpoints.page_answers import Answers
from chalicelib.oauth.messages import Request, Response
from chalicelib.pages.console.endpoint_list import EndpointsPage, endpoint_groups


def join(backing: Backing) -> Mapping[str, Endpoint]:
    """Every endpoint under its name in `routes.ROUTES`."""
    clock, issuer = backing.clock, backing.issuer
    answers, forms = Answers(issuer), FormTokens(backing.attempts, clock)
    visitors = Visitors(backing.guard, backing.sessions, issuer)
    entry = Entry(
        token=backing.token,
        grants=backing.grants,
        visitors=visitors,
        answers=answers,
        clock=clock,
        issuer=issuer,
    )
    desk = Desk(visitors, entry, forms, answers)
    screens: dict[str, Screen] = {
        "back_home": lambda *_: answers.to_path(HOME_PATH),
        "show_endpoints": _endpoints(desk, issuer),
        **application_screens(
            desk=desk,
            applications=backing.applications,
            users=backing.users,
            files=backing.files,
            trail=backing.trail,
            reader=backing.grants,
            validator=backing.validator,
            usage=backing.usage,
            clock=clock,
            issuer=issuer,
        ),
        **people_screens(desk, backing),
        **oversight_screens(desk, backing),
    }
    assistance = Assistance(desk, Users(backing.users, clock), clock)
    leaving = Leaving(
        visitors=visitors,
        entry=entry,
        sessions=backing.sessions,
        forms=forms,
        answers=answers,
        issuer=issuer,
    )
    return {
        **{name: desk.screen(screen) for name, screen in screens.items()},
        "suggest_users": desk.values(assistance.suggest_users),
        "describe_certificate": desk.values(assistance.describe_certificate),
        "switch_user": answers.guarded(entry.switch_user, way_back=HOME_PATH),
        "callback": answers.guarded(entry.callback, way_back=HOME_PATH),
        "log_out": answers.guarded(leaving, way_back=HOME_PATH),
    }


def _endpoints(desk: Desk, issuer: str) -> Screen:
    groups = endpoint_groups(issuer)

    def show(request: Request, visitor: Visitor) -> Response:
        return desk.show(EndpointsPage(groups, frame=desk.frame(request, visitor)))

    return show
