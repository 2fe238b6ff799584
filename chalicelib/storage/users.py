"""Users: two items each, a marker of their name, and their password apart."""

from dataclasses import replace

from chalicelib.audit import AuditEvent
from chalicelib.directory.model import Account, Domain, fold
from chalicelib.directory.stores import UserChanged, UserNameTaken
from chalicelib.oauth.model import User
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.paging import Page
from chalicelib.storage import keys, mapping, records
from chalicelib.storage.attributes import Item
from chalicelib.storage.database import Database, Delete, Put, Update, Write
from chalicelib.storage.leases import Leases
from chalicelib.storage.name_lists import NameList
from chalicelib.storage.pairs import read_pair, read_pairs
from chalicelib.storage.records import (
    DomainRecord,
    PasswordRecord,
    UserDetailRecord,
    UserNameRecord,
    UserRecord,
)
from chalicelib.storage.transactions import commit

_USER = "user"
_NAME = "name"


class Users:
    """Fulfils `UserStore`."""

    def __init__(self, database: Database, leases: Leases, retention_days: int) -> None:
        self._database = database
        self._leases = leases
        self._retention_days = retention_days
        self._names = NameList(database, UserNameRecord, records.USER_LIST)
        self._domains = NameList(
            database, DomainRecord, records.DOMAIN_LIST, ("domain#", "long_domain#")
        )

    def create(self, account: Account, password_hash: str | None, event: AuditEvent) -> None:
        self._commit(creation_of(account, password_hash), event)

    def load(self, user_id: str) -> Account | None:
        pair = read_pair(self._database, records.USERS, keys.user_key, user_id)
        return None if pair is None else mapping.read_account(*pair)

    def find(self, user_domain: str, user_name: str) -> Account | None:
        marker = (records.USERS, keys.name_key(fold(user_name), fold(user_domain)))
        item = self._database.read([marker]).get(marker)
        return None if item is None else self.load(item["owner"]["S"])

    def list_users(
        self, prefix: str, user_domain: str | None, cursor: str | None, limit: int
    ) -> Page[Account]:
        folded, domain = fold(prefix), None if user_domain is None else fold(user_domain)

        def accept(item: Item) -> bool:
            if domain is not None and item["folded_domain"]["S"] != domain:
                return False
            return str(item["folded_name"]["S"]).startswith(folded)

        owners, following = self._names.find_owners(folded, accept, cursor, limit)
        pairs = read_pairs(self._database, records.USERS, keys.user_key, owners)
        return Page([mapping.read_account(*pair) for pair in pairs], following)

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
        old, new = before.user, after.user
        unchanged = UserRecord.version == old.version
        self._commit(
            {
                _USER: Put(UserRecord, mapping.write_user(new), unchanged),
                "detail": Put(UserDetailRecord, mapping.write_user_detail(after)),
                **_move_name(old, new),
                **_move_domain(old, new),
                **_put_password(new.user_id, password_hash),
            },
            event,
        )
        self._leases.users.drop(new.user_id)
        if _reduces_rights(old, new):
            self._leases.settle()

    def settle(self) -> None:
        self._leases.settle()

    def load_password_hash(self, user_id: str) -> str | None:
        key = (records.USERS, keys.password_key(user_id))
        item = self._database.read([key]).get(key)
        return None if item is None else str(item["password_hash"]["S"])

    def _commit(self, writes: dict[str, Write], event: AuditEvent) -> None:
        refused = commit(self._database, writes, event, self._retention_days)
        if not refused:
            return
        if _USER in refused:
            raise UserChanged
        if _NAME in refused:
            raise UserNameTaken
        raise StoreUnavailable(f"a transaction was refused: {', '.join(sorted(refused))}")


def creation_of(account: Account, password_hash: str | None) -> dict[str, Write]:
    """The writes that make a user; "user" and "name" are those whose refusal means something."""
    item = mapping.write_user(account.user)
    return {
        _USER: Put(UserRecord, item, UserRecord.key.does_not_exist()),
        "detail": Put(UserDetailRecord, mapping.write_user_detail(account)),
        _NAME: _mark_name(account.user),
        "domain": _count_domain(account.user.user_domain, 1),
        **_put_password(account.user.user_id, password_hash),
    }


def _mark_name(user: User) -> Put:
    item = mapping.write_user_name(user.user_id, fold(user.user_domain), fold(user.user_name))
    return Put(UserNameRecord, item, UserNameRecord.key.does_not_exist())


def _move_name(old: User, new: User) -> dict[str, Write]:
    """The marker follows the name; the condition on the user covers the old one."""
    old_key = keys.name_key(fold(old.user_name), fold(old.user_domain))
    if old_key == keys.name_key(fold(new.user_name), fold(new.user_domain)):
        return {}
    return {_NAME: _mark_name(new), "old name": Delete(UserNameRecord, old_key)}


def _count_domain(domain: str, change: int) -> Update:
    """Add to the users of a domain; its item stays when none is left, and is listed no more."""
    folded = fold(domain)
    listing = [
        DomainRecord.listed.set(records.DOMAIN_LIST),
        DomainRecord.sort_name.set(keys.sort_name(folded)),
        DomainRecord.name.set(domain),
    ]
    actions = (DomainRecord.users.add(change), *(listing if change > 0 else ()))
    return Update(DomainRecord, keys.domain_key(folded), actions, None)


def _move_domain(old: User, new: User) -> dict[str, Write]:
    if fold(old.user_domain) == fold(new.user_domain):
        return {}
    return {
        "domain": _count_domain(new.user_domain, 1),
        "old domain": _count_domain(old.user_domain, -1),
    }


def _has_users(domain: Item) -> bool:
    return int(domain["users"]["N"]) > 0


def _put_password(user_id: str, password_hash: str | None) -> dict[str, Write]:
    if password_hash is None:
        return {}
    key = keys.password_key(user_id)
    return {
        "password": Put(PasswordRecord, PasswordRecord.write(key, {"password_hash": password_hash}))
    }


def _reduces_rights(old: User, new: User) -> bool:
    """Whether a process that still acts on `old` could allow what `new` refuses.

    Everything counts but what only adds: more roles, being enabled, another spelling. Consents
    bear on people's grants, which are never leased.
    """
    widened = replace(
        old,
        version=new.version,
        user_name=new.user_name,
        user_domain=new.user_domain,
        roles=old.roles | new.roles,
        consent_epochs=new.consent_epochs,
        status=new.status if new.enabled else old.status,
    )
    return widened != new
