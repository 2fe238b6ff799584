"""Joins the screens that show what happens in the deployment: keys and audit trail."""

from chalicelib.administration.key_ring import SigningKeyRing
from chalicelib.audit import AuditTrail
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.console.audit_export import AuditExport
from chalicelib.endpoints.console.audit_screen import AuditScreen
from chalicelib.endpoints.console.desk import Desk, Screen
from chalicelib.endpoints.console.event_rows import EventRows
from chalicelib.endpoints.console.keys_screen import KeysScreen
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.signing_keys import KeyRing
from chalicelib.oauth.stores import RecordReader


def oversight_screens(
    *,
    desk: Desk,
    trail: AuditTrail,
    users: UserStore,
    reader: RecordReader,
    ring: KeyRing,
    clock: Clock,
    issuer: str,
) -> dict[str, Screen]:
    """Each under its name in `routes.ROUTES`."""
    events = AuditScreen(desk, trail, users, EventRows(reader))
    keys = KeysScreen(desk, SigningKeyRing(ring, clock), clock)
    return {
        "list_keys": keys.show,
        "confirm_rotation": keys.confirm,
        "rotate_keys": keys.rotate,
        "list_events": events,
        "export_events": AuditExport(events, trail, users, clock, issuer),
    }
