"""Joins the screens about users and domains."""

from chalicelib.directory.users import Users
from chalicelib.endpoints.console.backing import Backing
from chalicelib.endpoints.console.desk import Desk, Screen
from chalicelib.endpoints.console.event_rows import EventRows
from chalicelib.endpoints.console.user_acts import UserActs
from chalicelib.endpoints.console.user_forms import UserForms
from chalicelib.endpoints.console.user_screen import UserScreen
from chalicelib.endpoints.console.users_screen import UsersScreen
from chalicelib.registry.applications import Applications


def people_screens(desk: Desk, backing: Backing) -> dict[str, Screen]:
    """Each under its name in `routes.ROUTES`."""
    users, clock = Users(backing.users, backing.clock), backing.clock
    lists, forms = UsersScreen(desk, backing.users), UserForms(desk, users, clock)
    user = UserScreen(
        desk=desk,
        users=users,
        groups=backing.groups,
        sessions=backing.sessions,
        consents=backing.consents,
        applications=Applications(backing.applications, backing.users, backing.files, clock),
        trail=backing.trail,
        events=EventRows(backing.grants),
        reader=backing.grants,
    )
    acts = UserActs(desk, users, backing.sessions, backing.consents, backing.grants)
    return {
        "list_users": lists.list_users,
        "list_domains": lists.list_domains,
        "show_user": user,
        "show_new_user": forms.show_new,
        "create_user": forms.create,
        "show_user_change": forms.show_change,
        "change_user": forms.change,
        "show_password": forms.show_password,
        "set_password": forms.set_password,
        **acts.screens(),
    }
