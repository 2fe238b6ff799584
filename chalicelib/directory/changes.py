"""One change of a user: read, decide, write if nothing changed in between."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.administration.refusals import (
    Conflict,
    Deleted,
    FieldsTaken,
    NotFound,
    VersionMismatch,
)
from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.model import Account
from chalicelib.directory.stores import (
    ExternalIdTaken,
    UserChanged,
    UserNameTaken,
    UserStore,
)
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.scope import ROLES

TRIES = 3
NAME_TAKEN = {"user_name": "is the name of another user of the domain"}
EXTERNAL_ID_TAKEN = {"external_id": "is the external id of another user"}

Alter = Callable[[Account, int], Account | None]
"""Decides on a change of what was read at a time; None: it is so already."""

Write = Callable[[Account, Account, AuditEvent], None]
"""Writes the account as it is to be, in place of the one that was read."""


class UserChanges:
    """Changes users one at a time, three tries each. May raise StoreUnavailable."""

    def __init__(self, store: UserStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def load(self, user_id: str) -> Account:
        """Raises NotFound."""
        account = self._store.load(user_id)
        if account is None:
            raise NotFound("user")
        return account

    def apply(
        self,
        user_id: str,
        action: str,
        alter: Alter,
        actor: Actor,
        if_version: int | None,
        *,
        write: Write | None = None,
    ) -> Account:
        """The account as `alter` left it, after its leases have ended where it lost rights.

        Raises NotFound, VersionMismatch, Conflict, FieldsTaken, and what `alter` raises.
        """
        for _ in range(TRIES):
            before = self.load(user_id)
            if before.deleted_at is not None:
                raise Deleted("The user was deleted.")
            if if_version is not None and if_version != before.user.version:
                raise VersionMismatch
            now = self._clock.now()
            changed = alter(before, now)
            if changed is None:
                self._store.settle()
                return before
            user = replace(changed.user, version=before.user.version + 1)
            after = replace(changed, user=user, updated_at=now)
            event = user_event(action, user_id, actor, now, _differences(before, after))
            try:
                (write or self._store.replace)(before, after, event)
            except UserChanged:
                continue
            except UserNameTaken:
                raise FieldsTaken(NAME_TAKEN) from None
            except ExternalIdTaken:
                raise FieldsTaken(EXTERNAL_ID_TAKEN) from None
            return after
        if if_version is not None:
            raise VersionMismatch
        raise Conflict("The user is being changed by others; try again.")


def form_values(account: Account) -> dict[str, object]:
    """The form as this account would fill it; a password is never part of it."""
    return {
        "user_name": account.user.user_name,
        "user_domain": account.user.user_domain,
        "email": account.email,
        "given_name": account.given_name,
        "family_name": account.family_name,
        # Those of groups are changed with the group.
        "roles": sorted(account.user.roles.intersection(ROLES)),
    }


def user_event(
    action: str, user_id: str, actor: Actor, now: int, changes: Mapping[str, object]
) -> AuditEvent:
    """The event of a change of one user."""
    return AuditEvent(new_ulid(), now, action, user_id, actor, changes)


def audited_values(account: Account) -> dict[str, object]:
    """What an event tells of a user; provisioned attributes are named, not repeated."""
    return {
        **form_values(account),
        "external_id": account.external_id,
        "status": account.user.status.value,
    }


def _differences(before: Account, after: Account) -> dict[str, object]:
    old = audited_values(before)
    changes = {name: value for name, value in audited_values(after).items() if value != old[name]}
    names = before.attributes.keys() | after.attributes.keys()
    changed = [name for name in names if before.attributes.get(name) != after.attributes.get(name)]
    return {**changes, "attributes": sorted(changed)} if changed else changes
