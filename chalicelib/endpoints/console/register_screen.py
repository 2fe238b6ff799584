"""`/console/register`: the registration form, and what it made, shown once."""

from collections.abc import Sequence

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.directory.csrf import FormRefused
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.form_screen import DEFAULT_TEXTS, FormScreen, Purpose
from chalicelib.endpoints.console.posted import read_posted
from chalicelib.endpoints.console.typed import read_typed
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.pages.console.frame import APPLICATIONS, Frame
from chalicelib.pages.console.made import MadePage
from chalicelib.pages.console.snippets import snippets_of
from chalicelib.registry.applications import Applications
from chalicelib.registry.model import Registration
from chalicelib.registry.warnings import Notice, warnings_of

REGISTER_PATH = "/console/register"

_PURPOSE = Purpose(
    heading="Register application",
    button="Register",
    path=REGISTER_PATH,
    back_path=APPLICATIONS.path,
    form="register application",
)


class RegisterScreen:
    """Registers applications."""

    def __init__(self, desk: Desk, applications: Applications, clock: Clock, issuer: str) -> None:
        self._desk = desk
        self._applications = applications
        self._clock = clock
        self._form = FormScreen(desk, clock)
        self._issuer = issuer

    def show(self, request: Request, visitor: Visitor) -> Response:
        """The empty form."""
        return self._form.show(request, visitor, _PURPOSE, DEFAULT_TEXTS)

    def submit(self, request: Request, visitor: Visitor) -> Response:
        """Register; every wrong field comes back at once, with what was typed.

        The secret stands in the answer to this POST alone: it cannot be read again, and a
        reload sends a form that was used.
        """
        posted = read_posted(request)
        typed = read_typed(posted)
        try:
            self._desk.accept(posted.fields, visitor, _PURPOSE.form)
            registered = self._applications.register(typed.values, visitor.actor)
        except (FieldsRefused, FormRefused) as refusal:
            return self._form.again(request, visitor, _PURPOSE, typed, refusal)
        frame = self._desk.frame(request, visitor)
        page = made_page(
            registered.registration,
            registered.client_secret,
            self._issuer,
            frame=frame,
            warnings=warnings_of(registered.registration, registered.user, self._clock.now()),
        )
        return self._desk.show(page, 201)


def made_page(
    registration: Registration,
    client_secret: str | None,
    issuer: str,
    *,
    frame: Frame,
    heading: str = "Registered",
    warnings: Sequence[Notice] = (),
) -> MadePage:
    """What was made just now; the only page that ever holds the secret."""
    application = registration.application
    return MadePage(
        heading=heading,
        name=application.name,
        client_id=application.client_id,
        client_secret=client_secret or "",
        issuer=issuer,
        path=f"{APPLICATIONS.path}/{application.client_id}",
        warnings=tuple(notice.message for notice in warnings),
        snippets=snippets_of(registration, issuer),
        frame=frame,
    )
