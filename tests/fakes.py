"""In-memory fakes of every port, with the contracts of the tables, and a clock to turn."""

import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from chalicelib.audit import AuditEvent
from chalicelib.directory.attempts import Count, Counter
from chalicelib.directory.consents import ConsentsChanged, UserConsents, WithdrawalRaced
from chalicelib.directory.model import Account, Domain, fold
from chalicelib.directory.sessions import (
    SessionsChanged,
    SessionSnapshot,
    UserSessions,
)
from chalicelib.directory.stores import ExternalIdTaken, NewUser, UserChanged, UserNameTaken
from chalicelib.oauth.model import Application, Grant, GrantKind, User
from chalicelib.oauth.stores import (
    GrantChanged,
    GrantExists,
    GrantKey,
    Reading,
    Snapshot,
    StoreUnavailable,
)
from chalicelib.paging import InvalidCursor, Page
from chalicelib.protected.odata.stored_queries import (
    QueryChanged,
    QueryNameTaken,
    StoredQuery,
)
from chalicelib.protected.rpa.model import Callback, Delivery
from chalicelib.registry.ends import End, ends_of
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import (
    EVERYTHING,
    ApplicationChanged,
    BuiltInExists,
    CertificateTaken,
    NameTaken,
    Order,
    Selection,
)
from chalicelib.usage import DayFigures, Used

START = 1_800_000_000

_Item = TypeVar("_Item")


class FakeClock:
    """A clock that stands still until it is turned or slept on; `slept` is the sum of sleeps."""

    def __init__(self, now: float = START) -> None:
        self._wall = float(now)
        self._monotonic = 1000.0
        self.slept = 0.0

    def now(self) -> int:
        return int(self._wall)

    def wall(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.advance(seconds)

    def advance(self, seconds: float, *, monotonic: float | None = None) -> None:
        """Turn the wall clock by `seconds`, the machine's own by as much or by `monotonic`."""
        self._wall += seconds
        self._monotonic += seconds if monotonic is None else monotonic


@dataclass
class FakeMemory:
    """What the fakes hold; `unavailable` makes every operation fail as storage does."""

    registrations: dict[str, Registration] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    grants: dict[GrantKey, Grant] = field(default_factory=dict)
    events: dict[str, AuditEvent] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    sessions: dict[str, UserSessions] = field(default_factory=dict)
    consents: dict[str, UserConsents] = field(default_factory=dict)
    attempts: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)
    given_back: dict[tuple[str, int], str] = field(default_factory=dict)
    claims: dict[tuple[str, int], str] = field(default_factory=dict)
    unavailable: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)

    def application(self, client_id: str) -> Application | None:
        registration = self.registrations.get(client_id)
        return None if registration is None else registration.application

    def user(self, user_id: str) -> User | None:
        account = self.accounts.get(user_id)
        return None if account is None else account.user

    def __enter__(self) -> None:
        self.lock.acquire()
        if self.unavailable:
            self.lock.release()
            raise StoreUnavailable("switched off")

    def __exit__(self, *_: object) -> None:
        self.lock.release()


class FakeGrants:
    """Fulfils `GrantStore`; never leases."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def read(self, reading: Reading, *, fresh: bool = False) -> Snapshot:
        del fresh
        with self._memory:
            clients, users = set(reading.clients), set(reading.users)
            if reading.acting_user_of is not None:
                clients.add(reading.acting_user_of)
                application = self._memory.application(reading.acting_user_of)
                if application is not None and application.user_id is not None:
                    users.add(application.user_id)
            return Snapshot(
                applications=_present(clients, self._memory.application),
                users=_present(users, self._memory.user),
                grants=_present(reading.grants, self._memory.grants.get),
            )

    def create(self, grant: Grant) -> None:
        key = (grant.client_id, grant.grant_id)
        with self._memory:
            current = self._memory.grants.get(key)
            if current is None:
                self._memory.grants[key] = grant
            elif current.creation_nonce != grant.creation_nonce:
                raise GrantExists

    def extend(
        self, grant: Grant, token_hash: str | None, ends_at: int, now: int, nonce: str
    ) -> None:
        key = (grant.client_id, grant.grant_id)
        with self._memory:
            current = self._memory.grants.get(key)
            if current is not None and current.nonce == nonce:
                return
            if current is None or current.version != grant.version or current.revoked_at:
                raise GrantChanged(current)
            if token_hash is None:
                stored, changed = current.ends_at, replace(current, ends_at=ends_at)
            elif token_hash in current.access_tokens:
                token = current.access_tokens[token_hash]
                stored = token.ends_at
                later = replace(token, ends_at=max(ends_at, stored or 0))
                tokens = {**current.access_tokens, token_hash: later}
                changed = replace(current, access_tokens=tokens)
            else:
                raise GrantChanged(current)
            if stored is None or stored <= now:
                raise GrantChanged(current)
            if changed.ends_at is not None and current.ends_at is not None:
                changed = replace(changed, ends_at=max(changed.ends_at, current.ends_at))
            self._memory.grants[key] = replace(changed, version=current.version + 1, nonce=nonce)

    def advance(self, before: Grant, after: Grant) -> None:
        key = (before.client_id, before.grant_id)
        with self._memory:
            current = self._memory.grants.get(key)
            if current is not None and current.nonce == after.nonce:
                return
            if current is None or current.version != before.version:
                raise GrantChanged(current)
            self._memory.grants[key] = after

    def revoke(self, key: GrantKey, now: int, nonce: str, *, of_person: bool = False) -> bool:
        del of_person
        with self._memory:
            current = self._memory.grants.get(key)
            if current is not None and current.revoked_at is None:
                self._memory.grants[key] = replace(
                    current, revoked_at=now, version=current.version + 1, nonce=nonce
                )
                return True
            return current is not None and current.nonce == nonce

    def report(self, event: AuditEvent) -> None:
        with self._memory:
            self._memory.events[event.event_id] = event


class FakeApplications:
    """Fulfils `ApplicationStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def create(
        self, registration: Registration, grants: Sequence[Grant], event: AuditEvent
    ) -> None:
        with self._memory:
            if event.event_id in self._memory.events:
                return
            self._refuse_taken(registration)
            self._memory.registrations[registration.application.client_id] = registration
            self._put_grants(grants)
            self._memory.events[event.event_id] = event

    def load(self, client_id: str) -> Registration | None:
        with self._memory:
            return self._memory.registrations.get(client_id)

    def find(self, name: str) -> str | None:
        with self._memory:
            for client_id, registration in self._memory.registrations.items():
                if fold(registration.application.name) == fold(name):
                    return client_id
            return None

    def find_by_thumbprint(self, thumbprint: str) -> str | None:
        with self._memory:
            for client_id, registration in self._memory.registrations.items():
                held = registration.application.certificate
                if held is not None and held.thumbprint == thumbprint:
                    return client_id
            return None

    def list_registrations(
        self, search: str, cursor: str | None, limit: int, selection: Selection = EVERYTHING
    ) -> Page[Registration]:
        by_name = selection.order in (Order.NAME, Order.NAME_DESCENDING)
        with self._memory:
            found = sorted(
                (fold(registration.application.name) if by_name else "", client_id, registration)
                for client_id, registration in self._memory.registrations.items()
                if fold(search) in fold(registration.application.name)
                and _is_selected(registration.application, selection)
            )
            entries = [([name, key], registration) for name, key, registration in found]
            if selection.order in (Order.NAME_DESCENDING, Order.NEWEST):
                entries.reverse()
            return _page(f"applications {selection.order}", entries, cursor, limit)

    def list_ends(self, since: int, until: int, cursor: str | None, limit: int) -> Page[End]:
        with self._memory:
            ends = [
                ([f"{end.ends_at:012d}", f"{end.client_id}#{end.secret_id or 'certificate'}"], end)
                for registration in self._memory.registrations.values()
                for end in ends_of(registration.application)
                if since <= end.ends_at <= until
            ]
            return _page("ends", sorted(ends, key=lambda one: one[0]), cursor, limit)

    def count(self) -> int:
        with self._memory:
            return len(self._memory.registrations)

    def replace(
        self,
        before: Registration,
        after: Registration,
        event: AuditEvent,
        *,
        new_grants: Sequence[Grant] = (),
        ended_grants: Sequence[str] = (),
    ) -> None:
        with self._memory:
            if event.event_id in self._memory.events:
                return
            self._refuse_changed(before)
            self._refuse_taken(after)
            client_id = after.application.client_id
            self._memory.registrations[client_id] = after
            self._put_grants(new_grants)
            self._put_grants(_tombstone(client_id, grant_id, event) for grant_id in ended_grants)
            self._memory.events[event.event_id] = event

    def add_grant(self, grant: Grant, event: AuditEvent) -> None:
        with self._memory:
            if event.event_id not in self._memory.events:
                self._put_grants([grant])
                self._memory.events[event.event_id] = event

    def settle(self) -> None:
        """Nothing is leased here."""

    def delete(self, before: Registration, event: AuditEvent) -> None:
        with self._memory:
            if event.event_id in self._memory.events:
                return
            self._refuse_changed(before)
            application = before.application
            del self._memory.registrations[application.client_id]
            self._put_grants(
                _tombstone(application.client_id, secret.secret_id, event)
                for secret in application.secrets
            )
            self._memory.events[event.event_id] = event

    def _put_grants(self, grants: Iterable[Grant]) -> None:
        for grant in grants:
            self._memory.grants[grant.client_id, grant.grant_id] = grant

    def _refuse_changed(self, before: Registration) -> None:
        current = self._memory.application(before.application.client_id)
        if current is None or current.version != before.application.version:
            raise ApplicationChanged

    def _refuse_taken(self, registration: Registration) -> None:
        wanted = registration.application
        others = [
            other.application
            for other in self._memory.registrations.values()
            if other.application.client_id != wanted.client_id
        ]
        if any(fold(other.name) == fold(wanted.name) for other in others):
            raise NameTaken
        held = {other.certificate.thumbprint for other in others if other.certificate}
        if wanted.certificate is not None and wanted.certificate.thumbprint in held:
            raise CertificateTaken


def _is_selected(application: Application, selection: Selection) -> bool:
    return (
        selection.grant_type in (None, application.grant_type)
        and selection.user_id in (None, application.user_id)
        and selection.status in (None, application.status)
        and (selection.scope is None or selection.scope in application.allowed_scopes)
    )


class FakeFirstRecords:
    """Fulfils `BootstrapStore`."""

    def __init__(self, applications: FakeApplications, users: "FakeUsers") -> None:
        self._applications = applications
        self._users = users

    def create(
        self,
        registrations: Sequence[Registration],
        administrator: NewUser,
        events: Sequence[AuditEvent],
    ) -> None:
        ids = [registration.application.client_id for registration in registrations]
        if any(self._applications.load(client_id) for client_id in ids):
            raise BuiltInExists
        user = administrator.account.user
        if self._users.find(user.user_domain, user.user_name):
            raise UserNameTaken
        for registration, event in zip(registrations, events, strict=True):
            self._applications.create(registration, [], event)
        self._users.create(administrator.account, administrator.password_hash, administrator.event)


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
            return _page("users", entries[skip:], cursor, limit)

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
            return _page("users", entries, cursor, limit)

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
            return _page("domains", entries, cursor, limit)

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


class FakeAuditTrail:
    """Fulfils `AuditTrail`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def load(self, event_id: str) -> AuditEvent | None:
        with self._memory:
            return self._memory.events.get(event_id)

    def list_events(
        self,
        target: str | None,
        cursor: str | None,
        limit: int,
        *,
        since: int | None = None,
        until: int | None = None,
    ) -> Page[AuditEvent]:
        with self._memory:
            newest = sorted(self._memory.events.values(), key=lambda event: event.event_id)
            entries = [
                ([event.event_id], event)
                for event in reversed(newest)
                if (target is None or event.target == target)
                and (since is None or event.at >= since)
                and (until is None or event.at <= until)
            ]
            return _page("audit" if target is None else "target", entries, cursor, limit)


class FakeCertificateFiles:
    """Fulfils `CertificateFiles`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def save(self, file_sha256: str, content: bytes, media_type: str) -> None:
        del media_type
        with self._memory:
            self._memory.files[file_sha256] = content

    def load(self, file_sha256: str) -> bytes:
        with self._memory:
            if file_sha256 not in self._memory.files:
                raise StoreUnavailable("no such file")
            return self._memory.files[file_sha256]


class FakeSessions:
    """Fulfils `SessionStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def load(self, user_id: str | None, client_id: str | None = None) -> SessionSnapshot:
        with self._memory:
            return SessionSnapshot(
                sessions=self._memory.sessions.get(user_id or "", UserSessions(user_id or "")),
                user=self._memory.user(user_id or ""),
                application=self._memory.application(client_id or ""),
                consents=(
                    self._memory.consents.get(user_id, UserConsents(user_id))
                    if user_id and client_id
                    else None
                ),
            )

    def save(
        self, before: UserSessions, after: UserSessions, event: AuditEvent | None = None
    ) -> None:
        with self._memory:
            current = self._memory.sessions.get(after.user_id, UserSessions(after.user_id))
            if current.nonce == after.nonce:
                return
            if (current.version, current.nonce) != (before.version, before.nonce):
                raise SessionsChanged(current)
            self._memory.sessions[after.user_id] = after
            if event is not None:
                self._memory.events[event.event_id] = event


class FakeConsents:
    """Fulfils `ConsentStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def load(self, user_id: str) -> UserConsents:
        with self._memory:
            return self._memory.consents.get(user_id, UserConsents(user_id))

    def load_with_user(self, user_id: str) -> tuple[UserConsents, User | None]:
        with self._memory:
            return self.load(user_id), self._memory.user(user_id)

    def save(
        self, before: UserConsents, after: UserConsents, event: AuditEvent | None = None
    ) -> None:
        with self._memory:
            current = self.load(after.user_id)
            if current.nonce == after.nonce:
                return
            if (current.version, current.nonce) != (before.version, before.nonce):
                raise ConsentsChanged(current)
            if event is not None:
                self._memory.events[event.event_id] = event
            self._memory.consents[after.user_id] = after

    def withdraw(
        self,
        before: tuple[UserConsents, User],
        after: tuple[UserConsents, User],
        event: AuditEvent,
    ) -> None:
        with self._memory:
            if event.event_id in self._memory.events:
                return
            user_id = before[1].user_id
            if self.load_with_user(user_id) != before:
                raise WithdrawalRaced
            account = self._memory.accounts[user_id]
            self._memory.accounts[user_id] = replace(account, user=after[1])
            self._memory.consents[user_id] = after[0]
            self._memory.events[event.event_id] = event


class FakeAttempts:
    """Fulfils `AttemptStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def count(self, counter: Counter) -> Count:
        with self._memory:
            counts = self._memory.attempts.setdefault((counter.name, counter.window_ends_at), {})
            after = {name: counts.get(name, 0) + 1 for name in _counted(counter)}
            if counts.get("", 0) < counter.most:
                counts |= after
            return Count(after[""], after.get(counter.part or "none", 0))

    def claim(self, counter: Counter, nonce: str) -> bool:
        with self._memory:
            key = (counter.name, counter.window_ends_at)
            return self._memory.claims.setdefault(key, nonce) == nonce

    def give_back(self, counter: Counter, nonce: str) -> None:
        with self._memory:
            key = (counter.name, counter.window_ends_at)
            counts = self._memory.attempts.setdefault(key, {})
            is_new = self._memory.given_back.get(key) != nonce
            if is_new and all(counts.get(name, 0) > 0 for name in _counted(counter)):
                counts |= {name: counts[name] - 1 for name in _counted(counter)}
                self._memory.given_back[key] = nonce


class FakeCallbacks:
    """Lists none; the tables' own tests say what a `CallbackStore` does."""

    def list_callbacks(
        self, delivery: Delivery | None, cursor: str | None, limit: int
    ) -> Page[Callback]:
        del delivery, limit
        if cursor is not None:
            raise InvalidCursor("not a cursor")
        return Page([], None)


class FakeUsage:
    """Fulfils `UsageStore`; nothing was ever used."""

    def __init__(self) -> None:
        self.figures: list[DayFigures] = []
        self.uses: list[Mapping[Used, int]] = []
        self.away = False

    def add(self, figures: Sequence[DayFigures], uses: Mapping[Used, int]) -> None:
        if self.away:
            raise StoreUnavailable("away")
        self.figures += figures
        self.uses.append(uses)

    def read_days(self, days: Sequence[str]) -> Sequence[DayFigures]:
        return [DayFigures(day) for day in days]

    def read_last_uses(self, used: Iterable[Used]) -> Mapping[Used, int]:
        return dict.fromkeys(used, 0)


class FakeDatabase:
    """What `healthz` asks."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def check_health(self) -> None:
        with self._memory:
            pass


class FakeQueries:
    """Fulfils `QueryStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory
        self._queries: dict[str, StoredQuery] = {}

    def load(self, name: str) -> StoredQuery | None:
        with self._memory:
            return self._queries.get(name)

    def list_queries(self, cursor: str | None, limit: int) -> Page[StoredQuery]:
        with self._memory:
            entries = [([name], self._queries[name]) for name in sorted(self._queries)]
            return _page("query", entries, cursor, limit)

    def create(self, query: StoredQuery, event: AuditEvent) -> None:
        with self._memory:
            if query.name in self._queries:
                raise QueryNameTaken
            self._write(query.name, query, event)

    def replace(self, before: StoredQuery, after: StoredQuery, event: AuditEvent) -> None:
        with self._memory:
            self._refuse_changed(before)
            self._write(after.name, after, event)

    def delete(self, before: StoredQuery, event: AuditEvent) -> None:
        with self._memory:
            self._refuse_changed(before)
            self._write(before.name, None, event)

    def _refuse_changed(self, before: StoredQuery) -> None:
        current = self._queries.get(before.name)
        if current is None or current.version != before.version:
            raise QueryChanged

    def _write(self, name: str, query: StoredQuery | None, event: AuditEvent) -> None:
        self._queries.pop(name, None)
        if query is not None:
            self._queries[name] = query
        self._memory.events[event.event_id] = event


class FakeStores:
    """All fakes over one memory; the names are those of `chalicelib.storage.stores.Stores`."""

    def __init__(self) -> None:
        self.memory = FakeMemory()
        self.grants = FakeGrants(self.memory)
        self.applications = FakeApplications(self.memory)
        self.users = FakeUsers(self.memory)
        self.audit = FakeAuditTrail(self.memory)
        self.certificate_files = FakeCertificateFiles(self.memory)
        self.sessions = FakeSessions(self.memory)
        self.consents = FakeConsents(self.memory)
        self.attempts = FakeAttempts(self.memory)
        self.callbacks = FakeCallbacks()
        self.usage = FakeUsage()
        self.queries = FakeQueries(self.memory)
        self.database = FakeDatabase(self.memory)
        self.first_records = FakeFirstRecords(self.applications, self.users)


_FoundKey = TypeVar("_FoundKey")


def _present(
    keys: "set[_FoundKey] | frozenset[_FoundKey]", find: Callable[[_FoundKey], _Item | None]
) -> dict[_FoundKey, _Item]:
    return {key: value for key in keys if (value := find(key)) is not None}


def _counted(counter: Counter) -> list[str]:
    """The names of a counter's whole and of its part."""
    return [""] if counter.part is None else ["", counter.part]


def _folded(user: User) -> tuple[str, str]:
    return fold(user.user_domain), fold(user.user_name)


def _tombstone(client_id: str, grant_id: str, event: AuditEvent) -> Grant:
    return Grant(
        client_id=client_id,
        grant_id=grant_id,
        kind=GrantKind.BEARER_SECRET,
        created_at=event.at,
        creation_nonce=event.event_id,
        revoked_at=event.at,
    )


def _page(
    name: str, entries: list[tuple[list[str], _Item]], cursor: str | None, limit: int
) -> Page[_Item]:
    """A page of sorted entries; the cursor holds the position of the last one before it."""
    first = 0
    if cursor is not None:
        position = _position(name, cursor)
        places = [place for place, _ in entries]
        first = places.index(position) + 1 if position in places else len(entries)
    page = entries[first : first + limit]
    more = first + limit < len(entries)
    return Page([entry for _, entry in page], _cursor(name, page[-1][0]) if more else None)


def _cursor(name: str, position: list[str]) -> str:
    return urlsafe_b64encode(json.dumps([name, position]).encode()).decode()


def _position(name: str, cursor: str) -> list[str]:
    try:
        found, position = json.loads(urlsafe_b64decode(cursor))
    except ValueError as error:
        raise InvalidCursor("not a cursor") from error
    if found != name:
        raise InvalidCursor("a cursor of another list")
    return list(position)
