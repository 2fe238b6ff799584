"""Creating users, changing them, and ending what they hold."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.administration.fields import read_fields
from chalicelib.administration.refusals import (
    Conflict,
    FieldsRefused,
    FieldsTaken,
    NotFound,
    VersionMismatch,
)
from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.form import (
    PASSWORD_STAND_INS,
    USER_STAND_INS,
    NewUserForm,
    PasswordForm,
    UserForm,
)
from chalicelib.directory.model import Account, without_tokens
from chalicelib.directory.passwords import hash_password
from chalicelib.directory.stores import NewUser, UserChanged, UserNameTaken, UserStore
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid, new_user_id
from chalicelib.oauth.model import Status, User
from chalicelib.paging import Page

TRIES = 3
NAME_TAKEN = {"user_name": "is the name of another user of the domain"}

Alter = Callable[[Account, int], Account | None]
"""Decides on a change of what was read at a time; None: it is so already."""


class Users:
    """The users of every domain. Every method may raise StoreUnavailable."""

    def __init__(self, store: UserStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

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
        account = self._store.load(user_id)
        if account is None:
            raise NotFound("user")
        return account

    def list_users(
        self, prefix: str, user_domain: str | None, cursor: str | None, limit: int
    ) -> Page[Account]:
        """Users whose name starts with `prefix`, by name. Raises InvalidCursor."""
        return self._store.list_users(prefix, user_domain, cursor, limit)

    def update(
        self, user_id: str, body: Mapping[str, object], actor: Actor, if_version: int | None = None
    ) -> Account:
        """Change fields of the form; the result must keep every rule of creation.

        Roles count from the next request on, because rights are evaluated at use.
        Raises NotFound, VersionMismatch, FieldsRefused, FieldsTaken, Conflict.
        """

        def alter(before: Account, _: int) -> Account | None:
            form, refused = read_fields(UserForm, {**form_values(before), **body}, USER_STAND_INS)
            if refused:
                raise FieldsRefused(refused)
            after = _with_form(before, form)
            return None if after == before else after

        return self._change(user_id, "user.updated", alter, actor, if_version)

    def disable(self, user_id: str, actor: Actor, if_version: int | None = None) -> Account:
        """Refuse the user everything; tokens stay dead when the user is enabled again.

        Written also when the user is disabled already, so that the answer always comes after
        every lease of the enabled user has ended.
        """

        def alter(before: Account, _: int) -> Account:
            user = replace(without_tokens(before.user), status=Status.DISABLED)
            return replace(before, user=user)

        return self._change(user_id, "user.disabled", alter, actor, if_version)

    def enable(self, user_id: str, actor: Actor, if_version: int | None = None) -> Account:
        """Let the user act, and be acted as, again."""

        def alter(before: Account, _: int) -> Account | None:
            if before.user.enabled:
                return None
            return replace(before, user=replace(before.user, status=Status.ENABLED))

        return self._change(user_id, "user.enabled", alter, actor, if_version)

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

        return self._change(
            user_id, "user.password_set", alter, actor, if_version, password_hash=password_hash
        )

    def _change(
        self,
        user_id: str,
        action: str,
        alter: Alter,
        actor: Actor,
        if_version: int | None,
        *,
        password_hash: str | None = None,
    ) -> Account:
        """Read, decide, and write if nothing changed in between; three tries."""
        for _ in range(TRIES):
            before = self.load(user_id)
            if if_version is not None and if_version != before.user.version:
                raise VersionMismatch
            now = self._clock.now()
            changed = alter(before, now)
            if changed is None:
                self._store.settle()
                return before
            user = replace(changed.user, version=before.user.version + 1)
            after = replace(changed, user=user, updated_at=now)
            event = _event(action, user_id, actor, now, _differences(before, after))
            try:
                self._store.replace(before, after, event, password_hash=password_hash)
            except UserChanged:
                continue
            except UserNameTaken:
                raise FieldsTaken(NAME_TAKEN) from None
            return after
        if if_version is not None:
            raise VersionMismatch
        raise Conflict("The user is being changed by others; try again.")


def draft_user(values: Mapping[str, object], actor: Actor, now: int) -> NewUser:
    """The user of a form that breaks no rule. Raises FieldsRefused."""
    form, refused = read_fields(NewUserForm, values, USER_STAND_INS)
    if refused:
        raise FieldsRefused(refused)
    user = User(new_user_id(), form.user_name, form.user_domain)
    account = _with_form(Account(user, created_at=now, updated_at=now), form)
    password_hash = None if form.password is None else hash_password(form.password)
    event = _event("user.created", user.user_id, actor, now, form_values(account))
    return NewUser(account, password_hash, event)


def form_values(account: Account) -> dict[str, object]:
    """The form as this account would fill it; a password is never part of it."""
    return {
        "user_name": account.user.user_name,
        "user_domain": account.user.user_domain,
        "email": account.email,
        "given_name": account.given_name,
        "family_name": account.family_name,
        "roles": sorted(account.user.roles),
    }


def _with_form(account: Account, form: UserForm) -> Account:
    user = replace(
        account.user,
        user_name=form.user_name,
        user_domain=form.user_domain,
        roles=frozenset(form.roles),
    )
    return replace(
        account,
        user=user,
        email=form.email,
        given_name=form.given_name,
        family_name=form.family_name,
    )


def _differences(before: Account, after: Account) -> dict[str, object]:
    old = form_values(before)
    return {name: value for name, value in form_values(after).items() if value != old[name]}


def _event(
    action: str, user_id: str, actor: Actor, now: int, changes: Mapping[str, object]
) -> AuditEvent:
    return AuditEvent(new_ulid(), now, action, user_id, actor, changes)
