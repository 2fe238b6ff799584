"""One batch over applications, users and grants, with what is leased left out of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from chalicelib.oauth.model import Application, Grant, User
from chalicelib.oauth.stores import GrantKey, Reading, Snapshot
from chalicelib.storage import keys, mapping, tables
from chalicelib.storage.database import Database, RecordKey
from chalicelib.storage.leases import MACHINE_KINDS, Leases, Moment

MAXIMUM_HINTS = 1000


@dataclass(slots=True)
class _Found:
    applications: dict[str, Application] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    grants: dict[GrantKey, Grant] = field(default_factory=dict)


@dataclass(slots=True)
class _Read:
    """One reading under way: what leases gave, what the tables gave."""

    reading: Reading
    since: Moment
    fresh: bool
    clients: set[str]
    # The acting user as a lease or a hint has it; None: not known, or there is none.
    guess: str | None = None
    leased: _Found = field(default_factory=_Found)
    stored: _Found = field(default_factory=_Found)

    def application(self, client_id: str) -> Application | None:
        return self.stored.applications.get(client_id) or self.leased.applications.get(client_id)

    def acting_user_id(self) -> str | None:
        """The user that the application acts as, once the application is read."""
        client_id = self.reading.acting_user_of
        application = None if client_id is None else self.application(client_id)
        return None if application is None else application.user_id

    def missing(self) -> Iterator[RecordKey]:
        """The keys that no lease answered."""
        for client_id in self.clients:
            if client_id not in self.leased.applications:
                yield tables.APPLICATIONS, keys.application_key(client_id)
        users = self.reading.users if self.guess is None else self.reading.users | {self.guess}
        for user_id in users:
            if user_id not in self.leased.users:
                yield tables.USERS, keys.user_key(user_id)
        for key in self.reading.grants:
            if key not in self.leased.grants:
                yield tables.TOKENS, keys.grant_key(*key)

    def outdated_leases(self) -> list[str]:
        """Leased applications that a grant just read is newer than."""
        leased = self.leased.applications
        return [
            client_id
            for (client_id, _), grant in self.stored.grants.items()
            if client_id in leased and grant.application_epoch > leased[client_id].token_epoch
        ]

    def snapshot(self) -> Snapshot:
        leased, stored = self.leased, self.stored
        return Snapshot(
            applications={**leased.applications, **stored.applications},
            users={**leased.users, **stored.users},
            grants={**leased.grants, **stored.grants},
            leased=bool(leased.applications or leased.users or leased.grants),
        )


class Reader:
    """Fulfils `RecordReader`."""

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        # Which user an application acts as: chooses what to read, and nothing else.
        self._hints: dict[str, str] = {}

    def read(self, reading: Reading, *, fresh: bool = False) -> Snapshot:
        clients = set(reading.clients)
        if reading.acting_user_of is not None:
            clients.add(reading.acting_user_of)
        read = _Read(reading, self._leases.moment(), fresh, clients)
        self._serve_leases(read)
        self._load(read, list(read.missing()))
        outdated = read.outdated_leases()
        if outdated:
            for client_id in outdated:
                self._leases.applications.drop(client_id)
            return self.read(reading, fresh=fresh)
        self._settle_acting_user(read)
        self._keep(read)
        return read.snapshot()

    def _serve_leases(self, read: _Read) -> None:
        leases, found = self._leases, read.leased
        for client_id in read.clients:
            application = leases.applications.find(client_id, read.since, fresh=read.fresh)
            if application is not None:
                found.applications[client_id] = application
        for key in read.reading.grants:
            grant = leases.grants.find(key, read.since, fresh=read.fresh)
            if grant is not None:
                found.grants[key] = grant
        acting_for = read.reading.acting_user_of
        if acting_for is not None:
            leased = found.applications.get(acting_for)
            read.guess = self._hints.get(acting_for) if leased is None else leased.user_id
        for user_id in self._servable_users(read):
            user = leases.users.find(user_id, read.since, fresh=read.fresh)
            if user is not None:
                found.users[user_id] = user

    @staticmethod
    def _servable_users(read: _Read) -> set[str]:
        """Users that a lease may stand for: a person is always read.

        Whoever a token names is known to be a machine's user only when the lease of its grant
        says so.
        """
        reading, found = read.reading, read.leased
        servable: set[str] = set()
        if reading.grants and len(found.grants) == len(reading.grants):
            subjects = {grant.subject for grant in found.grants.values()}
            servable |= reading.users & subjects
        if read.guess is not None and read.guess not in reading.users:
            servable.add(read.guess)
        return servable

    def _load(self, read: _Read, keys: list[RecordKey]) -> None:
        if not keys:
            return
        for (table, _), item in self._database.read(keys).items():
            if table == tables.APPLICATIONS:
                application = mapping.read_application(item)
                read.stored.applications[application.client_id] = application
            elif table == tables.USERS:
                user = mapping.read_user(item)
                read.stored.users[user.user_id] = user
            else:
                grant = mapping.read_grant(item)
                read.stored.grants[grant.client_id, grant.grant_id] = grant

    def _settle_acting_user(self, read: _Read) -> None:
        """Correct a wrong guess, with a second read where the user was not in the first."""
        client_id, actual = read.reading.acting_user_of, read.acting_user_id()
        if client_id is None or actual == read.guess:
            return
        if read.guess is not None and read.guess not in read.reading.users:
            read.stored.users.pop(read.guess, None)
            read.leased.users.pop(read.guess, None)
        self._remember(client_id, actual)
        if actual is not None and actual not in read.reading.users:
            self._load(read, [(tables.USERS, keys.user_key(actual))])

    def _remember(self, client_id: str, user_id: str | None) -> None:
        self._hints.pop(client_id, None)
        if user_id is None:
            return
        if len(self._hints) >= MAXIMUM_HINTS:
            self._hints.pop(next(iter(self._hints)), None)
        self._hints[client_id] = user_id

    def _keep(self, read: _Read) -> None:
        """Lease what was read, of machines alone."""
        leases, stored = self._leases, read.stored
        for client_id, application in stored.applications.items():
            leases.applications.keep(client_id, application, read.since, fresh=read.fresh)
        machine_users = {read.acting_user_id()}
        for grants in (stored.grants, read.leased.grants):
            for key, grant in grants.items():
                if grant.kind in MACHINE_KINDS:
                    machine_users.add(grant.subject)
                    if grants is stored.grants:
                        leases.grants.keep(key, grant, read.since, fresh=read.fresh)
        for user_id, user in stored.users.items():
            if user_id in machine_users:
                leases.users.keep(user_id, user, read.since, fresh=read.fresh)
