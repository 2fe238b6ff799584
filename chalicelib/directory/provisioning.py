"""Users as a provisioning client keeps them: whole, under the rules of the form."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import AfterValidator, Field

from chalicelib.administration.fields import read_fields
from chalicelib.administration.refusals import FieldsRefused, FieldsTaken, NotAllowed
from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.changes import (
    EXTERNAL_ID_TAKEN,
    NAME_TAKEN,
    UserChanges,
    audited_values,
    user_event,
)
from chalicelib.directory.form import USER_STAND_INS, Email, UserForm
from chalicelib.directory.model import PROVISIONING, Account, without_tokens
from chalicelib.directory.provisioned import email_entries, email_of, names_of, with_fields
from chalicelib.directory.stores import ExternalIdTaken, UserNameTaken, UserStore
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_user_id
from chalicelib.oauth.model import Status, User
from chalicelib.oauth.scope import ADMINISTRATOR, ROLES

MAXIMUM_EMAILS = 10
MAXIMUM_EXTERNAL_ID_LENGTH = 255
MAXIMUM_ATTRIBUTES_BYTES = 16 * 1024
OWN_ACCOUNT = "This is the account that the application acts as: another administrator can end it."


@dataclass(frozen=True, slots=True)
class Person:
    """What a client says of a user. `active` None leaves it as it is; a new user is active."""

    user_name: str
    user_domain: str
    active: bool | None = None
    external_id: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)


def clean_external_id(value: str) -> str:
    """An external id, as it is: clients compare it to the letter. Raises ValueError."""
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
        raise ValueError("must not hold control characters")
    return value


ExternalId = Annotated[
    str,
    Field(min_length=1, max_length=MAXIMUM_EXTERNAL_ID_LENGTH),
    AfterValidator(clean_external_id),
]


class ProvisionedForm(UserForm):
    """The fields of a user, its external id, and every address it may be found by."""

    external_id: ExternalId | None = None
    emails: Annotated[tuple[Email, ...], Field(max_length=MAXIMUM_EMAILS)] = ()


class Provisioning:
    """Creates, replaces and deletes users. Every method may raise StoreUnavailable.

    Who is not an administrator may lift what provisioning did, and nothing that administrators
    did, and may neither enable nor rename administrators.
    """

    def __init__(self, store: UserStore, clock: Clock, *, by_administrator: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._by_administrator = by_administrator
        self._changes = UserChanges(store, clock)

    def create(self, person: Person, actor: Actor) -> Account:
        """Raises FieldsRefused, FieldsTaken."""
        now = self._clock.now()
        user = User(new_user_id(), person.user_name, person.user_domain)
        if person.active is False:
            user = replace(user, status=Status.DISABLED)
        account = Account(user, now, now, disabled_by=None if user.enabled else PROVISIONING)
        account = _with_person(account, person)
        event = user_event("user.created", user.user_id, actor, now, audited_values(account))
        try:
            self._store.create(account, None, event)
        except UserNameTaken:
            raise FieldsTaken(NAME_TAKEN) from None
        except ExternalIdTaken:
            raise FieldsTaken(EXTERNAL_ID_TAKEN) from None
        return account

    def replace(
        self, user_id: str, person: Person, actor: Actor, if_version: int | None = None
    ) -> Account:
        """Raises NotFound, VersionMismatch, FieldsRefused, FieldsTaken, Conflict, NotAllowed."""

        def alter(before: Account, _: int) -> Account | None:
            after = _with_person(before, person)
            if person.active is not None and person.active != before.user.enabled:
                after = _activated(after, active=person.active)
            if before.user.enabled and not after.user.enabled:
                _refuse_own(user_id, actor)
            if not self._by_administrator:
                _refuse_overruling(before, after)
            return None if after == before else after

        return self._changes.apply(user_id, "user.provisioned", alter, actor, if_version)

    def delete(self, user_id: str, actor: Actor, if_version: int | None = None) -> None:
        """End a user: its sessions and tokens at once, its names free, its record kept.

        Raises NotFound, VersionMismatch, Conflict, NotAllowed.
        """

        def alter(before: Account, now: int) -> Account:
            _refuse_own(user_id, actor)
            user = without_tokens(before.user)
            return replace(
                before,
                user=replace(user, status=Status.DISABLED, roles=frozenset()),
                external_id=None,
                attributes={},
                deleted_at=now,
            )

        def write(before: Account, after: Account, event: AuditEvent) -> None:
            self._store.delete(before, after, event)

        self._changes.apply(user_id, "user.deleted", alter, actor, if_version, write=write)


def _activated(account: Account, *, active: bool) -> Account:
    if active:
        user = replace(account.user, status=Status.ENABLED)
        return replace(account, user=user, disabled_by=None)
    user = replace(without_tokens(account.user), status=Status.DISABLED)
    return replace(account, user=user, disabled_by=PROVISIONING)


def _refuse_own(user_id: str, actor: Actor) -> None:
    """Raises NotAllowed where an application would end the account that it acts as."""
    if user_id == actor.user_id:
        raise NotAllowed(OWN_ACCOUNT)


def _refuse_overruling(before: Account, after: Account) -> None:
    """Raises NotAllowed for what only an administrator may do."""
    old, new = before.user, after.user
    is_enabled = new.enabled and not old.enabled
    if is_enabled and before.disabled_by != PROVISIONING:
        raise NotAllowed("An administrator disabled this user, and only one may enable it.")
    if ADMINISTRATOR not in old.roles:
        return
    if is_enabled:
        raise NotAllowed("Only an administrator may enable an administrator.")
    if (old.user_name, old.user_domain) != (new.user_name, new.user_domain):
        raise NotAllowed("Only an administrator may rename an administrator.")


def _with_person(account: Account, person: Person) -> Account:
    """The account with what the client says, its roles and status as they were."""
    form = _read(account, person)
    attributes = {**person.attributes}
    if form.emails:
        attributes["emails"] = _with_values(email_entries(person.attributes), form.emails)
    attributes = with_fields(attributes, form.email, form.given_name, form.family_name)
    user = replace(account.user, user_name=form.user_name, user_domain=form.user_domain)
    return replace(
        account,
        user=user,
        email=form.email,
        given_name=form.given_name,
        family_name=form.family_name,
        external_id=form.external_id,
        attributes=attributes,
    )


def _read(account: Account, person: Person) -> ProvisionedForm:
    """The form, of which the client fills everything but the roles. Raises FieldsRefused."""
    values = {
        "user_name": person.user_name,
        "user_domain": person.user_domain,
        "email": email_of(person.attributes),
        **names_of(person.attributes),
        "roles": sorted(account.user.roles.intersection(ROLES)),
        "external_id": person.external_id,
        "emails": tuple(entry.get("value") for entry in email_entries(person.attributes)),
    }
    form, refused = read_fields(ProvisionedForm, values, USER_STAND_INS)
    size = len(json.dumps(dict(person.attributes), ensure_ascii=False).encode())
    if size > MAXIMUM_ATTRIBUTES_BYTES:
        refused["attributes"] = f"must be at most {MAXIMUM_ATTRIBUTES_BYTES} bytes of JSON"
    if refused:
        raise FieldsRefused(refused)
    return form


def _with_values(
    entries: list[dict[str, object]], values: tuple[str | None, ...]
) -> list[dict[str, object]]:
    """The entries with their addresses as the form has cleaned them."""
    pairs = zip(entries, values, strict=True)
    return [{**entry, "value": value} for entry, value in pairs if value]
