"""Creating users, changing them, and ending what they hold."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from chalicelib.administration.fields import read_fields
from chalicelib.administration.refusals import Conflict, FieldsKept, FieldsRefused, FieldsTaken
from chalicelib.audit import Actor
from chalicelib.directory.changes import NAME_TAKEN, UserChanges, form_values, user_event
from chalicelib.directory.form import (
    PASSWORD_STAND_INS,
    USER_STAND_INS,
    NewUserForm,
    PasswordForm,
    UserForm,
)
from chalicelib.directory.model import Account, without_tokens
from chalicelib.directory.passwords import hash_password
from chalicelib.directory.provisioned import with_fields
from chalicelib.directory.stores import NewUser, UserNameTaken, UserStore
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_user_id
from chalicelib.oauth.model import Status, User
from chalicelib.oauth.scope import ADMINISTRATOR, ROLES
from chalicelib.paging import Page

OWN_ROLE = {"roles": "are your own: another administrator can take them away"}
OWN_STATUS = "This is your own account: another administrator can disable it."


class Users:
    """The users of every domain. Every method may raise StoreUnavailable.

    Nobody disables the own account or takes the own administration away, as a person or through
    an application: so nobody is locked out by a slip, and whoever did it is there to undo it.
    """

    def __init__(self, store: UserStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._changes = UserChanges(store, clock)

    def create(self, values: Mapping[str, object], actor: Actor) -> Account:
        """Raises FieldsRefused, FieldsTaken."""
        new = draft_user(values, actor, self._clock.now())
        try:
            self._store.create(new.account, new.password_hash, new.event)
        except UserNameTaken:
            raise FieldsTaken(NAME_TAKEN) from None
        return new.account

    def load(self, user_id: str) -> Account:
        """Raises NotFound."""
        return self._changes.load(user_id)

    def list_users(
        self,
        prefix: str,
        user_domain: str | None,
        cursor: str | None,
        limit: int,
        *,
        deleted: bool = False,
    ) -> Page[Account]:
        """Users whose name starts with `prefix`, by name. Raises InvalidCursor."""
        return self._store.list_users(prefix, user_domain, cursor, limit, deleted=deleted)

    def update(
        self, user_id: str, body: Mapping[str, object], actor: Actor, if_version: int | None = None
    ) -> Account:
        """Change fields of the form; the result must keep every rule of creation.

        Roles count from the next request on, because rights are evaluated at use.
        Raises NotFound, VersionMismatch, FieldsRefused, FieldsTaken, FieldsKept, Conflict.
        """

        def alter(before: Account, _: int) -> Account | None:
            form, refused = read_fields(UserForm, {**form_values(before), **body}, USER_STAND_INS)
            if refused:
                raise FieldsRefused(refused)
            after = _with_form(before, form)
            if user_id == actor.user_id and ADMINISTRATOR in before.user.roles - after.user.roles:
                raise FieldsKept(OWN_ROLE)
            return None if after == before else after

        return self._changes.apply(user_id, "user.updated", alter, actor, if_version)

    def disable(self, user_id: str, actor: Actor, if_version: int | None = None) -> Account:
        """Refuse the user everything; tokens stay dead when the user is enabled again.

        Written also when the user is disabled already, so that the answer always comes after
        every lease of the enabled user has ended. Raises NotFound, VersionMismatch, Conflict.
        """
        if user_id == actor.user_id:
            raise Conflict(OWN_STATUS)

        def alter(before: Account, _: int) -> Account:
            user = replace(without_tokens(before.user), status=Status.DISABLED)
            # From now on it is the administrator's, whoever disabled the user before.
            return replace(before, user=user, disabled_by=None)

        return self._changes.apply(user_id, "user.disabled", alter, actor, if_version)

    def enable(self, user_id: str, actor: Actor, if_version: int | None = None) -> Account:
        """Let the user act, and be acted as, again."""

        def alter(before: Account, _: int) -> Account | None:
            if before.user.enabled:
                return None
            user = replace(before.user, status=Status.ENABLED)
            return replace(before, user=user, disabled_by=None)

        return self._changes.apply(user_id, "user.enabled", alter, actor, if_version)

    def set_password(
        self, user_id: str, body: Mapping[str, object], actor: Actor, if_version: int | None = None
    ) -> Account:
        """Set a password; whatever was issued for the user until now is void.

        Raises NotFound, VersionMismatch, FieldsRefused, Conflict.
        """
        form, refused = read_fields(PasswordForm, body, PASSWORD_STAND_INS)
        if refused:
            raise FieldsRefused(refused)
        # Hashing is slow on purpose: not for a user who does not exist, and once for all tries.
        self.load(user_id)
        password_hash = hash_password(form.password)

        def alter(before: Account, _: int) -> Account:
            return replace(before, user=without_tokens(before.user))

        write = partial(self._store.replace, password_hash=password_hash)
        return self._changes.apply(
            user_id, "user.password_set", alter, actor, if_version, write=write
        )


def draft_user(values: Mapping[str, object], actor: Actor, now: int) -> NewUser:
    """The user of a form that breaks no rule. Raises FieldsRefused."""
    form, refused = read_fields(NewUserForm, values, USER_STAND_INS)
    if refused:
        raise FieldsRefused(refused)
    user = User(new_user_id(), form.user_name, form.user_domain)
    account = _with_form(Account(user, created_at=now, updated_at=now), form)
    password_hash = None if form.password is None else hash_password(form.password)
    event = user_event("user.created", user.user_id, actor, now, form_values(account))
    return NewUser(account, password_hash, event)


def _with_form(account: Account, form: UserForm) -> Account:
    user = replace(
        account.user,
        user_name=form.user_name,
        user_domain=form.user_domain,
        roles=account.user.roles.difference(ROLES).union(form.roles),
    )
    attributes = with_fields(account.attributes, form.email, form.given_name, form.family_name)
    return replace(
        account,
        user=user,
        attributes=attributes,
        email=form.email,
        given_name=form.given_name,
        family_name=form.family_name,
    )
