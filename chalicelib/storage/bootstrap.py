"""The first records of a deployment, in one transaction."""

from collections.abc import Mapping, Sequence

from chalicelib.audit import AuditEvent
from chalicelib.directory.stores import NewUser, UserNameTaken
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import BuiltInExists, NameTaken
from chalicelib.storage import applications, user_writes
from chalicelib.storage.audit import put_event
from chalicelib.storage.database import Database, Write
from chalicelib.storage.transactions import commit

_USER = "user"


class FirstRecords:
    """Fulfils `BootstrapStore`."""

    def __init__(self, database: Database, retention_days: int) -> None:
        self._database = database
        self._retention_days = retention_days

    def create(
        self,
        registrations: Sequence[Registration],
        administrator: NewUser,
        events: Sequence[AuditEvent],
    ) -> None:
        made = user_writes.create_user(administrator.account, administrator.password_hash)
        writes: dict[str, Write] = _named(_USER, made)
        for place, registration in enumerate(registrations):
            writes |= _named(f"application {place}", applications.creation_of(registration))
        for event in events:
            writes[f"event {event.event_id}"] = put_event(event, self._retention_days)
        refused = commit(self._database, writes, administrator.event, self._retention_days)
        if not refused:
            return
        if any(
            name.startswith("application ") and name.endswith(": application") for name in refused
        ):
            raise BuiltInExists
        if f"{_USER}: name" in refused:
            raise UserNameTaken
        if any(name.endswith(": name") for name in refused):
            raise NameTaken
        raise StoreUnavailable(f"a transaction was refused: {', '.join(sorted(refused))}")


def _named(owner: str, writes: Mapping[str, Write]) -> dict[str, Write]:
    return {f"{owner}: {name}": write for name, write in writes.items()}
