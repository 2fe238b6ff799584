"""What SCIM costs over a directory of 100,000 users: CPU, AWS calls and capacity units."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.audit import Actor
from chalicelib.directory.groups import Groups
from chalicelib.directory.model import Account
from chalicelib.oauth.ids import new_user_id
from chalicelib.oauth.model import GrantType, User
from chalicelib.storage import user_writes
from chalicelib.storage.database import Put, Update, table_of
from chalicelib.storage.directory_records import DomainRecord
from tests.bench.handler import thrown_away_log
from tests.faults.costs import measure
from tests.harness import PREFIX, Process, Reply, World

USERS = 100_000
MEMBERS = 400
SCIM = "/scim/v2"
SOMEBODY = "user-000250"


@dataclass(frozen=True)
class Question:
    """One request of a provisioning client, and the status it deserves."""

    name: str
    path: str = "/Users"
    query: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: Mapping[str, Any] | None = None
    status: int = 200


def questions(user_id: str) -> tuple[Question, ...]:
    """What is asked; `user_id` is somebody's."""
    patch = {"Operations": [{"op": "replace", "path": "active", "value": False}]}
    # As Entra ID asks.
    mail_of_work = f'emails[type eq "work"].value eq "{SOMEBODY}@mail.com"'
    new = {"userName": "new@contoso.com", "externalId": "new", "emails": [{"value": "n@x.y"}]}
    return (
        Question("GET by id", f"/Users/{user_id}"),
        Question("GET by user@domain", f"/Users/{SOMEBODY}@contoso.com"),
        Question("userName eq", query={"filter": f'userName eq "{SOMEBODY}@contoso.com"'}),
        Question("externalId eq", query={"filter": f'externalId eq "x-{SOMEBODY}"'}),
        Question("emails.value eq", query={"filter": f'emails.value eq "{SOMEBODY}@mail.com"'}),
        Question("emails[type].value eq", query={"filter": mail_of_work}),
        Question("userName eq, nobody", query={"filter": 'userName eq "nobody@contoso.com"'}),
        Question("startIndex=1&count=2", query={"startIndex": "1", "count": "2"}),
        Question("the first page of 100", query={"startIndex": "1", "count": "100"}),
        Question("the next page of 100", query={"startIndex": "101", "count": "100"}),
        Question("a page of 100 by cursor", query={"cursor": "", "count": "100"}),
        Question("startIndex=50001, unknown", query={"startIndex": "50001", "count": "100"}),
        Question("title pr, over the cap", query={"filter": "title pr"}, status=400),
        Question("POST", method="POST", body=new, status=201),
        Question("PATCH active", f"/Users/{user_id}", method="PATCH", body=patch),
        Question("DELETE", f"/Users/{user_id}", method="DELETE", status=204),
    )


def group_questions(world: World) -> tuple[Question, ...]:
    """What is asked about a group of 400, and of one more who comes and goes."""
    actor = Actor(None, None, None, "127.0.0.1")
    groups = Groups(world.stores.groups, world.stores.users, world.clock)
    ids = [world.add_user(f"member-{number:03}").user_id for number in range(MEMBERS + 1)]
    group = groups.create({"display_name": "Staff"}, actor)
    groups.apply(group.group_id, groups.plan(group, ids[:-1], ()), actor)
    path, one = f"/Groups/{group.group_id}", [{"value": ids[-1]}]
    join = {"Operations": [{"op": "add", "path": "members", "value": one}]}
    leave = {"Operations": [{"op": "remove", "path": "members", "value": one}]}
    whole = {"displayName": "Staff", "members": [{"value": member} for member in ids]}
    by_name = {"filter": 'displayName eq "Staff"', "excludedAttributes": "members"}
    return (
        Question("GET a group of 400", path),
        Question("displayName eq, no members", "/Groups", query=by_name),
        Question("POST a group", "/Groups", method="POST", body={"displayName": "New"}, status=201),
        Question("PATCH, one joins 400", path, method="PATCH", body=join),
        Question("PATCH, one leaves 400", path, method="PATCH", body=leave),
        Question("PUT 401 over 400", path, method="PUT", body=whole),
    )


def report(users: int = USERS) -> Iterator[str]:
    """One line for each question."""
    world = World()
    user_id = populate(world, users)
    client = world.add_client(GrantType.BEARER_TOKEN, allowed_scopes=frozenset({"user_sync"}))
    with thrown_away_log():
        yield f"SCIM over {users:,} users"
        yield f"{'':30}{'calls':>7}{'read':>7}{'write':>7}"
        for question in questions(user_id):
            yield _line(world, client.secret, question)
        for question in group_questions(world):
            yield _line(world, client.secret, question)
    yield "read: capacity units, the 2 that validate the secret among them"
    yield ""


def populate(world: World, users: int) -> str:
    """Put so many users straight into the table, as their transactions would; somebody's id."""
    items = world.database.tables[f"{PREFIX}users"].items
    found = ""
    for number in range(users):
        name = f"user-{number:06}"
        user = User(new_user_id(), name, "contoso.com")
        attributes = {
            "userName": f"{name}@contoso.com",
            "displayName": f"User {number}",
            "emails": [{"value": f"{name}@mail.com", "type": "work", "primary": True}],
        }
        account = Account(
            user,
            world.clock.now(),
            world.clock.now(),
            email=f"{name}@mail.com",
            external_id=f"x-{name}",
            attributes=attributes,
        )
        for write in user_writes.create_user(account, None).values():
            if isinstance(write, Put) and table_of(write.record) == "users":
                items[write.item["key"]["S"]] = write.item
            elif isinstance(write, Update):
                counted = items.setdefault(write.key, _domain(write.key))
                counted["users"] = {"N": str(int(counted["users"]["N"]) + 1)}
        if name == SOMEBODY:
            found = user.user_id
    return found


def _domain(key: str) -> dict[str, Any]:
    values = {"listed": "domain", "sort_name": "contoso.com", "name": "contoso.com", "users": 0}
    return DomainRecord.write(key, values)


def _line(world: World, secret: str, question: Question) -> str:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/scim+json"}
    query = {name: [value] for name, value in question.query.items()}
    body = None if question.body is None else json.dumps(question.body)

    def send(to: Process) -> Reply:
        path = SCIM + question.path
        return to.call(question.method, path, headers=headers, query=query or None, body=body)

    cost = measure(world, world.process, send, question.status)
    return f"{question.name:30}{len(cost.calls):7d}{cost.reads:7g}{cost.writes:7g}"
