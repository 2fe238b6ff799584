"""Events of the audit trail with the names of whom they are about, read in one batch."""

import json
import re
from collections.abc import Sequence
from urllib.parse import urlencode

from chalicelib.audit import AuditEvent
from chalicelib.oauth.ids import is_client_id
from chalicelib.oauth.model import User
from chalicelib.oauth.stores import Reading, RecordReader, Snapshot
from chalicelib.oauth.tokens import USER_PREFIX
from chalicelib.pages.console.events import EventRow
from chalicelib.pages.console.frame import APPLICATIONS, KEYS, USERS
from chalicelib.registry.built_in import COMMAND_LINE_CLIENT_ID, CONSOLE_CLIENT_ID

KEY_RING = "signing_keys"
SYSTEM = "Grantline itself"
MAXIMUM_CHANGE_LENGTH = 2_000

_USER_ID = re.compile(USER_PREFIX + "[0-9a-z]{26}")
_THROUGH = {CONSOLE_CLIENT_ID: "console", COMMAND_LINE_CLIENT_ID: "command line"}


def is_user_id(text: str) -> bool:
    """Whether a text has the form of a user's id."""
    return _USER_ID.fullmatch(text) is not None


class EventRows:
    """Makes rows of events. Every method may raise StoreUnavailable."""

    def __init__(self, reader: RecordReader) -> None:
        self._reader = reader

    def rows(self, events: Sequence[AuditEvent]) -> tuple[EventRow, ...]:
        """In their order; at most one unit an application or user that is named."""
        named = {event.target for event in events}
        named |= {event.actor.client_id for event in events if event.actor.client_id}
        reading = Reading(
            clients=frozenset(filter(is_client_id, named)),
            users=frozenset(filter(is_user_id, named)),
        )
        found = self._reader.read(reading) if reading.clients or reading.users else Snapshot()
        return tuple(_row(event, found) for event in events)


def user_label(user: User) -> str:
    r"""`domain\user`."""
    return f"{user.user_domain}\\{user.user_name}"


def shown(value: object) -> str:
    """What a field became, as one text."""
    if isinstance(value, str):
        text = value
    elif value is None:
        text = "nothing"
    elif isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = ", ".join(value) or "nothing"
    else:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    is_long = len(text) > MAXIMUM_CHANGE_LENGTH
    return f"{text[:MAXIMUM_CHANGE_LENGTH]}…" if is_long else text


def _row(event: AuditEvent, found: Snapshot) -> EventRow:
    name, path = _target(event.target, found)
    actor = event.actor
    return EventRow(
        at=event.at,
        action=event.action,
        target=name,
        target_path=path,
        target_query=urlencode({"target": event.target}),
        actor=actor.user_name or _client(actor.client_id, found) or SYSTEM,
        through=_client(actor.client_id, found) if actor.user_name else "",
        source_ip=actor.source_ip,
        changes=tuple((field, shown(value)) for field, value in event.changes.items()),
    )


def _target(target: str, found: Snapshot) -> tuple[str, str]:
    """Its name as it is now, and its page; an id where there is no name any more."""
    if target in found.applications:
        return found.applications[target].name, f"{APPLICATIONS.path}/{target}"
    if target in found.users:
        return user_label(found.users[target]), f"{USERS.path}/{target}"
    if target == KEY_RING:
        return KEYS.label, KEYS.path
    return target, ""


def _client(client_id: str | None, found: Snapshot) -> str:
    if client_id is None:
        return ""
    if client_id in _THROUGH:
        return _THROUGH[client_id]
    application = found.applications.get(client_id)
    return client_id if application is None else application.name
