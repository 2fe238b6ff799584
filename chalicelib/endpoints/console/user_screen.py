"""`/console/users/{user_id}`: one user, with sessions, consents, applications and changes."""

from collections.abc import Sequence
from urllib.parse import urlencode

from chalicelib.audit import AuditTrail
from chalicelib.directory.consents import Consent, Consents
from chalicelib.directory.model import Account
from chalicelib.directory.sessions import Session, Sessions
from chalicelib.directory.stores import GroupStore
from chalicelib.directory.users import Users
from chalicelib.endpoints.admin_requests import user_id_of
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.event_rows import EventRows, user_label
from chalicelib.endpoints.console.users_screen import name_of, path_of, status_of
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.scope import ADMINISTRATOR, ROLES
from chalicelib.oauth.stores import Reading, RecordReader
from chalicelib.pages.browser_names import browser_name
from chalicelib.pages.console import words
from chalicelib.pages.console.application import Fact
from chalicelib.pages.console.frame import APPLICATIONS, Act
from chalicelib.pages.console.people import ActingRow, AgreementRow, BrowserRow, UserPage
from chalicelib.pages.display import date_text
from chalicelib.pages.scope_texts import scope_texts
from chalicelib.paging import Page
from chalicelib.registry.applications import Applications
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import Selection

EVENTS_SHOWN = 5
ACTING_SHOWN = 8


class UserScreen:
    """Shows one user."""

    def __init__(
        self,
        *,
        desk: Desk,
        users: Users,
        groups: GroupStore,
        sessions: Sessions,
        consents: Consents,
        applications: Applications,
        trail: AuditTrail,
        events: EventRows,
        reader: RecordReader,
    ) -> None:
        self._desk = desk
        self._users = users
        self._groups = groups
        self._sessions = sessions
        self._consents = consents
        self._applications = applications
        self._trail = trail
        self._events = events
        self._reader = reader

    def __call__(self, request: Request, visitor: Visitor) -> Response:
        """Everything of a user, deleted ones too. Raises NotFound."""
        account = self._users.load(user_id_of(request))
        user, user_id = account.user, account.user.user_id
        acting = self._acting(user_id)
        events = self._trail.list_events(user_id, None, EVENTS_SHOWN)
        page = UserPage(
            path=path_of(user_id),
            user_id=user_id,
            label=user_label(user),
            status=status_of(account),
            is_own=user_id == visitor.actor.user_id,
            is_administrator=ADMINISTRATOR in user.roles,
            facts=self._facts(account),
            sessions=tuple(
                self._browser(session, visitor) for session in self._sessions.list_sessions(user_id)
            ),
            consents=self._agreements(user_id, self._consents.list_consents(user_id)),
            acting=tuple(map(_acting_row, acting.items)),
            more_acting=acting.next is not None,
            acting_query=urlencode({"user_id": user_id}),
            events=self._events.rows(events.items),
            audit_query=urlencode({"target": user_id}),
            enable=Act(
                f"{path_of(user_id)}/enable", self._desk.token(visitor, "enable user", user_id)
            ),
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(page)

    def _acting(self, user_id: str) -> Page[Registration]:
        """Along the list of applications: a look at no more than 1,000 names."""
        return self._applications.list_registrations(
            "", None, ACTING_SHOWN, Selection(user_id=user_id)
        )

    def _facts(self, account: Account) -> tuple[Fact, ...]:
        user = account.user
        role = "Administrator" if ADMINISTRATOR in user.roles else "None"
        deleted = "" if account.deleted_at is None else date_text(account.deleted_at)
        facts = {
            "Name": (name_of(account),),
            "E-mail": (account.email or "",),
            "Role": (role,),
            "Groups": self._group_names(user.roles.difference(ROLES)),
            "External id (SCIM)": (account.external_id or "",),
            "Created": (date_text(account.created_at),),
            "Changed": (date_text(account.updated_at),),
            "Deleted": (deleted,),
        }
        return tuple(Fact(label, values) for label, values in facts.items() if any(values))

    def _group_names(self, group_ids: frozenset[str]) -> tuple[str, ...]:
        if not group_ids:
            return ()
        found = self._groups.load_all(sorted(group_ids))
        return tuple(sorted(group.display_name for group in found.values()))

    def _browser(self, session: Session, visitor: Visitor) -> BrowserRow:
        user_id, session_id = session.user_id, session.session_id
        token = self._desk.token(visitor, "end session", user_id, session_id)
        return BrowserRow(
            browser=browser_name(session.user_agent),
            source_ip=session.source_ip,
            last_used_at=session.last_used_at,
            authenticated_at=session.authenticated_at,
            end=Act(f"{path_of(user_id)}/sessions", token, (("session_id", session_id),)),
        )

    def _agreements(self, user_id: str, consents: Sequence[Consent]) -> tuple[AgreementRow, ...]:
        clients = frozenset(consent.client_id for consent in consents)
        found = self._reader.read(Reading(clients=clients)).applications if clients else {}
        return tuple(
            AgreementRow(
                application=found[one.client_id].name if one.client_id in found else one.client_id,
                path=f"{APPLICATIONS.path}/{one.client_id}" if one.client_id in found else "",
                scopes=tuple(scope.label for scope in scope_texts(one.scopes)),
                granted_at=one.granted_at,
                withdraw_path=f"{path_of(user_id)}/consents/{one.client_id}",
            )
            for one in consents
        )


def _acting_row(registration: Registration) -> ActingRow:
    application = registration.application
    return ActingRow(
        name=application.name,
        path=f"{APPLICATIONS.path}/{application.client_id}",
        grant_type=words.GRANT_TYPES[application.grant_type],
        is_enabled=application.enabled,
    )
