"""All stores of one deployment, for the composition root."""

from dataclasses import dataclass

from chalicelib.oauth.clock import Clock
from chalicelib.settings import Settings
from chalicelib.storage.applications import Applications
from chalicelib.storage.attempts import Attempts
from chalicelib.storage.audit import AuditEvents
from chalicelib.storage.bootstrap import FirstRecords
from chalicelib.storage.callbacks import Callbacks
from chalicelib.storage.certificate_files import CertificateBucket
from chalicelib.storage.connection import Connection
from chalicelib.storage.consents import RememberedConsents
from chalicelib.storage.database import Database
from chalicelib.storage.deployment_secrets import DeploymentSecrets
from chalicelib.storage.grants import Grants
from chalicelib.storage.groups import Groups
from chalicelib.storage.leases import Leases
from chalicelib.storage.sessions import BrowserSessions
from chalicelib.storage.signing_keys import KeyRings
from chalicelib.storage.stored_queries import QueryRecords
from chalicelib.storage.usage import UsageFigures
from chalicelib.storage.users import Users


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores, sharing one connection and one set of leases.

    `database.check_health()` tells whether the tables answer.
    """

    grants: Grants
    applications: Applications
    users: Users
    groups: Groups
    audit: AuditEvents
    callbacks: Callbacks
    certificate_files: CertificateBucket
    sessions: BrowserSessions
    consents: RememberedConsents
    attempts: Attempts
    key_rings: KeyRings
    first_records: FirstRecords
    secrets: DeploymentSecrets
    usage: UsageFigures
    queries: QueryRecords
    database: Database


def open_stores(settings: Settings, clock: Clock, connection: Connection | None = None) -> Stores:
    """Put the stores together; nothing is sent before their first use."""
    database = Database(connection or Connection(clock), settings.table_prefix)
    leases = Leases(clock, settings.lease_seconds)
    retention_days = settings.audit_retention_days
    return Stores(
        grants=Grants(database, leases, retention_days),
        applications=Applications(database, leases, retention_days),
        users=Users(database, leases, retention_days),
        groups=Groups(database, clock, retention_days),
        audit=AuditEvents(database, clock, retention_days),
        callbacks=Callbacks(database, settings.callback_retention_days),
        certificate_files=CertificateBucket(clock, settings.certificate_bucket),
        sessions=BrowserSessions(database, retention_days),
        consents=RememberedConsents(database, leases, retention_days),
        attempts=Attempts(database),
        key_rings=KeyRings(database, retention_days),
        first_records=FirstRecords(database, retention_days),
        secrets=DeploymentSecrets(database),
        usage=UsageFigures(database),
        queries=QueryRecords(database, retention_days),
        database=database,
    )
