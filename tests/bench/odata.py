"""What reading by OData costs: CPU, AWS calls and read units in a warm process."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from time import process_time_ns

from tests.bench.handler import thrown_away_log
from tests.faults.costs import measure
from tests.harness import Process, Reply, World

USERS = 2_000
CALLS = 15
DATA = "/odata/data"


@dataclass(frozen=True)
class Question:
    """One request of an administrator."""

    name: str
    path: str
    options: Mapping[str, str]


def questions(user_id: str) -> tuple[Question, ...]:
    """What is asked; `user_id` is somebody's."""
    one = "userName eq 'user-0700'"
    return (
        Question("the model", "/$metadata", {}),
        Question("a user by key", f"/Users('{user_id}')", {}),
        Question("id eq", "/Users", {"$filter": f"id eq '{user_id}'"}),
        Question("userName eq, domain eq", "/Users", {"$filter": f"{one} and domain eq 'domain'"}),
        Question("userName eq", "/Users", {"$filter": one}),
        Question("startswith, 10 users", "/Users", {"$filter": "startswith(userName,'user-070')"}),
        Question("a page of 100 users", "/Users", {}),
        Question("count of all users", "/Users/$count", {}),
        Question("100 users filtered", "/Users", {"$filter": _in_memory("user-07")}),
        Question("1,000 users filtered", "/Users", {"$filter": _in_memory("user-0")}),
        Question("over the row limit", "/Users", {"$filter": "endswith(userName,'7')"}),
        Question("a page of 100 events", "/AuditEvents", {}),
    )


def _in_memory(beginning: str) -> str:
    return f"startswith(userName,'{beginning}') and endswith(userName,'7')"


def report() -> Iterator[str]:
    """One line for each question."""
    world = World()
    for number in range(USERS):
        world.add_user(f"user-{number:04}")
    admin = world.add_user("admon", "administrator")
    client = world.add_client(user_id=admin.user_id)
    process = world.process
    with thrown_away_log():
        token = process.get_token(client).token
        yield f"OData over {USERS:,} users, milliseconds of CPU a call (median of {CALLS})"
        yield f"{'':30}{'CPU':>7}{'calls':>7}{'read':>7}"
        for question in questions(admin.user_id):
            yield _line(world, process, token, question)
    yield "read: capacity units, the 3 that validate the token among them"
    yield ""


def _line(world: World, process: Process, token: str, question: Question) -> str:
    headers = {"Authorization": f"Bearer {token}"}
    query = {name: [value] for name, value in question.options.items()}

    def send(to: Process) -> Reply:
        return to.call("GET", DATA + question.path, headers=headers, query=query or None)

    status = send(process).status
    cost = measure(world, process, send, status)
    spent = []
    for _ in range(CALLS):
        started = process_time_ns()
        send(process)
        spent.append((process_time_ns() - started) / 1e6)
    name = question.name if status == 200 else f"{question.name} ({status})"
    return f"{name:30}{median(spent):7.1f}{len(cost.calls):7d}{cost.reads:7g}"
