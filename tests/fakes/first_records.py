"""`BootstrapStore` in memory."""

from collections.abc import Sequence

from chalicelib.audit import AuditEvent
from chalicelib.directory.stores import NewUser, UserNameTaken
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import BuiltInExists
from tests.fakes.applications import FakeApplications
from tests.fakes.users import FakeUsers


class FakeFirstRecords:
    """Fulfils `BootstrapStore`."""

    def __init__(self, applications: FakeApplications, users: FakeUsers) -> None:
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
