"""Joins the screens that show what happens in the deployment: figures, keys, audit trail."""

from chalicelib.administration.key_ring import SigningKeyRing
from chalicelib.audit import AuditTrail
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.console.audit_export import AuditExport
from chalicelib.endpoints.console.audit_screen import AuditScreen
from chalicelib.endpoints.console.desk import Desk, Screen
from chalicelib.endpoints.console.event_rows import EventRows
from chalicelib.endpoints.console.keys_screen import KeysScreen
from chalicelib.endpoints.console.overview_screen import OverviewScreen
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.signing_keys import KeyRing
from chalicelib.oauth.stores import RecordReader
from chalicelib.registry.applications import Applications
from chalicelib.usage import Usage


def oversight_screens(
    *,
    desk: Desk,
    trail: AuditTrail,
    users: UserStore,
    reader: RecordReader,
    ring: KeyRing,
    usage: Usage,
    applications: Applications,
    clock: Clock,
    issuer: str,
) -> dict[str, Screen]:
    """Each under its name in `routes.ROUTES`."""
    rows = EventRows(reader)
    events = AuditScreen(desk, trail, users, rows)
    overview = OverviewScreen(
        desk=desk,
        applications=applications,
        usage=usage,
        trail=trail,
        events=rows,
        reader=reader,
        clock=clock,
    )
    keys = KeysScreen(desk, SigningKeyRing(ring, clock), clock)
    return {
        "home": overview.show,
        "list_ends": overview.list_ends,
        "list_keys": keys.show,
        "confirm_rotation": keys.confirm,
        "rotate_keys": keys.rotate,
        "list_events": events,
        "export_events": AuditExport(events, trail, users, clock, issuer),
    }
