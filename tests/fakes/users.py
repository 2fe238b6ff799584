"""`UserStore` in memory."""

from collections.abc import Sequence

from chalicelib.audit import AuditEvent
from chalicelib.directory.model import Account, Domain, fold
from chalicelib.directory.stores import ExternalIdTaken, UserChanged, UserNameTaken
from chalicelib.oauth.model import User
from chalicelib.paging import Page
from tests.fakes.memory import FakeMemory
from tests.fakes.paging import page


class FakeUsers:
    """Fulfils `UserStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def create(self, account: Account, password_hash: str | None, event: AuditEvent) -> None:
        with self._memory:
            if event.event_id not in self._memory.events:
                self._refuse_taken(account)
                self._write(account, password_hash, event)

    def load(self, user_id: str) -> Account | None:
        with self._memory:
            return self._memory.accounts.get(user_id)

    def find(self, user_domain: str, user_name: str) -> Account | None:
        wanted = (fold(user_domain), fold(user_name))
        with self._memory:
            return next((one for one in self._present() if _folded(one.user) == wanted), None)

    def find_by_external_id(self, external_id: str) -> Account | None:
        with self._memory:
            found = [one for one in self._present() if one.external_id == external_id]
            return found[0] if found else None

    def find_by_mail(self, address: str, limit: int) -> Sequence[Account]:
        with self._memory:
            return [one for one in self._present() if fold(address) in one.mail_addresses][:limit]

    def load_all(self, user_ids: Sequence[str]) -> Sequence[Account]:
        with self._memory:
            found = [self._memory.accounts.get(user_id) for user_id in user_ids]
            return [account for account in found if account is not None]

    def walk(
        self, cursor: str | None, skip: int, limit: int, *, forward: bool = True
    ) -> Page[Account]:
        with self._memory:
            entries = [([*_folded(one.user)][::-1], one) for one in self._present()]
            entries.sort(key=lambda entry: entry[0], reverse=not forward)
            return page("users", entries[skip:], cursor, limit)

    def count(self) -> int:
        with self._memory:
            return len(self._present())

    def list_users(
        self,
        prefix: str,
        user_domain: str | None,
        cursor: str | None,
        limit: int,
        *,
        deleted: bool = False,
    ) -> Page[Account]:
        with self._memory:
            entries = []
            for account in self._memory.accounts.values():
                if deleted is (account.deleted_at is None):
                    continue
                domain, name = _folded(account.user)
                if user_domain is not None and domain != fold(user_domain):
                    continue
                if name.startswith(fold(prefix)):
                    entries.append(([name, domain], account))
            entries.sort(key=lambda entry: entry[0])
            return page("users", entries, cursor, limit)

    def list_domains(self, prefix: str, cursor: str | None, limit: int) -> Page[Domain]:
        with self._memory:
            users: dict[str, list[User]] = {}
            for account in self._present():
                users.setdefault(fold(account.user.user_domain), []).append(account.user)
            entries = [
                ([folded], Domain(found[-1].user_domain, len(found)))
                for folded, found in sorted(users.items())
                if folded.startswith(fold(prefix))
            ]
            return page("domains", entries, cursor, limit)

    def replace(
        self,
        before: Account,
        after: Account,
        event: AuditEvent,
        *,
        password_hash: str | None = None,
    ) -> None:
        with self._memory:
            if event.event_id in self._memory.events:
                return
            self._refuse_changed(before)
            self._refuse_taken(after)
            self._write(after, password_hash, event)

    def replace_all(
        self,
        changes: Sequence[tuple[Account, Account]],
        event: AuditEvent,
        *,
        if_group_version: int | None = None,
    ) -> None:
        assert if_group_version is None, "groups are tried on the tables alone"
        with self._memory:
            if event.event_id in self._memory.events:
                return
            for before, _ in changes:
                self._refuse_changed(before)
            for _, after in changes:
                self._write(after, None, event)

    def delete(self, before: Account, after: Account, event: AuditEvent) -> None:
        with self._memory:
            if event.event_id not in self._memory.events:
                self._refuse_changed(before)
                self._write(after, None, event)
                self._memory.passwords.pop(after.user.user_id, None)

    def settle(self) -> None:
        """Nothing is leased here."""

    def load_password_hash(self, user_id: str) -> str | None:
        with self._memory:
            return self._memory.passwords.get(user_id)

    def _write(self, account: Account, password_hash: str | None, event: AuditEvent) -> None:
        # Anew at the end: the last of a domain's users spells it.
        self._memory.accounts.pop(account.user.user_id, None)
        self._memory.accounts[account.user.user_id] = account
        if password_hash is not None:
            self._memory.passwords[account.user.user_id] = password_hash
        self._memory.events[event.event_id] = event

    def _present(self) -> list[Account]:
        return [one for one in self._memory.accounts.values() if one.deleted_at is None]

    def _refuse_changed(self, before: Account) -> None:
        current = self._memory.user(before.user.user_id)
        if current is None or current.version != before.user.version:
            raise UserChanged

    def _refuse_taken(self, account: Account) -> None:
        others = [one for one in self._present() if one.user.user_id != account.user.user_id]
        if any(_folded(one.user) == _folded(account.user) for one in others):
            raise UserNameTaken
        external_id = account.external_id
        if external_id is not None and any(one.external_id == external_id for one in others):
            raise ExternalIdTaken


def _folded(user: User) -> tuple[str, str]:
    return fold(user.user_domain), fold(user.user_name)
