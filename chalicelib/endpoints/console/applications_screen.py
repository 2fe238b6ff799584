"""`/console/applications`: search, filter, sort and page through the applications."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.endpoints.admin_requests import (
    cursor_of,
    refuse_cursor,
    search_of,
    text_parameter,
)
from chalicelib.endpoints.application_selection import selection_of
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.event_rows import is_user_id, user_label
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.model import Status, User
from chalicelib.oauth.stores import Reading, RecordReader
from chalicelib.pages.console import words
from chalicelib.pages.console.applications import ApplicationRow, ApplicationsPage, Choice
from chalicelib.paging import InvalidCursor, Page
from chalicelib.registry.applications import Applications
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import Order, Selection
from chalicelib.registry.warnings import warnings_of
from chalicelib.usage import Usage

PAGE_SIZE = 25
MAXIMUM_ID_LENGTH = 40

_COLUMNS = {
    "name": (Order.NAME, Order.NAME_DESCENDING),
    "created": (Order.OLDEST, Order.NEWEST),
}


class ApplicationsScreen:
    """The list."""

    def __init__(
        self,
        desk: Desk,
        applications: Applications,
        usage: Usage,
        reader: RecordReader,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._usage = usage
        self._applications = applications
        self._reader = reader
        self._clock = clock

    def __call__(self, request: Request, visitor: Visitor) -> Response:
        """A page, narrowed and ordered as the query says. Raises FieldsRefused."""
        search, cursor = search_of(request), cursor_of(request)
        selection = replace(selection_of(request), user_id=_user_asked(request))
        # An empty field of the filter form is sent as well.
        cursor = cursor or None
        try:
            page = self._applications.list_registrations(search, cursor, PAGE_SIZE, selection)
        except InvalidCursor:
            refuse_cursor()
        asked = _asked(search, selection)
        return self._desk.show(
            ApplicationsPage(
                rows=self._rows(page.items),
                search=search,
                choices=_choices(selection),
                sorts={name: _query(asked, sort=_other(name, selection)) for name in _COLUMNS},
                sorted_by=_sorted_by(selection),
                is_narrowed=bool(asked.keys() - {"sort"}),
                is_first=cursor is None,
                is_cut_short=page.next is not None and len(page.items) < PAGE_SIZE,
                first_query=_query(asked),
                next_query=_next(asked, page),
                sort=selection.order.value,
                user_id=selection.user_id or "",
                acting_as=self._label_of(selection.user_id),
                frame=self._desk.frame(request, visitor),
            )
        )

    def _rows(self, registrations: Sequence[Registration]) -> tuple[ApplicationRow, ...]:
        """With the users they act as and their last uses, each read in one batch."""
        named = frozenset(
            user_id
            for registration in registrations
            if (user_id := registration.application.user_id) is not None
        )
        users = self._reader.read(Reading(users=named)).users if named else {}
        used = self._usage.last_uses((one.application.client_id, None) for one in registrations)
        now = self._clock.now()
        return tuple(
            replace(
                _row(registration, users.get(registration.application.user_id or ""), now),
                last_used_at=used.get((registration.application.client_id, None)),
            )
            for registration in registrations
        )

    def _label_of(self, user_id: str | None) -> str:
        """Whom the listed applications act as; the id of one who is gone."""
        if user_id is None:
            return ""
        user = self._reader.read(Reading(users=frozenset({user_id}))).users.get(user_id)
        return user_id if user is None else user_label(user)


def _row(registration: Registration, user: User | None, now: int) -> ApplicationRow:
    application = registration.application
    scopes = (name for name in words.SCOPES if name in application.allowed_scopes)
    return ApplicationRow(
        client_id=application.client_id,
        name=application.name,
        grant_type=words.GRANT_TYPES[application.grant_type],
        scopes=tuple(words.SCOPES[name] for name in scopes),
        user="" if user is None else user_label(user),
        life_cycle=words.life_cycle_text(application.life_cycle),
        created_at=registration.created_at,
        is_enabled=application.enabled,
        is_built_in=application.built_in is not None,
        warnings=tuple(warnings_of(registration, user, now)),
    )


def _user_asked(request: Request) -> str | None:
    """`user_id`: applications that act as this user. Raises FieldsRefused."""
    user_id = text_parameter(request, "user_id", MAXIMUM_ID_LENGTH) or None
    if user_id is not None and not is_user_id(user_id):
        raise FieldsRefused({"user_id": "must be the id of a user"})
    return user_id


def _asked(search: str, selection: Selection) -> dict[str, str]:
    """What the query says, without what it leaves at its default."""
    asked = {
        "search": search,
        "grant_type": selection.grant_type or "",
        "scope": selection.scope or "",
        "status": selection.status or "",
        "user_id": selection.user_id or "",
        "sort": "" if selection.order is Order.NAME else selection.order.value,
    }
    return {name: str(value) for name, value in asked.items() if value}


def _query(asked: Mapping[str, str], **changes: str) -> str:
    return urlencode({**asked, **changes})


def _next(asked: Mapping[str, str], page: Page[Registration]) -> str:
    return "" if page.next is None else _query(asked, cursor=page.next)


def _other(column: str, selection: Selection) -> str:
    """The order that a click on a column's head asks for: up first, then down."""
    up, down = _COLUMNS[column]
    return (down if selection.order is up else up).value


def _sorted_by(selection: Selection) -> dict[str, str]:
    directions = ("ascending", "descending")
    return {
        column: direction
        for column, orders in _COLUMNS.items()
        for order, direction in zip(orders, directions, strict=True)
        if order is selection.order
    }


def _choices(selection: Selection) -> tuple[Choice, ...]:
    grants = {kind.value: label for kind, label in words.GRANT_TYPES.items()}
    statuses = {status.value: status.value.capitalize() for status in Status}
    return (
        Choice("grant_type", "Grant type", grants, selection.grant_type or ""),
        Choice("scope", "Scope", words.SCOPES, selection.scope or ""),
        Choice("status", "Status", statuses, selection.status or ""),
    )
