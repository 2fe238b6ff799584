"""Users: two items each, markers of what is unique, and their password apart."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.audit import AuditEvent
from chalicelib.directory.model import Account, Domain, fold
from chalicelib.directory.stores import (
    ExternalIdTaken,
    GroupChanged,
    UserChanged,
    UserNameTaken,
)
from chalicelib.oauth.model import User
from chalicelib.oauth.scope import ROLES
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.paging import Page
from chalicelib.storage import keys, mapping, records, tables, user_writes
from chalicelib.storage.attributes import Item
from chalicelib.storage.database import Database, Write
from chalicelib.storage.directory_records import (
    DELETED_LIST,
    DOMAIN_LIST,
    DeletedUserRecord,
    DomainRecord,
    MailRecord,
)
from chalicelib.storage.leases import Leases
from chalicelib.storage.name_lists import BY_NAME, NameList
from chalicelib.storage.pairs import read_pair, read_pairs
from chalicelib.storage.records import UserNameRecord
from chalicelib.storage.transactions import commit

MAXIMUM_DOMAINS = 1_000


class Users:
    """Fulfils `UserStore`."""

    def __init__(self, database: Database, leases: Leases, retention_days: int) -> None:
        self._database = database
        self._leases = leases
        self._retention_days = retention_days
        self._names = NameList(database, UserNameRecord, records.USER_LIST)
        self._deleted = NameList(database, DeletedUserRecord, DELETED_LIST, ("deleted#",))
        self._domains = NameList(database, DomainRecord, DOMAIN_LIST, ("domain#", "long_domain#"))

    def create(self, account: Account, password_hash: str | None, event: AuditEvent) -> None:
        self._commit(user_writes.create_user(account, password_hash), event)

    def load(self, user_id: str) -> Account | None:
        pair = read_pair(self._database, tables.USERS, keys.user_key, user_id)
        return None if pair is None else mapping.read_account(*pair)

    def find(self, user_domain: str, user_name: str) -> Account | None:
        return self._load_owner(keys.name_key(fold(user_name), fold(user_domain)))

    def find_by_external_id(self, external_id: str) -> Account | None:
        return self._load_owner(keys.external_id_key(user_writes.USER, external_id))

    def find_by_mail(self, address: str, limit: int) -> Sequence[Account]:
        folded = fold(address)
        if not keys.can_be_key(keys.mail_list(folded)):
            return ()
        listed = NameList(self._database, MailRecord, keys.mail_list(folded))
        owners, _ = listed.find_owners("", lambda _: True, None, limit)
        found = self.load_all(owners)
        return [account for account in found if folded in account.mail_addresses]

    def load_all(self, user_ids: Sequence[str]) -> Sequence[Account]:
        pairs = read_pairs(self._database, tables.USERS, keys.user_key, user_ids)
        return [mapping.read_account(*pair) for pair in pairs]

    def list_users(
        self,
        prefix: str,
        user_domain: str | None,
        cursor: str | None,
        limit: int,
        *,
        deleted: bool = False,
    ) -> Page[Account]:
        folded, domain = fold(prefix), None if user_domain is None else fold(user_domain)

        def accept(item: Item) -> bool:
            if domain is not None and item["folded_domain"]["S"] != domain:
                return False
            return str(item["folded_name"]["S"]).startswith(folded)

        names = self._deleted if deleted else self._names
        owners, following = names.find_owners(folded, accept, cursor, limit)
        return Page(self.load_all(owners), following)

    def walk(
        self, cursor: str | None, skip: int, limit: int, *, forward: bool = True
    ) -> Page[Account]:
        way = replace(BY_NAME, forward=forward)
        if skip:
            cursor = self._names.skip(skip, cursor, way)
            if cursor is None:
                return Page((), None)
        owners, following = self._names.find_owners("", lambda _: True, cursor, limit, way)
        return Page(self.load_all(owners), following)

    def count(self) -> int:
        total, cursor = 0, None
        while True:
            page = self.list_domains("", cursor, MAXIMUM_DOMAINS)
            total, cursor = total + sum(domain.users for domain in page.items), page.next
            if cursor is None:
                return total

    def list_domains(self, prefix: str, cursor: str | None, limit: int) -> Page[Domain]:
        items, following = self._domains.find(fold(prefix), _has_users, cursor, limit)
        domains = [DomainRecord.read(item) for item in items]
        return Page([Domain(one["name"], one["users"]) for one in domains], following)

    def replace(
        self,
        before: Account,
        after: Account,
        event: AuditEvent,
        *,
        password_hash: str | None = None,
    ) -> None:
        self._commit(user_writes.replace_user(before, after, password_hash), event)
        self._forget([(before, after)])

    def replace_all(
        self,
        changes: Sequence[tuple[Account, Account]],
        event: AuditEvent,
        *,
        if_group_version: int | None = None,
    ) -> None:
        writes: dict[str, Write] = {}
        for before, after in changes:
            items = user_writes.put_user(before, after)
            writes |= {f"{name} {after.user.user_id}": write for name, write in items.items()}
        users = [(old.user, new.user) for old, new in changes]
        writes |= user_writes.move_members(users, if_group_version)
        self._commit(writes, event)
        self._forget(changes)

    def delete(self, before: Account, after: Account, event: AuditEvent) -> None:
        self._commit(user_writes.delete_user(before, after), event)
        self._forget([(before, after)])

    def settle(self) -> None:
        self._leases.settle()

    def load_password_hash(self, user_id: str) -> str | None:
        key = (tables.USERS, keys.password_key(user_id))
        item = self._database.read([key]).get(key)
        return None if item is None else str(item["password_hash"]["S"])

    def _load_owner(self, marker: str) -> Account | None:
        key = (tables.USERS, marker)
        item = self._database.read([key]).get(key)
        return None if item is None else self.load(item["owner"]["S"])

    def _forget(self, changes: Sequence[tuple[Account, Account]]) -> None:
        for _, after in changes:
            self._leases.users.drop(after.user.user_id)
        if any(_reduces_rights(before.user, after.user) for before, after in changes):
            self._leases.settle()

    def _commit(self, writes: dict[str, Write], event: AuditEvent) -> None:
        refused = commit(self._database, writes, event, self._retention_days)
        if not refused:
            return
        # "user" and "user usr_…" alike: several users may change at once.
        kinds = {name.partition(" usr_")[0] for name in refused}
        if kinds & {user_writes.USER, user_writes.DETAIL}:
            raise UserChanged
        if user_writes.NAME in kinds:
            raise UserNameTaken
        if user_writes.EXTERNAL_ID in kinds:
            raise ExternalIdTaken
        if all(name.startswith(f"{user_writes.GROUP} ") for name in refused):
            raise GroupChanged
        raise StoreUnavailable(f"a transaction was refused: {', '.join(sorted(kinds))}")


def _has_users(domain: Item) -> bool:
    return int(domain["users"]["N"]) > 0


def _reduces_rights(old: User, new: User) -> bool:
    """Whether a process that still acts on `old` could allow what `new` refuses.

    Everything counts but what only adds, or gives no right: more roles, groups, being enabled,
    another spelling. Consents bear on people's grants, which are never leased.
    """
    groups = (old.roles | new.roles).difference(ROLES)
    widened = replace(
        old,
        version=new.version,
        user_name=new.user_name,
        user_domain=new.user_domain,
        roles=old.roles | new.roles,
        consent_epochs=new.consent_epochs,
        status=new.status if new.enabled else old.status,
    )
    return widened != replace(new, roles=new.roles | groups)
