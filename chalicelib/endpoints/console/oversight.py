"""Joins the screens that show what happens in the deployment: figures, keys, audit trail."""

from chalicelib.administration.key_ring import SigningKeyRing
from chalicelib.endpoints.console.audit_export import AuditExport
from chalicelib.endpoints.console.audit_filter import Names
from chalicelib.endpoints.console.audit_screen import AuditScreen
from chalicelib.endpoints.console.backing import Backing
from chalicelib.endpoints.console.desk import Desk, Screen
from chalicelib.endpoints.console.event_rows import EventRows
from chalicelib.endpoints.console.keys_screen import KeysScreen
from chalicelib.endpoints.console.overview_screen import OverviewScreen
from chalicelib.registry.applications import Applications


def oversight_screens(desk: Desk, backing: Backing) -> dict[str, Screen]:
    """Each under its name in `routes.ROUTES`."""
    trail, users, clock = backing.trail, backing.users, backing.clock
    names = Names(users, backing.applications)
    rows = EventRows(backing.grants)
    events = AuditScreen(desk, trail, names, rows)
    overview = OverviewScreen(
        desk=desk,
        applications=Applications(backing.applications, users, backing.files, clock),
        usage=backing.usage,
        trail=trail,
        events=rows,
        reader=backing.grants,
        clock=clock,
    )
    keys = KeysScreen(desk, SigningKeyRing(backing.ring, clock), clock)
    return {
        "home": overview.show,
        "list_ends": overview.list_ends,
        "list_keys": keys.show,
        "confirm_rotation": keys.confirm,
        "rotate_keys": keys.rotate,
        "list_events": events,
        "export_events": AuditExport(events, trail, names, clock, backing.issuer),
    }
