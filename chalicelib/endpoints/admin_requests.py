"""What every registration endpoint does first: admit the caller, read ids, query and If-Match."""

import re
from typing import NoReturn

from chalicelib.administration.refusals import FieldsRefused, NotFound
from chalicelib.administration.views import View
from chalicelib.audit import Actor
from chalicelib.oauth.errors import InsufficientScope, InvalidRequest
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.scope import ADMIN, ADMINISTRATOR
from chalicelib.oauth.tokens import CLIENT_PREFIX, USER_PREFIX
from chalicelib.protected import doors
from chalicelib.protected.guard import Guard

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 100
DEFAULT_DAYS = 14
MAXIMUM_DAYS = 90
MAXIMUM_SEARCH_LENGTH = 100
MAXIMUM_CURSOR_LENGTH = 1_024

_ULID = "[0-9a-z]{26}"
_CLIENT_ID = re.compile(CLIENT_PREFIX + _ULID)
_USER_ID = re.compile(USER_PREFIX + _ULID)
_SECRET_ID = re.compile(_ULID)
_SESSION_ID = re.compile(_ULID)
_NUMBER = re.compile(r"[0-9]{1,3}")
_ETAG = re.compile(r'"([0-9]{1,18})"')


class Gate:
    """Admits administrators."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def admit(self, request: Request) -> Actor:
        """Who acts: a valid credential with scope `admin`, of a user who is an administrator.

        Raises what the guard raises, and InsufficientScope.
        """
        access = self._guard.admit(request, doors.ADMINISTRATION)
        user = access.user
        # The scope is in nobody else's rights; said again here, where everything depends on it.
        if user is None or ADMINISTRATOR not in user.roles:
            raise InsufficientScope(ADMIN)
        return Actor(
            client_id=access.application.client_id,
            user_id=user.user_id,
            user_name=access.user_label,
            source_ip=request.source_ip,
        )


def client_id_of(request: Request) -> str:
    """The application that the path names. Raises NotFound for what cannot be one."""
    return _id_of(request, "client_id", _CLIENT_ID, "application")


def user_id_of(request: Request) -> str:
    """The user that the path names. Raises NotFound for what cannot be one."""
    return _id_of(request, "user_id", _USER_ID, "user")


def secret_id_of(request: Request) -> str:
    """The secret that the path names. Raises NotFound for what cannot be one."""
    return _id_of(request, "secret_id", _SECRET_ID, "secret")


def session_id_of(request: Request) -> str:
    """The session that the path names. Raises NotFound for what cannot be one."""
    return _id_of(request, "session_id", _SESSION_ID, "session")


def _id_of(request: Request, name: str, form: re.Pattern[str], what: str) -> str:
    value = request.path_parameters.get(name, "")
    if not form.fullmatch(value):
        raise NotFound(what)
    return value


def if_version_of(request: Request) -> int | None:
    """The version that `If-Match` asks for; None: any. Raises InvalidRequest."""
    value = request.header("if-match")
    if value is None or value.strip() == "*":
        return None
    match = _ETAG.fullmatch(value.strip())
    if match is None:
        raise InvalidRequest("If-Match must be one version in quotes, as ETag gives it.")
    return int(match.group(1))


def text_parameter(request: Request, name: str, maximum_length: int) -> str | None:
    """A query parameter sent at most once. Raises FieldsRefused."""
    values = request.query.get(name, ())
    if len(values) > 1:
        _refuse(name, "must not be repeated")
    if not values:
        return None
    if len(values[0]) > maximum_length or not _is_unicode(values[0]):
        _refuse(name, f"must be a text of at most {maximum_length} characters")
    return values[0]


def search_of(request: Request) -> str:
    """`search`; empty when absent. Raises FieldsRefused."""
    return text_parameter(request, "search", MAXIMUM_SEARCH_LENGTH) or ""


def cursor_of(request: Request) -> str | None:
    """`cursor`. Raises FieldsRefused."""
    return text_parameter(request, "cursor", MAXIMUM_CURSOR_LENGTH)


def limit_of(request: Request) -> int:
    """`limit`, 1 to 100; 50 when absent. Raises FieldsRefused."""
    return _number_of(request, "limit", DEFAULT_LIMIT, MAXIMUM_LIMIT)


def days_of(request: Request) -> int:
    """`days`, 1 to 90; 14 when absent. Raises FieldsRefused."""
    return _number_of(request, "days", DEFAULT_DAYS, MAXIMUM_DAYS)


def _number_of(request: Request, name: str, default: int, maximum: int) -> int:
    value = text_parameter(request, name, len(str(maximum)))
    if value is None:
        return default
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= maximum:
        _refuse(name, f"must be a whole number from 1 to {maximum}")
    return int(value)


def flag_of(request: Request, name: str) -> bool:
    """A query parameter that is `true` or `false`; false when absent. Raises FieldsRefused."""
    value = text_parameter(request, name, len("false"))
    if value not in (None, "true", "false"):
        _refuse(name, "must be true or false")
    return value == "true"


def refuse_cursor() -> NoReturn:
    """Refuse a cursor that no list of ours gave. Raises FieldsRefused."""
    _refuse("cursor", "is not a cursor of this list")


def answer(status: int, view: View, version: int | None = None) -> Response:
    """A view as JSON, with its version as ETag."""
    headers = {} if version is None else {"ETag": f'"{version}"'}
    return Response(status, view.model_dump(mode="json", exclude_unset=True), headers)


def _refuse(name: str, reason: str) -> NoReturn:
    raise FieldsRefused({name: reason})


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
