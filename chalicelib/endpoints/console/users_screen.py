"""`/console/users` and `/console/domains`: lists."""

from urllib.parse import urlencode

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.directory.form import MAXIMUM_NAME_LENGTH
from chalicelib.directory.model import Account
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.admin_requests import (
    cursor_of,
    refuse_cursor,
    search_of,
    text_parameter,
)
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.scope import ADMINISTRATOR, ROLES
from chalicelib.pages.console.frame import USERS
from chalicelib.pages.console.people import (
    STATUSES,
    DomainRow,
    DomainsPage,
    UserRow,
    UsersPage,
)
from chalicelib.paging import InvalidCursor, Page, gather

PAGE_SIZE = 25
# A status stands in the users themselves: looking for one reads them, 200 a request.
STATUS_PAGE_SIZE = 100
STATUS_READS = 2
DOMAINS_A_PAGE = 50
# In the filter's suggestions.
DOMAINS_SUGGESTED = 20


def path_of(user_id: str) -> str:
    """The page of a user."""
    return f"{USERS.path}/{user_id}"


def status_of(account: Account) -> str:
    """A key of STATUSES."""
    return "deleted" if account.deleted_at is not None else account.user.status.value


def name_of(account: Account) -> str:
    """Given and family name, as far as they are known."""
    return " ".join(filter(None, (account.given_name, account.family_name)))


class UsersScreen:
    """Both lists."""

    def __init__(self, desk: Desk, users: UserStore) -> None:
        self._desk = desk
        self._users = users

    def list_users(self, request: Request, visitor: Visitor) -> Response:
        """A page of users, narrowed as the query says. Raises FieldsRefused."""
        texts = {
            "search": search_of(request),
            "user_domain": text_parameter(request, "user_domain", MAXIMUM_NAME_LENGTH) or "",
            "status": _status_asked(request),
        }
        cursor = cursor_of(request) or None
        page = self._read(texts, cursor)
        asked = {name: text for name, text in texts.items() if text}
        shown = UsersPage(
            rows=tuple(map(_row, page.items)),
            texts=texts,
            domains=self._suggested(),
            is_first=cursor is None,
            is_cut_short=page.next is not None and len(page.items) < PAGE_SIZE,
            first_query=urlencode(asked),
            next_query="" if page.next is None else urlencode({**asked, "cursor": page.next}),
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(shown)

    def list_domains(self, request: Request, visitor: Visitor) -> Response:
        """A page of domains. Raises FieldsRefused."""
        search, cursor = search_of(request), cursor_of(request) or None
        try:
            page = self._users.list_domains(search, cursor, DOMAINS_A_PAGE)
        except InvalidCursor:
            refuse_cursor()
        asked = {"search": search} if search else {}
        shown = DomainsPage(
            rows=tuple(
                DomainRow(one.name, one.users, urlencode({"user_domain": one.name}))
                for one in page.items
            ),
            search=search,
            is_first=cursor is None,
            first_query=urlencode(asked),
            next_query="" if page.next is None else urlencode({**asked, "cursor": page.next}),
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(shown)

    def _read(self, texts: dict[str, str], cursor: str | None) -> Page[Account]:
        search, domain, status = texts["search"], texts["user_domain"] or None, texts["status"]
        is_evaluated = status not in ("", "deleted")
        size = STATUS_PAGE_SIZE if is_evaluated else PAGE_SIZE
        try:
            return gather(
                lambda at: self._users.list_users(
                    search, domain, at, size, deleted=status == "deleted"
                ),
                lambda account: not is_evaluated or account.user.status.value == status,
                cursor,
                enough=PAGE_SIZE,
                most_reads=STATUS_READS if is_evaluated else 1,
            )
        except InvalidCursor:
            refuse_cursor()

    def _suggested(self) -> tuple[str, ...]:
        return tuple(
            one.name for one in self._users.list_domains("", None, DOMAINS_SUGGESTED).items
        )


def _status_asked(request: Request) -> str:
    status = text_parameter(request, "status", MAXIMUM_NAME_LENGTH) or ""
    if status and status not in STATUSES:
        raise FieldsRefused({"status": f"must be one of {', '.join(STATUSES)}"})
    return status


def _row(account: Account) -> UserRow:
    user = account.user
    return UserRow(
        path=path_of(user.user_id),
        user_name=user.user_name,
        user_domain=user.user_domain,
        name=name_of(account),
        email=account.email or "",
        is_administrator=ADMINISTRATOR in user.roles,
        groups=len(user.roles.difference(ROLES)),
        status=status_of(account),
        created_at=account.created_at,
    )
