"""What the console's list of applications costs in a deployment of 10,000."""

from collections.abc import Iterator, Mapping

from tests.console.administrators import Console, set_up
from tests.faults.costs import Cost, measure
from tests.harness import World

APPLICATIONS = 10_000
LIST = "/console/applications"
QUERIES: Mapping[str, Mapping[str, str]] = {
    "first page": {},
    "newest first": {"sort": "-created"},
    "a filter that all pass": {"scope": "api"},
    "a search that none matches": {"search": "nothing-like-it"},
}


def costs(applications: int = APPLICATIONS) -> dict[str, Cost]:
    """The cost of each query, of a table with so many applications that act as one user."""
    world = World()
    set_up(world)
    user = world.add_user()
    for number in range(applications):
        world.add_client(name=f"Application {number:05}", user_id=user.user_id)
    console = Console(world)
    console.enter()
    headers = console.headers
    return {
        name: measure(
            world,
            world.process,
            lambda process, query=query: process.call(
                "GET",
                LIST,
                headers=headers,
                query={key: [value] for key, value in query.items()},
            ),
            200,
        )
        for name, query in QUERIES.items()
    }


def report() -> Iterator[str]:
    """A table of calls and read units, the check of the administrator included."""
    yield ""
    yield f"console, list of {APPLICATIONS:,} applications   calls   read units"
    for name, cost in costs().items():
        yield f"  {name:<40} {len(cost.calls):>5} {cost.reads:>12.1f}"
