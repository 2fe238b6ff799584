"""The forms of a user: create, edit, set a password."""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest

from chalicelib.administration.refusals import FieldsRefused, VersionMismatch
from chalicelib.directory.changes import form_values
from chalicelib.directory.csrf import FormRefused
from chalicelib.directory.form import MAXIMUM_NAME_LENGTH
from chalicelib.directory.users import Users, draft_user
from chalicelib.endpoints.admin_requests import text_parameter, user_id_of
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.event_rows import user_label
from chalicelib.endpoints.console.posted import read_posted
from chalicelib.endpoints.console.users_screen import path_of
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import InvalidRequest, OAuthError
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.scope import ADMINISTRATOR
from chalicelib.pages.console.frame import USERS, Act
from chalicelib.pages.console.people import SetPasswordPage, UserFormPage, user_errors

NEW_PATH = f"{USERS.path}/new"

_FIELDS = ("user_name", "user_domain", "given_name", "family_name", "email")
_SHOWN = (*_FIELDS, ADMINISTRATOR)
_UNLIKE = {"repeat_password": "is not the same"}
_MAXIMUM_VERSION_DIGITS = 12
_OVERTAKEN = (
    "Somebody changed this user while the form was open. What you typed is kept: look at the user"
    " before you save it."
)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a form is for: its page, and what its token binds (user id, version)."""

    kind: type[UserFormPage]
    heading: str
    button: str
    path: str
    back_path: str
    form: str
    bound: tuple[str, ...] = ()


_NEW = Purpose(UserFormPage, "Create user", "Create", NEW_PATH, USERS.path, "create user")


class UserForms:
    """Shows the forms, and takes them; every wrong field comes back at once."""

    def __init__(self, desk: Desk, users: Users, clock: Clock) -> None:
        self._desk = desk
        self._users = users
        self._clock = clock

    def show_new(self, request: Request, visitor: Visitor) -> Response:
        """The empty form, or one with the domain that the query names. Raises FieldsRefused."""
        domain = text_parameter(request, "user_domain", MAXIMUM_NAME_LENGTH) or ""
        return self._show(request, visitor, _NEW, {"user_domain": domain})

    def create(self, request: Request, visitor: Visitor) -> Response:
        """A new user; without a password nobody can log in as that user."""
        fields = read_posted(request).fields
        try:
            self._desk.accept(fields, visitor, _NEW.form)
            values = _values(fields)
            if fields.get("password") or fields.get("repeat_password"):
                values["password"] = fields.get("password", "")
                self._require_same(fields, values, visitor)
            account = self._users.create(values, visitor.actor)
        except (FieldsRefused, FormRefused) as refusal:
            return self._show(request, visitor, _NEW, fields, refusal)
        return self._desk.done(path_of(account.user.user_id), "user-created")

    def _require_same(
        self, fields: Mapping[str, str], values: Mapping[str, object], visitor: Visitor
    ) -> None:
        """Both passwords alike; else every other wrong field is told with them."""
        try:
            _password(fields)
        except FieldsRefused as unlike:
            try:
                draft_user(values, visitor.actor, self._clock.now())
            except FieldsRefused as refusal:
                raise FieldsRefused({**refusal.fields, **unlike.fields}) from None
            raise

    def show_change(self, request: Request, visitor: Visitor) -> Response:
        """The form as the user is now. Raises NotFound."""
        account = self._users.load(user_id_of(request))
        values = form_values(account)
        texts = {name: str(values[name] or "") for name in _FIELDS}
        if ADMINISTRATOR in account.user.roles:
            texts[ADMINISTRATOR] = "on"
        return self._show(request, visitor, self._editing(request), texts)

    def change(self, request: Request, visitor: Visitor) -> Response:
        """Change a user who is of the version that the form showed. Raises NotFound, Conflict."""
        user_id, fields = user_id_of(request), read_posted(request).fields
        version = fields.get("version", "")
        purpose = self._editing(request)
        try:
            self._desk.accept(fields, visitor, purpose.form, user_id, version)
            self._users.update(user_id, _values(fields), visitor.actor, _version(version))
        except (FieldsRefused, FormRefused) as refusal:
            return self._show(request, visitor, purpose, fields, refusal)
        except VersionMismatch as overtaken:
            overtaken.description = _OVERTAKEN
            return self._show(request, visitor, purpose, fields, overtaken)
        return self._desk.done(path_of(user_id), "saved")

    def show_password(self, request: Request, visitor: Visitor) -> Response:
        """The form for a password. Raises NotFound."""
        return self._show(request, visitor, self._setting(request), {})

    def set_password(self, request: Request, visitor: Visitor) -> Response:
        """Set a password, which ends everything that the user holds. Raises NotFound, Conflict."""
        user_id, fields = user_id_of(request), read_posted(request).fields
        purpose = self._setting(request)
        try:
            self._desk.accept(fields, visitor, purpose.form, *purpose.bound)
            self._users.set_password(user_id, {"password": _password(fields)}, visitor.actor)
        except (FieldsRefused, FormRefused) as refusal:
            return self._show(request, visitor, purpose, {}, refusal)
        return self._desk.done(path_of(user_id), "password-set")

    def _editing(self, request: Request) -> Purpose:
        user = self._users.load(user_id_of(request)).user
        path = path_of(user.user_id)
        heading, bound = f"Edit {user_label(user)}", (user.user_id, str(user.version))
        return Purpose(UserFormPage, heading, "Save", f"{path}/edit", path, "change user", bound)

    def _setting(self, request: Request) -> Purpose:
        user = self._users.load(user_id_of(request)).user
        path = path_of(user.user_id)
        return Purpose(
            kind=SetPasswordPage,
            heading=f"Set a password for {user_label(user)}",
            button="Set password",
            path=f"{path}/password",
            back_path=path,
            form="set password",
            bound=(user.user_id,),
        )

    def _show(
        self,
        request: Request,
        visitor: Visitor,
        purpose: Purpose,
        texts: Mapping[str, str],
        refusal: OAuthError | None = None,
    ) -> Response:
        """The form; a password that was typed is not in it."""
        errors = user_errors(refusal.fields) if isinstance(refusal, FieldsRefused) else ()
        page = purpose.kind(
            heading=purpose.heading,
            button=purpose.button,
            act=Act(
                purpose.path,
                self._desk.token(visitor, purpose.form, *purpose.bound),
                tuple(zip(("version",), purpose.bound[1:], strict=False)),
            ),
            back_path=purpose.back_path,
            texts={name: texts[name] for name in _SHOWN if name in texts},
            is_new=purpose is _NEW,
            errors=errors,
            problem="" if refusal is None or errors else refusal.description,
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(page, 200 if refusal is None else refusal.status)


def _values(fields: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {name: fields.get(name) for name in _FIELDS}
    values |= {name: fields.get(name, "") for name in ("user_name", "user_domain")}
    values["roles"] = [ADMINISTRATOR] if ADMINISTRATOR in fields else []
    return values


def _password(fields: Mapping[str, str]) -> str:
    """The password, if it was typed twice alike. Raises FieldsRefused."""
    password, again = fields.get("password", ""), fields.get("repeat_password", "")
    if not compare_digest(password.encode(), again.encode()):
        raise FieldsRefused(_UNLIKE)
    return password


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAXIMUM_VERSION_DIGITS):
        raise InvalidRequest("The form names no version.")
    return int(text)
