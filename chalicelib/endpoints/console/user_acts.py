"""What can be done with one user: status, browser sessions, consents."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.administration.refusals import NotFound
from chalicelib.audit import Actor
from chalicelib.directory.consents import Consents
from chalicelib.directory.model import Account
from chalicelib.directory.sessions import Sessions
from chalicelib.directory.users import Users
from chalicelib.endpoints.admin_requests import client_id_of, user_id_of
from chalicelib.endpoints.console.desk import CSRF_FIELD, Desk, Screen
from chalicelib.endpoints.console.event_rows import user_label
from chalicelib.endpoints.console.users_screen import path_of
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.parameters import parse_form
from chalicelib.oauth.stores import Reading, RecordReader
from chalicelib.pages.console.frame import Act
from chalicelib.pages.console.people import UserConfirmPage

Do = Callable[[Request, str, Actor], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that is asked before it is done; `own` is said of the own account besides."""

    heading: str
    button: str
    consequences: tuple[str, ...]
    notice: str
    own: str


DISABLE = Asked(
    "Disable this user?",
    "Disable",
    (
        "Every token, code and browser session is void at once; nobody can log in as this user.",
        "Applications that act as this user stop working.",
        "Enabling the user again does not bring tokens and sessions back.",
    ),
    "user-disabled",
    "",
)
END_SESSIONS = Asked(
    "Log this user out everywhere?",
    "Log out everywhere",
    (
        "Every browser session ends at once.",
        "Tokens that applications hold stay valid: disabling, or a new password, ends those.",
    ),
    "sessions-ended",
    "This is your own account: the console asks you to log in again.",
)
WITHDRAW = Asked(
    "Withdraw this consent?",
    "Withdraw",
    (
        "What the application holds of this user is void at once: codes, tokens, refresh tokens.",
        "It has to ask the user again.",
    ),
    "consent-withdrawn",
    "",
)


class UserActs:
    """What takes something away is a page that asks, and the form on it."""

    def __init__(
        self,
        desk: Desk,
        users: Users,
        sessions: Sessions,
        consents: Consents,
        reader: RecordReader,
    ) -> None:
        self._desk = desk
        self._reader = reader
        self._users = users
        self._sessions = sessions
        self._consents = consents

    def screens(self) -> dict[str, Screen]:
        """Each under its name in `routes.ROUTES`."""
        acts: dict[str, tuple[Asked, str, Do]] = {
            "disable_user": (DISABLE, "disable", self._disable),
            "end_sessions": (END_SESSIONS, "sessions/end", self._end_sessions),
            "withdraw_consent": (WITHDRAW, "consents", self._withdraw),
        }
        screens: dict[str, Screen] = {
            "back_to_user": self.back,
            "enable_user": self.enable,
            "end_session": self.end_session,
        }
        for name, (act, below, do) in acts.items():
            screens[f"ask_{name}"] = self._asking(act, below)
            screens[name] = self._doing(act, do)
        return screens

    def back(self, request: Request, _: Visitor) -> Response:
        """A form's path opened as a page: the page that holds the form. Raises NotFound."""
        return self._desk.done(path_of(user_id_of(request)))

    def enable(self, request: Request, visitor: Visitor) -> Response:
        """Nothing is lost by it, so nothing is asked. Raises NotFound, Conflict."""
        user_id = user_id_of(request)
        self._desk.take(request, visitor, "enable user", user_id)
        self._users.enable(user_id, visitor.actor)
        return self._desk.done(path_of(user_id), "user-enabled")

    def end_session(self, request: Request, visitor: Visitor) -> Response:
        """Log a user out of one browser; one that has ended by itself is out as well.

        Raises NotFound, FormRefused.
        """
        user_id, fields = user_id_of(request), parse_form(request)
        session_id = fields.get("session_id", "")
        self._desk.forms.consume(
            visitor.session, "end session", fields.get(CSRF_FIELD), user_id, session_id
        )
        self._users.load(user_id)
        self._sessions.end_session(user_id, session_id, visitor.actor)
        return self._desk.done(path_of(user_id), "session-ended")

    def _disable(self, _: Request, user_id: str, actor: Actor) -> None:
        self._users.disable(user_id, actor)

    def _end_sessions(self, _: Request, user_id: str, actor: Actor) -> None:
        self._sessions.end_all(user_id, actor)

    def _withdraw(self, request: Request, user_id: str, actor: Actor) -> None:
        if not self._consents.withdraw(user_id, client_id_of(request), actor):
            raise NotFound("consent")

    def _asking(self, act: Asked, below: str) -> Screen:
        def ask(request: Request, visitor: Visitor) -> Response:
            account = self._users.load(user_id_of(request))
            return self._desk.show(self._page(request, visitor, account, act, below))

        return ask

    def _doing(self, act: Asked, do: Do) -> Screen:
        def done(request: Request, visitor: Visitor) -> Response:
            self._desk.take(request, visitor, act.notice, *_bound(request))
            user_id = self._users.load(user_id_of(request)).user.user_id
            do(request, user_id, visitor.actor)
            return self._desk.done(path_of(user_id), act.notice)

        return done

    def _subject(self, request: Request, account: Account) -> str:
        """The user, and the application where it is about one."""
        label = user_label(account.user)
        if "client_id" not in request.path_parameters:
            return label
        client_id = client_id_of(request)
        found = self._reader.read(Reading(clients=frozenset({client_id}))).applications
        name = found[client_id].name if client_id in found else client_id
        return f"{name}, by {label}"

    def _page(
        self, request: Request, visitor: Visitor, account: Account, act: Asked, below: str
    ) -> UserConfirmPage:
        user_id = account.user.user_id
        is_own = bool(act.own) and user_id == visitor.actor.user_id
        path = f"{path_of(user_id)}/{below}"
        if act is WITHDRAW:
            path = f"{path}/{client_id_of(request)}"
        return UserConfirmPage(
            heading=act.heading,
            subject=self._subject(request, account),
            consequences=(*((act.own,) if is_own else ()), *act.consequences),
            button=act.button,
            act=Act(path, self._desk.token(visitor, act.notice, *_bound(request))),
            back_path=path_of(user_id),
            frame=self._desk.frame(request, visitor),
        )


def _bound(request: Request) -> tuple[str, ...]:
    """The ids in the path: what is asked about one is not answered for another."""
    client = (client_id_of(request),) if "client_id" in request.path_parameters else ()
    return (user_id_of(request), *client)
