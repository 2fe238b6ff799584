"""A deployment with something on every screen, for pictures and for tests that look."""

from dataclasses import replace
from datetime import UTC, datetime

from chalicelib.audit import Actor
from chalicelib.directory.consents import Consents
from chalicelib.directory.sessions import Sessions
from chalicelib.directory.users import Users
from chalicelib.oauth.model import User
from chalicelib.registry.built_in import CONSOLE_CLIENT_ID
from chalicelib.usage import DayFigures
from tests.harness import Client, World
from tests.pages.browser import PASSWORD

DAY = 86_400
FIGURE_DAYS = 14
PEOPLE = (
    ("alice", "Alice", "Ngata", ["administrator"]),
    ("gwatson", "Grace", "Watson", []),
    ("mzoric", "Mira", "Zorić", []),
    ("tbauer", "Tom", "Bauer", []),
)
_FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
_SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605.1 Version/18.0 Safari/604.1"


def actor_of(world: World) -> Actor:
    """The first administrator at the console."""
    account = world.stores.users.find("domain", "admon")
    assert account is not None
    return Actor(CONSOLE_CLIENT_ID, account.user.user_id, "domain\\admon", "192.0.2.7")


def add_people(world: World) -> None:
    """Colleagues, in two domains."""
    users, actor = Users(world.stores.users, world.clock), actor_of(world)
    for name, given, family, roles in PEOPLE:
        users.create(
            {
                "user_name": name,
                "user_domain": "partners" if name == "tbauer" else "domain",
                "given_name": given,
                "family_name": family,
                "email": f"{name}@example.com",
                "roles": roles,
                "password": PASSWORD,
            },
            actor,
        )
        world.clock.sleep(3_700)
    absent = world.stores.users.find("partners", "tbauer")
    assert absent is not None
    users.disable(absent.user.user_id, actor)


def let_in(world: World, user: User, client: Client) -> None:
    """Two browser sessions, and a consent."""
    sessions = Sessions(world.stores.sessions, world.clock)
    sessions.log_in(user, "192.0.2.31", _SAFARI)
    sessions.log_in(user, "192.0.2.30", _FIREFOX)
    scopes = frozenset({"openid", "profile", "api"})
    Consents(world.stores.consents, world.clock).remember(user, client.client_id, scopes)


def end_soon(world: World, client: Client, days: float, *, used_ago: int) -> Client:
    """Give the only secret an end, and a last use."""
    (secret,) = client.application.secrets
    now = world.clock.now()
    world.stores.usage.add([], {(client.client_id, secret.secret_id): now - used_ago})
    ends_at = now + int(days * DAY)
    return world.change(client, secrets=(replace(secret, ends_at=ends_at),))


def use(world: World, *clients: Client) -> None:
    """When they were used last, each an hour and a half before the one before it."""
    now = world.clock.now()
    moments = {(one.client_id, None): now - 5_400 * place for place, one in enumerate(clients)}
    world.stores.usage.add([], moments)


def add_figures(world: World) -> None:
    """Two weeks, with quiet weekends."""
    for ago in range(FIGURE_DAYS):
        moment = datetime.fromtimestamp(world.clock.now() - ago * DAY, UTC)
        busy = 10 if moment.weekday() < 5 else 3
        issued = {
            "client_credentials": (86 + 7 * ago % 29) * busy,
            "refresh_token": (31 + 5 * ago % 13) * busy,
            "authorization_code": (14 + 3 * ago % 7) * busy,
        }
        refused = {"invalid_client": (5 * ago) % 4 * busy // 3, "invalid_grant": (7 * ago) % 9}
        denied = {"invalid_token": (5 * ago) % 11, "insufficient_scope": ago % 2}
        figures = DayFigures(moment.strftime("%Y-%m-%d"), issued, refused, denied)
        world.stores.usage.add([figures], {})
