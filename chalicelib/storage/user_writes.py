"""What one change of users writes beside their items: markers, counts, lists."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.directory.model import MAXIMUM_MEMBERS, Account, fold
from chalicelib.oauth.model import User
from chalicelib.oauth.scope import ROLES
from chalicelib.storage import keys, mapping
from chalicelib.storage.database import Delete, Put, Update, Write
from chalicelib.storage.directory_records import (
    DELETED_LIST,
    DOMAIN_LIST,
    DeletedUserRecord,
    DomainRecord,
    ExternalIdRecord,
    GroupRecord,
    MailRecord,
    MemberRecord,
)
from chalicelib.storage.records import (
    PasswordRecord,
    UserDetailRecord,
    UserNameRecord,
    UserRecord,
)

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition

USER = "user"
DETAIL = "detail"
NAME = "name"
EXTERNAL_ID = "external id"
GROUP = "group"


def create_user(account: Account, password_hash: str | None) -> dict[str, Write]:
    """A user who was not there."""
    user = account.user
    item = mapping.write_user(user)
    return {
        USER: Put(UserRecord, item, UserRecord.key.does_not_exist()),
        DETAIL: Put(UserDetailRecord, mapping.write_user_detail(account)),
        NAME: _mark_name(user),
        "domain": _count_domain(user.user_domain, 1),
        **_mark_external_id(account),
        **_list_mail(user.user_id, account.mail_addresses),
        **_put_password(user.user_id, password_hash),
        **move_members([(None, user)]),
    }


def replace_user(
    before: Account, after: Account, password_hash: str | None = None
) -> dict[str, Write]:
    """A user of the version that was read, and the markers that follow what changed."""
    return {
        **put_user(before, after),
        **_move_name(before.user, after.user),
        **_move_domain(before.user, after.user),
        **_move_external_id(before, after),
        **_move_mail(before, after),
        **_put_password(after.user.user_id, password_hash),
        **move_members([(before.user, after.user)]),
    }


def delete_user(before: Account, after: Account) -> dict[str, Write]:
    """A user who stays for the record: without password, names and groups."""
    user = before.user
    folded_name, folded_domain = fold(user.user_name), fold(user.user_domain)
    listed = DeletedUserRecord.write(
        keys.deleted_key(user.user_id),
        {
            "owner": user.user_id,
            "listed": DELETED_LIST,
            "sort_name": keys.sort_name(folded_name),
            "folded_name": folded_name,
            "folded_domain": folded_domain,
        },
    )
    return {
        **put_user(before, after),
        "listed": Put(DeletedUserRecord, listed),
        "old name": Delete(UserNameRecord, keys.name_key(folded_name, folded_domain)),
        "old domain": _count_domain(user.user_domain, -1),
        "old password": Delete(PasswordRecord, keys.password_key(user.user_id)),
        **_free_external_id(before),
        **_unlist_mail(user.user_id, before.mail_addresses),
        **move_members([(user, after.user)]),
    }


def put_user(before: Account, after: Account) -> dict[str, Write]:
    """Both items of a user, if the version of both is as it was read."""
    unchanged = UserRecord.version == before.user.version
    detail_unchanged = UserDetailRecord.version == before.user.version
    return {
        USER: Put(UserRecord, mapping.write_user(after.user), unchanged),
        DETAIL: Put(UserDetailRecord, mapping.write_user_detail(after), detail_unchanged),
    }


def move_members(
    changes: Sequence[tuple[User | None, User]], if_version: int | None = None
) -> dict[str, Write]:
    """The lists of members follow the users' roles; each group is counted once.

    `if_version` is the version of the one group that all of them join or leave.
    """
    writes: dict[str, Write] = {}
    joined: Counter[str] = Counter()
    for old, new in changes:
        held: frozenset[str] = frozenset() if old is None else old.roles
        for role in new.roles - held:
            joined[role] += 1
            writes[f"member {role} {new.user_id}"] = _list_member(role, new.user_id)
        for role in held - new.roles:
            joined[role] -= 1
            key = keys.member_key(role, new.user_id)
            writes[f"member {role} {new.user_id}"] = Delete(MemberRecord, key)
    for role, change in joined.items():
        writes[f"{GROUP} {role}"] = _count_members(role, change, if_version)
    return writes


def _list_member(role: str, user_id: str) -> Put:
    values = {"owner": user_id, "listed": keys.group_key(role), "sort_name": user_id}
    return Put(MemberRecord, MemberRecord.write(keys.member_key(role, user_id), values))


def _count_members(role: str, change: int, if_version: int | None) -> Update:
    """The condition keeps out a group that was deleted or is full; built-in ones are neither."""
    actions = (GroupRecord.version.add(1), GroupRecord.members.add(change))
    condition: Condition | None = None if role in ROLES else GroupRecord.key.exists()
    if change > 0 and condition is not None:
        condition &= GroupRecord.members <= MAXIMUM_MEMBERS - change
    if if_version is not None:
        # The first member of a built-in role makes its item.
        is_new = GroupRecord.key.does_not_exist()
        unchanged = GroupRecord.version == if_version if if_version else is_new
        condition = unchanged if condition is None else condition & unchanged
    return Update(GroupRecord, keys.group_key(role), actions, condition)


def _mark_name(user: User) -> Put:
    item = mapping.write_user_name(user.user_id, fold(user.user_domain), fold(user.user_name))
    return Put(UserNameRecord, item, UserNameRecord.key.does_not_exist())


def _move_name(old: User, new: User) -> dict[str, Write]:
    """The marker follows the name; the condition on the user covers the old one."""
    old_key = keys.name_key(fold(old.user_name), fold(old.user_domain))
    if old_key == keys.name_key(fold(new.user_name), fold(new.user_domain)):
        return {}
    return {NAME: _mark_name(new), "old name": Delete(UserNameRecord, old_key)}


def _count_domain(domain: str, change: int) -> Update:
    """Add to the users of a domain; its item stays when none is left, and is listed no more."""
    folded = fold(domain)
    counted = DomainRecord.users.add(change)
    named = (
        DomainRecord.listed.set(DOMAIN_LIST),
        DomainRecord.sort_name.set(keys.sort_name(folded)),
        DomainRecord.name.set(domain),
    )
    actions = (counted, *named) if change > 0 else (counted,)
    return Update(DomainRecord, keys.domain_key(folded), actions, None)


def _move_domain(old: User, new: User) -> dict[str, Write]:
    if fold(old.user_domain) == fold(new.user_domain):
        return {}
    return {
        "domain": _count_domain(new.user_domain, 1),
        "old domain": _count_domain(old.user_domain, -1),
    }


def _mark_external_id(account: Account) -> dict[str, Write]:
    if account.external_id is None:
        return {}
    key = keys.external_id_key(USER, account.external_id)
    item = ExternalIdRecord.write(key, {"owner": account.user.user_id})
    return {EXTERNAL_ID: Put(ExternalIdRecord, item, ExternalIdRecord.key.does_not_exist())}


def _free_external_id(account: Account) -> dict[str, Write]:
    if account.external_id is None:
        return {}
    key = keys.external_id_key(USER, account.external_id)
    return {"old external id": Delete(ExternalIdRecord, key)}


def _move_external_id(before: Account, after: Account) -> dict[str, Write]:
    if before.external_id == after.external_id:
        return {}
    return {**_mark_external_id(after), **_free_external_id(before)}


def _list_mail(user_id: str, addresses: frozenset[str]) -> dict[str, Write]:
    return {
        f"mail {address}": Put(
            MailRecord,
            MailRecord.write(
                keys.mail_key(address, user_id),
                {"owner": user_id, "listed": keys.mail_list(address), "sort_name": user_id},
            ),
        )
        for address in addresses
    }


def _unlist_mail(user_id: str, addresses: frozenset[str]) -> dict[str, Write]:
    return {
        f"old mail {address}": Delete(MailRecord, keys.mail_key(address, user_id))
        for address in addresses
    }


def _move_mail(before: Account, after: Account) -> dict[str, Write]:
    user_id, old, new = after.user.user_id, before.mail_addresses, after.mail_addresses
    return {**_list_mail(user_id, new - old), **_unlist_mail(user_id, old - new)}


def _put_password(user_id: str, password_hash: str | None) -> dict[str, Write]:
    if password_hash is None:
        return {}
    key = keys.password_key(user_id)
    return {
        "password": Put(PasswordRecord, PasswordRecord.write(key, {"password_hash": password_hash}))
    }
