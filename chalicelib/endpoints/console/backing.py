"""What the console stands on: stores and services, as the composition root hands them over."""

from dataclasses import dataclass

from chalicelib.audit import AuditTrail
from chalicelib.directory.attempts import AttemptStore
from chalicelib.directory.consents import Consents
from chalicelib.directory.sessions import Sessions
from chalicelib.directory.stores import GroupStore, UserStore
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.signing_keys import KeyRing
from chalicelib.oauth.stores import GrantStore
from chalicelib.oauth.token_endpoint import TokenEndpoint
from chalicelib.oauth.validation import TokenValidator
from chalicelib.protected.guard import Guard
from chalicelib.registry.stores import ApplicationStore, CertificateFiles
from chalicelib.usage import Usage


@dataclass(frozen=True, slots=True)
class Backing:
    """All of it; screens are given the parts that they use."""

    guard: Guard
    validator: TokenValidator
    token: TokenEndpoint
    sessions: Sessions
    consents: Consents
    applications: ApplicationStore
    users: UserStore
    groups: GroupStore
    files: CertificateFiles
    trail: AuditTrail
    grants: GrantStore
    attempts: AttemptStore
    ring: KeyRing
    usage: Usage
    clock: Clock
    issuer: str
