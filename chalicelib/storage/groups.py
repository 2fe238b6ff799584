"""Groups: an item and a marker of each unique name; who is in one is written with the user."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.audit import AuditEvent
from chalicelib.directory.model import Group, fold
from chalicelib.directory.stores import ExternalIdTaken, GroupChanged, GroupNameTaken
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.scope import ROLES
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.paging import Page
from chalicelib.storage import keys
from chalicelib.storage.attributes import Item
from chalicelib.storage.database import Database, Delete, Put, Update, Write
from chalicelib.storage.directory_records import (
    GROUP_LIST,
    ExternalIdRecord,
    GroupNameRecord,
    GroupRecord,
    MemberRecord,
)
from chalicelib.storage.name_lists import NameList
from chalicelib.storage.tables import USERS
from chalicelib.storage.transactions import commit

# An index follows its table within milliseconds, seldom within a second.
INDEX_TRIES = 5
INDEX_PAUSE_SECONDS = 0.1

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition

_GROUP = "group"
_NAME = "name"
_EXTERNAL_ID = "external id"
_PAGE = 1_000


class Groups:
    """Fulfils `GroupStore`."""

    def __init__(self, database: Database, clock: Clock, retention_days: int) -> None:
        self._database = database
        self._clock = clock
        self._retention_days = retention_days
        prefixes = ("group_name#", "long_group_name#")
        self._names = NameList(database, GroupNameRecord, GROUP_LIST, prefixes)

    def create(self, group: Group, event: AuditEvent) -> None:
        key = keys.group_key(group.group_id)
        values = {name: getattr(group, name) for name in Group.__dataclass_fields__}
        item = GroupRecord.write(key, values)
        writes: dict[str, Write] = {
            _GROUP: Put(GroupRecord, item, GroupRecord.key.does_not_exist()),
            _NAME: _mark_name(group),
            **_mark_external_id(group),
        }
        self._commit(writes, event)

    def load(self, group_id: str) -> Group | None:
        return self.load_all([group_id]).get(group_id)

    def load_all(self, group_ids: Sequence[str]) -> Mapping[str, Group]:
        found = self._database.read((USERS, keys.group_key(one)) for one in group_ids)
        groups = [(one, found.get((USERS, keys.group_key(one)))) for one in group_ids]
        return {
            group_id: _read(group_id, item)
            for group_id, item in groups
            if item is not None or group_id in ROLES
        }

    def find(self, display_name: str) -> Group | None:
        return self._load_owner(keys.group_name_key(fold(display_name)))

    def find_by_external_id(self, external_id: str) -> Group | None:
        return self._load_owner(keys.external_id_key(_GROUP, external_id))

    def list_groups(self, cursor: str | None, limit: int) -> Page[Group]:
        owners, following = self._names.find_owners("", lambda _: True, cursor, limit)
        found = self.load_all(owners)
        return Page([found[owner] for owner in owners if owner in found], following)

    def list_members(self, group_id: str, members: int) -> Sequence[str]:
        listed = NameList(self._database, MemberRecord, keys.group_key(group_id), ("member#",))
        for attempt in range(INDEX_TRIES):
            if attempt:
                self._clock.sleep(INDEX_PAUSE_SECONDS)
                # Somebody may have come or gone meanwhile.
                group = self.load(group_id)
                members = 0 if group is None else group.members
            owners: list[str] = []
            cursor: str | None = None
            while True:
                page, cursor = listed.find_owners("", lambda _: True, cursor, _PAGE)
                owners += page
                if cursor is None:
                    break
            if len(owners) == members:
                return owners
        raise StoreUnavailable("the list of members does not follow its group")

    def replace(self, before: Group, after: Group, event: AuditEvent) -> None:
        actions = (
            GroupRecord.display_name.set(after.display_name),
            GroupRecord.updated_at.set(after.updated_at),
            GroupRecord.version.add(1),
            GroupRecord.external_id.remove()
            if after.external_id is None
            else GroupRecord.external_id.set(after.external_id),
        )
        key = keys.group_key(before.group_id)
        writes: dict[str, Write] = {_GROUP: Update(GroupRecord, key, actions, _unchanged(before))}
        if keys.group_name_key(fold(before.display_name)) != keys.group_name_key(
            fold(after.display_name)
        ):
            writes |= {_NAME: _mark_name(after), "old name": _free_name(before)}
        if before.external_id != after.external_id:
            writes |= {**_mark_external_id(after), **_free_external_id(before)}
        self._commit(writes, event)

    def delete(self, before: Group, event: AuditEvent) -> None:
        key = keys.group_key(before.group_id)
        empty = _unchanged(before) & (GroupRecord.members == 0)
        writes: dict[str, Write] = {
            _GROUP: Delete(GroupRecord, key, empty),
            "old name": _free_name(before),
            **_free_external_id(before),
        }
        self._commit(writes, event)

    def _load_owner(self, marker: str) -> Group | None:
        key = (USERS, marker)
        item = self._database.read([key]).get(key)
        return None if item is None else self.load(item["owner"]["S"])

    def _commit(self, writes: dict[str, Write], event: AuditEvent) -> None:
        refused = commit(self._database, writes, event, self._retention_days)
        if not refused:
            return
        if _GROUP in refused:
            raise GroupChanged
        if _NAME in refused:
            raise GroupNameTaken
        if _EXTERNAL_ID in refused:
            raise ExternalIdTaken
        raise StoreUnavailable(f"a transaction was refused: {', '.join(sorted(refused))}")


def _read(group_id: str, item: Item | None) -> Group:
    """A built-in role is there before its item, which its first member makes."""
    values = {} if item is None else GroupRecord.read(item)
    if group_id in ROLES:
        version, members = values.get("version", 0), values.get("members", 0)
        return Group(group_id, group_id, 0, 0, None, version, members)
    return Group(**values)


def _unchanged(before: Group) -> "Condition":
    return GroupRecord.version == before.version


def _mark_name(group: Group) -> Put:
    folded = fold(group.display_name)
    values = {
        "owner": group.group_id,
        "listed": GROUP_LIST,
        "sort_name": keys.sort_name(folded),
    }
    item = GroupNameRecord.write(keys.group_name_key(folded), values)
    return Put(GroupNameRecord, item, GroupNameRecord.key.does_not_exist())


def _free_name(group: Group) -> Delete:
    return Delete(GroupNameRecord, keys.group_name_key(fold(group.display_name)))


def _mark_external_id(group: Group) -> dict[str, Write]:
    if group.external_id is None:
        return {}
    key = keys.external_id_key(_GROUP, group.external_id)
    item = ExternalIdRecord.write(key, {"owner": group.group_id})
    return {_EXTERNAL_ID: Put(ExternalIdRecord, item, ExternalIdRecord.key.does_not_exist())}


def _free_external_id(group: Group) -> dict[str, Write]:
    if group.external_id is None:
        return {}
    key = keys.external_id_key(_GROUP, group.external_id)
    return {"old external id": Delete(ExternalIdRecord, key)}
