"""What can be done with one application: its status, its tokens, its end."""

from collections.abc import Callable
from dataclasses import dataclass
from unicodedata import normalize

from chalicelib.administration.refusals import Conflict
from chalicelib.audit import Actor
from chalicelib.endpoints.admin_requests import client_id_of, secret_id_of
from chalicelib.endpoints.console.application_screen import path_of
from chalicelib.endpoints.console.desk import Desk, Screen
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.messages import Request, Response
from chalicelib.pages.console.frame import APPLICATIONS, Act, ConfirmPage
from chalicelib.registry.applications import Applications
from chalicelib.registry.model import Registration
from chalicelib.registry.secrets import ClientSecrets


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Something that is asked before it is done: `path` is below the application's own."""

    path: str
    heading: str
    button: str
    consequences: tuple[str, ...]
    notice: str


DISABLE = Confirmed(
    "disable",
    "Disable this application?",
    "Disable",
    (
        "It gets no more tokens, and every token and code that it has is void at once.",
        "Enabling it again does not bring them back.",
    ),
    "disabled",
)
REVOKE = Confirmed(
    "revoke-tokens",
    "Revoke all tokens?",
    "Revoke all tokens",
    (
        "Every token and code that was issued until now is void at once.",
        "It can get new ones, but its present secrets cannot be used as bearer tokens any more.",
    ),
    "tokens-revoked",
)
DELETE = Confirmed(
    "delete",
    "Delete this application?",
    "Delete for good",
    ("It is gone for good, with its secrets and its certificate.", "Its audit trail stays."),
    "deleted",
)
CUT = Confirmed(
    "cut",
    "Cut this secret?",
    "Cut now",
    (
        "The secret is refused from now on, wherever it is used.",
        "Every token of the application is void at once, those of other secrets too.",
    ),
    "secret-cut",
)

Do = Callable[[Request, Registration, Actor], object]


class ApplicationActs:
    """Each act that takes something away is a page that asks, and the form on it."""

    def __init__(self, desk: Desk, applications: Applications, secrets: ClientSecrets) -> None:
        self._desk = desk
        self._applications = applications
        self._secrets = secrets

    def enable(self, request: Request, visitor: Visitor) -> Response:
        """Nothing is lost by it, so nothing is asked."""
        client_id = client_id_of(request)
        self._desk.take(request, visitor, "enable", client_id)
        self._applications.enable(client_id, visitor.actor)
        return self._desk.done(path_of(client_id), "enabled")

    def screens(self) -> dict[str, Screen]:
        """The pages that ask, and what they do."""
        applications = self._applications
        acts: dict[str, tuple[Confirmed, Do]] = {
            "disable": (DISABLE, lambda _, one, actor: applications.disable(_id(one), actor)),
            "revoke": (REVOKE, lambda _, one, actor: applications.revoke_tokens(_id(one), actor)),
            "cut": (CUT, self._cut),
        }
        screens: dict[str, Screen] = {"ask_delete": self.ask_delete, "delete": self.delete}
        for name, (act, do) in acts.items():
            screens[f"ask_{name}"] = self._asking(act)
            screens[name] = self._doing(act, do)
        return screens

    def ask_delete(self, request: Request, visitor: Visitor) -> Response:
        """Raises NotFound; Conflict for one that is enabled."""
        return self._ask_delete(request, visitor, self._deletable(request))

    def delete(self, request: Request, visitor: Visitor) -> Response:
        """Delete a disabled application whose name was typed. Raises Conflict, VersionMismatch."""
        fields = self._desk.take(request, visitor, DELETE.path, client_id_of(request))
        registration = self._deletable(request)
        application = registration.application
        if normalize("NFC", fields.get("typed", "")).strip() != application.name:
            refusal = "That is not its name; nothing was deleted."
            return self._ask_delete(request, visitor, registration, refusal)
        self._applications.delete(application.client_id, visitor.actor, application.version)
        return self._desk.done(APPLICATIONS.path, DELETE.notice)

    def _deletable(self, request: Request) -> Registration:
        registration = self._applications.load(client_id_of(request))
        if registration.application.built_in is None and registration.application.enabled:
            raise Conflict("Disable the application first; then it can be deleted.")
        return registration

    def _ask_delete(
        self, request: Request, visitor: Visitor, registration: Registration, refusal: str = ""
    ) -> Response:
        page = self._page(request, visitor, registration, DELETE, refusal)
        return self._desk.show(page, 400 if refusal else 200)

    def _asking(self, act: Confirmed) -> Screen:
        def ask(request: Request, visitor: Visitor) -> Response:
            registration = self._applications.load(client_id_of(request))
            return self._desk.show(self._page(request, visitor, registration, act))

        return ask

    def _doing(self, act: Confirmed, do: Do) -> Screen:
        def done(request: Request, visitor: Visitor) -> Response:
            registration = self._applications.load(client_id_of(request))
            self._desk.take(request, visitor, act.path, *_bound(request))
            do(request, registration, visitor.actor)
            return self._desk.done(path_of(_id(registration)), act.notice)

        return done

    def _cut(self, request: Request, registration: Registration, actor: Actor) -> object:
        return self._secrets.cut(_id(registration), secret_id_of(request), actor)

    def _page(
        self,
        request: Request,
        visitor: Visitor,
        registration: Registration,
        act: Confirmed,
        refusal: str = "",
    ) -> ConfirmPage:
        path = path_of(_id(registration))
        below = act.path if act is not CUT else f"secrets/{secret_id_of(request)}/{act.path}"
        return ConfirmPage(
            heading=act.heading,
            subject=registration.application.name,
            consequences=act.consequences,
            button=act.button,
            act=Act(f"{path}/{below}", self._desk.token(visitor, act.path, *_bound(request))),
            back_path=path,
            typed_word=registration.application.name if act is DELETE else "",
            refusal=refusal,
            frame=self._desk.frame(request, visitor),
        )


def _id(registration: Registration) -> str:
    return registration.application.client_id


def _bound(request: Request) -> tuple[str, ...]:
    """The ids in the path: what is asked about one is not answered for another."""
    secret = (secret_id_of(request),) if "secret_id" in request.path_parameters else ()
    return (client_id_of(request), *secret)
