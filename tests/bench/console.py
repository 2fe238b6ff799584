"""What the console's lists and its overview cost in a deployment of 10,000 applications."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tests.bench.handler import thrown_away_log
from tests.console.administrators import Console, set_up
from tests.faults.costs import Cost, measure
from tests.harness import World

APPLICATIONS = 10_000
ENDING = 60
SECONDS_A_DAY = 86_400
LIST = "/console/applications"
QUERIES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "applications, first page": (LIST, {}),
    "applications, newest first": (LIST, {"sort": "-created"}),
    "applications, a filter that all pass": (LIST, {"scope": "api"}),
    "applications, a search that none matches": (LIST, {"search": "nothing-like-it"}),
    "overview": ("/console", {}),
    "what ends, a page of 50": ("/console/ends", {}),
    "a user whom none acts as": ("/console/users/{user_id}", {}),
    "audit, first page": ("/console/audit", {}),
    "audit, an actor who did nothing": ("/console/audit", {"actor": "nobody"}),
}


def costs(applications: int = APPLICATIONS) -> dict[str, Cost]:
    """The cost of each query, of a table with so many applications that act as one user."""
    world = World()
    set_up(world)
    user, idle = world.add_user(), world.add_user("idle")
    for number in range(applications):
        client = world.add_client(name=f"Application {number:05}", user_id=user.user_id)
        if number % max(1, applications // ENDING) == 0:
            ends_at = world.clock.now() + 9 * SECONDS_A_DAY
            (secret,) = client.application.secrets
            world.change(client, secrets=(replace(secret, ends_at=ends_at),))
    console = Console(world)
    console.enter()
    headers = console.headers
    return {
        name: measure(
            world,
            world.process,
            lambda process, path=path, query=query: process.call(
                "GET",
                path.replace("{user_id}", idle.user_id),
                headers=headers,
                query={key: [value] for key, value in query.items()},
            ),
            200,
        )
        for name, (path, query) in QUERIES.items()
    }


def report() -> Iterator[str]:
    """A table of calls and read units, the check of the administrator included."""
    yield ""
    yield f"console, {APPLICATIONS:,} applications                calls   read units"
    with thrown_away_log():
        found = costs()
    for name, cost in found.items():
        yield f"  {name:<40} {len(cost.calls):>5} {cost.reads:>12.1f}"
