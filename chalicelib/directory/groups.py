"""Groups: names of roles, and who holds them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chalicelib.administration.fields import clean_name, read_fields
from chalicelib.administration.refusals import (
    Conflict,
    FieldsRefused,
    FieldsTaken,
    NotFound,
    VersionMismatch,
)
from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.model import MAXIMUM_MEMBERS, Account, Group, fold
from chalicelib.directory.provisioning import ExternalId
from chalicelib.directory.stores import (
    ExternalIdTaken,
    GroupChanged,
    GroupNameTaken,
    GroupStore,
    UserChanged,
    UserStore,
)
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.scope import ROLES
from chalicelib.oauth.stores import StoreUnavailable

GROUP_PREFIX = "grp_"
MAXIMUM_NAME_LENGTH = 200
MAXIMUM_GROUPS_A_USER = 30
TRIES = 3
# An index follows its table within milliseconds, seldom within a second.
READ_TRIES = 5
READ_PAUSE_SECONDS = 0.1
# Three writes a member, of the hundred that a transaction may hold.
MEMBERS_A_TRANSACTION = 20

_NAME_TAKEN = {"display_name": "is the name of another group"}
_EXTERNAL_ID_TAKEN = {"external_id": "is the external id of another group"}
_TOO_MANY = {"members": f"must be at most {MAXIMUM_MEMBERS}"}
_STAND_INS = {"display_name": "group"}


class GroupForm(BaseModel):
    """What a client says of a group beside its members."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    display_name: Annotated[
        str, Field(min_length=1, max_length=MAXIMUM_NAME_LENGTH), AfterValidator(clean_name)
    ]
    external_id: ExternalId | None = None


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A change that breaks no rule: whose membership it turns, and who of the asked for there is.

    `wanted` says of each user whether it is to be a member.
    """

    wanted: Mapping[str, bool]
    changing: Sequence[Account]
    known: frozenset[str]


class Groups:
    """Creates, renames and deletes groups, and changes who is in them.

    A built-in role is a group that is always there and keeps its name. Every method may raise
    StoreUnavailable.
    """

    def __init__(self, store: GroupStore, users: UserStore, clock: Clock) -> None:
        self._store = store
        self._users = users
        self._clock = clock

    def create(self, values: Mapping[str, object], actor: Actor) -> Group:
        """A group without members. Raises FieldsRefused, FieldsTaken."""
        form, now = _read(values), self._clock.now()
        group_id = GROUP_PREFIX + new_ulid()
        group = Group(group_id, form.display_name, now, now, form.external_id)
        event = AuditEvent(new_ulid(), now, "group.created", group_id, actor, form.model_dump())
        try:
            self._store.create(group, event)
        except GroupNameTaken:
            raise FieldsTaken(_NAME_TAKEN) from None
        except ExternalIdTaken:
            raise FieldsTaken(_EXTERNAL_ID_TAKEN) from None
        return group

    def load(self, group_id: str) -> Group:
        """Raises NotFound."""
        group = self._store.load(group_id)
        if group is None:
            raise NotFound("group")
        return group

    def update(
        self,
        group_id: str,
        values: Mapping[str, object],
        actor: Actor,
        if_version: int | None = None,
    ) -> Group:
        """Change name and external id.

        Raises NotFound, VersionMismatch, FieldsRefused, FieldsTaken, Conflict.
        """
        for _ in range(TRIES):
            before = self._load_version(group_id, if_version)
            old = {"display_name": before.display_name, "external_id": before.external_id}
            changes = {name: value for name, value in values.items() if value != old[name]}
            if not changes:
                return before
            if group_id in ROLES:
                raise Conflict("A built-in group keeps its name.")
            form, now = _read(values), self._clock.now()
            after = replace(
                before,
                display_name=form.display_name,
                external_id=form.external_id,
                updated_at=now,
                version=before.version + 1,
            )
            event = AuditEvent(new_ulid(), now, "group.updated", group_id, actor, changes)
            try:
                self._store.replace(before, after, event)
            except GroupChanged:
                continue
            except GroupNameTaken:
                raise FieldsTaken(_NAME_TAKEN) from None
            except ExternalIdTaken:
                raise FieldsTaken(_EXTERNAL_ID_TAKEN) from None
            return after
        raise _changed(if_version)

    def delete(self, group_id: str, actor: Actor, if_version: int | None = None) -> None:
        """Let everybody out, and remove the group.

        Raises NotFound, VersionMismatch, Conflict.
        """
        if group_id in ROLES:
            raise Conflict("A built-in group cannot be deleted.")
        group = self._load_version(group_id, if_version)
        for _ in range(TRIES):
            # However many they are: only so can a group shrink that has too many.
            members = self._store.list_members(group_id, group.members)
            self.apply(group_id, self.plan(group, (), members), actor)
            group = self.load(group_id)
            now = self._clock.now()
            changes = {"display_name": group.display_name}
            event = AuditEvent(new_ulid(), now, "group.deleted", group_id, actor, changes)
            try:
                self._store.delete(group, event)
            except GroupChanged:
                continue
            return
        raise _changed(if_version)

    def members(self, group: Group) -> Sequence[str]:
        """The ids of the users in a group. Raises Conflict where they are too many to list."""
        if group.members > MAXIMUM_MEMBERS:
            raise Conflict(f"The group has more than {MAXIMUM_MEMBERS} members.")
        # A group without members is not asked for.
        return self._store.list_members(group.group_id, group.members) if group.members else ()

    def read_exactly(self, group_id: str) -> tuple[Group, Sequence[str]]:
        """A group, and who is in it at its version, for whoever replaces the whole list.

        The list follows the table. Where every listed user holds the role and they are as many
        as the group counts, it is the whole truth until the version changes.
        Raises NotFound, Conflict.
        """
        for attempt in range(READ_TRIES):
            if attempt:
                self._clock.sleep(READ_PAUSE_SECONDS)
            group = self.load(group_id)
            listed = self.members(group)
            if len(self.holders(group_id, listed)) == len(listed) == group.members:
                return group, listed
        raise StoreUnavailable("the list of members does not follow its group")

    def holders(self, group_id: str, user_ids: Sequence[str]) -> frozenset[str]:
        """Who of these users is in a group; strongly consistent."""
        accounts = self._users.load_all(user_ids)
        return frozenset(one.user.user_id for one in accounts if group_id in one.user.roles)

    def plan(self, group: Group | None, join: Sequence[str], leave: Sequence[str]) -> MemberChange:
        """Look at a change before anything is written; None is a group that is not made yet.

        Ids that name nobody are passed over: they could do nothing with the role.
        Raises FieldsRefused.
        """
        group_id, members = ("", 0) if group is None else (group.group_id, group.members)
        wanted = {**dict.fromkeys(leave, False), **dict.fromkeys(join, True)}
        accounts = self._users.load_all(list(wanted))
        changing = [one for one in accounts if _differs(one, group_id, wanted)]
        joining = sum(wanted[one.user.user_id] for one in changing)
        if joining and members + joining > MAXIMUM_MEMBERS:
            raise FieldsRefused(_TOO_MANY)
        full = [
            one
            for one in changing
            if wanted[one.user.user_id]
            and len(one.user.roles.difference(ROLES)) >= MAXIMUM_GROUPS_A_USER
        ]
        if full:
            reason = f"must be in at most {MAXIMUM_GROUPS_A_USER} groups each"
            raise FieldsRefused({"members": reason})
        known = frozenset(one.user.user_id for one in accounts if one.deleted_at is None)
        return MemberChange(wanted, changing, known)

    def apply(
        self, group_id: str, change: MemberChange, actor: Actor, if_version: int | None = None
    ) -> None:
        """Let users in and out; each write is whole, and doing it again is harmless.

        `if_version` holds the group to that version until the last write: every one makes the
        next. Raises NotFound, VersionMismatch, FieldsRefused, Conflict.
        """
        has_waited = False
        for start in range(0, len(change.changing), MEMBERS_A_TRANSACTION):
            part = change.changing[start : start + MEMBERS_A_TRANSACTION]
            written = self._change_part(group_id, part, change.wanted, actor, if_version)
            if if_version is not None and written:
                if_version += 1
            has_waited = has_waited or not all(change.wanted[one] for one in written)
        if group_id in ROLES and not has_waited:
            # Who was let out already may be in a lease: whoever did it may not have waited.
            self._users.settle()

    def _change_part(
        self,
        group_id: str,
        accounts: Sequence[Account],
        wanted: Mapping[str, bool],
        actor: Actor,
        if_version: int | None,
    ) -> Sequence[str]:
        """Whom there was left to let in or out."""
        for _ in range(TRIES):
            if not accounts:
                return []
            now = self._clock.now()
            changes = [(one, _with_role(one, group_id, wanted, now)) for one in accounts]
            named = {
                name: [one.user.user_id for one in accounts if wanted[one.user.user_id] is joins]
                for name, joins in (("joined", True), ("left", False))
            }
            changed = {name: users for name, users in named.items() if users}
            event = AuditEvent(new_ulid(), now, "group.members_changed", group_id, actor, changed)
            try:
                self._users.replace_all(changes, event, if_group_version=if_version)
            except GroupChanged:
                self._load_version(group_id, if_version)
                # It is there, and of the version: the room was taken meanwhile.
                raise FieldsRefused(_TOO_MANY) from None
            except UserChanged:
                read = self._users.load_all([one.user.user_id for one in accounts])
                accounts = [one for one in read if _differs(one, group_id, wanted)]
                continue
            return [one.user.user_id for one in accounts]
        raise Conflict("The members are being changed by others; try again.")

    def _load_version(self, group_id: str, if_version: int | None) -> Group:
        group = self.load(group_id)
        if if_version is not None and if_version != group.version:
            raise VersionMismatch
        return group


def _read(values: Mapping[str, object]) -> GroupForm:
    form, refused = read_fields(GroupForm, values, _STAND_INS)
    if refused:
        raise FieldsRefused(refused)
    if fold(form.display_name) in ROLES:
        raise FieldsTaken(_NAME_TAKEN)
    return form


def _differs(account: Account, group_id: str, wanted: Mapping[str, bool]) -> bool:
    user = account.user
    return account.deleted_at is None and (group_id in user.roles) is not wanted[user.user_id]


def _with_role(account: Account, group_id: str, wanted: Mapping[str, bool], now: int) -> Account:
    user = account.user
    roles = user.roles | {group_id} if wanted[user.user_id] else user.roles - {group_id}
    changed = replace(user, roles=roles, version=user.version + 1)
    return replace(account, user=changed, updated_at=now)


def _changed(if_version: int | None) -> VersionMismatch | Conflict:
    if if_version is not None:
        return VersionMismatch()
    return Conflict("The group is being changed by others; try again.")
