"""All fakes over one memory, with the contracts of the tables."""

from chalicelib.storage.stores import Stores
from tests.fakes.applications import FakeApplications
from tests.fakes.attempts import FakeAttempts
from tests.fakes.audit import FakeAuditTrail
from tests.fakes.callbacks import FakeCallbacks
from tests.fakes.certificate_files import FakeCertificateFiles
from tests.fakes.consents import FakeConsents
from tests.fakes.database import FakeDatabase
from tests.fakes.first_records import FakeFirstRecords
from tests.fakes.grants import FakeGrants
from tests.fakes.memory import FakeMemory
from tests.fakes.queries import FakeQueries
from tests.fakes.sessions import FakeSessions
from tests.fakes.usage import FakeUsage
from tests.fakes.users import FakeUsers


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


AnyStores = FakeStores | Stores
