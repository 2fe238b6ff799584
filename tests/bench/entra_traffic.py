"""`python -m tests.bench.entra_traffic`: 25 requests a second for two minutes, as Entra ID's.

Starts the local server, sends the life of users and groups as the provisioning service does, at
fixed times whether or not earlier answers have come, and says what was lost: an answer of 5xx, no
answer, or a state that differs afterwards from what was acknowledged. Not a test: it takes
two minutes.
"""

import itertools
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import quantiles
from threading import Event, Lock
from typing import Any
from uuid import uuid4

import requests

from tests.flows.server import Server, running

REQUESTS_A_SECOND = 25
SECONDS = int(os.environ.get("SECONDS", "120"))
THREADS = 32
TIMEOUT_SECONDS = 30
GROUPS = 5

_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class Tenant:
    """Sends requests, and keeps what was acknowledged."""

    def __init__(self, server: Server) -> None:
        self._url = server.url("/scim/v2")
        self._sessions = [requests.Session() for _ in range(THREADS)]
        self._secret = server.credentials["applications"]["bearer_token"]["client_secret"]
        self._turn = itertools.count()
        self._lock = Lock()
        self.outcomes: Counter[str] = Counter()
        self.milliseconds: list[float] = []
        self.expected: dict[str, bool | None] = {}
        self.groups: list[str] = []
        self.members: dict[str, set[str]] = {}

    def prepare(self) -> None:
        """The groups, and whatever is imported with the first request."""
        for number in range(GROUPS):
            body = {"externalId": str(uuid4()), "displayName": f"Group {number}"}
            made = self.send("POST", "/Groups", 201, json=body)
            self.groups.append(made["id"])
            self.members[made["id"]] = set()
        self.milliseconds.clear()
        self.outcomes.clear()

    def send(self, method: str, path: str, expected: int, **options: Any) -> Any:
        """One request; counts what came of it. The body, empty for none; None: not as expected."""
        session = self._sessions[next(self._turn) % THREADS]
        headers = {
            "Authorization": f"Bearer {self._secret}",
            "Content-Type": "application/scim+json",
        }
        started = time.perf_counter()
        try:
            answer = session.request(
                method, self._url + path, headers=headers, timeout=TIMEOUT_SECONDS, **options
            )
        except requests.RequestException as error:
            self._note(f"lost: {type(error).__name__}", None)
            return None
        milliseconds = (time.perf_counter() - started) * 1000
        right = answer.status_code == expected
        self._note("as expected" if right else f"{method} gave {answer.status_code}", milliseconds)
        if not right:
            return None
        return answer.json() if answer.content else {}

    def _note(self, outcome: str, milliseconds: float | None) -> None:
        with self._lock:
            self.outcomes[outcome] += 1
            if milliseconds is not None:
                self.milliseconds.append(milliseconds)

    def lives(self) -> Iterator[Callable[[], None]]:
        """One user after another: looked for, created, changed, let in, deactivated, deleted."""
        for number in itertools.count():
            yield from Life(self, number).steps()

    def check(self) -> int:
        """How many users, and groups by their members, are not as it was last acknowledged."""
        wrong = 0
        for group_id, members in self.members.items():
            read = self.send("GET", f"/Groups/{group_id}", 200)
            listed = {one["value"] for one in (read or {}).get("members", ())}
            gone = {user_id for user_id in members if self.expected[user_id] is None}
            wrong += listed != members - gone
        for user_id, active in self.expected.items():
            status = 404 if active is None else 200
            read = self.send("GET", f"/Users/{user_id}", status)
            wrong += read is None or (active is not None and read["active"] is not active)
        return wrong


class Life:
    """One user, whose steps are one after the other, as the service takes them."""

    def __init__(self, tenant: Tenant, number: int) -> None:
        self._tenant = tenant
        self._number = number
        self._name = f"user-{uuid4()}@contoso.com"
        self._user_id: str | None = None

    def steps(self) -> Iterator[Callable[[], None]]:
        """Each waits for the one before."""
        before = Event()
        before.set()
        for step in (
            self.look,
            self.create,
            self.read,
            self.change,
            self.join,
            self.leave,
            self.deactivate,
            self.end,
        ):
            done = Event()
            yield partial(self._take, step, before, done)
            before = done

    @staticmethod
    def _take(step: Callable[[], None], before: Event, done: Event) -> None:
        before.wait(TIMEOUT_SECONDS)
        try:
            step()
        finally:
            done.set()

    def look(self) -> None:
        """The lookup before every creation."""
        query = {"filter": f'userName eq "{self._name}"'}
        self._tenant.send("GET", "/Users", 200, params=query)

    def create(self) -> None:
        """The creation."""
        body = {
            "schemas": [_USER, _ENTERPRISE],
            "externalId": str(uuid4()),
            "userName": self._name,
            "active": True,
            "emails": [{"primary": True, "type": "work", "value": self._name}],
            "name": {"givenName": "Test", "familyName": "User"},
        }
        made = self._tenant.send("POST", "/Users", 201, json=body)
        if made is not None:
            self._user_id = made["id"]
            self._tenant.expected[made["id"]] = True

    def read(self) -> None:
        """A read by id."""
        self._with_user(lambda user_id: self._tenant.send("GET", f"/Users/{user_id}", 200))

    def change(self) -> None:
        """A PATCH in its manner."""
        operations = [
            {"op": "Add", "path": f"{_ENTERPRISE}:department", "value": "Sales"},
            {"op": "Replace", "path": 'phoneNumbers[type eq "mobile"].value', "value": "555"},
        ]
        self._patch(operations)

    def join(self) -> None:
        """Let into a group, in its manner."""
        self._with_user(partial(self._turn, "Add"))

    def leave(self) -> None:
        """Every third user is let out again; of the others the group is read."""
        if self._number % 3:
            query = {"excludedAttributes": "members"}
            self._tenant.send("GET", f"/Groups/{self._group_id}", 200, params=query)
        else:
            self._with_user(partial(self._turn, "Remove"))

    @property
    def _group_id(self) -> str:
        return self._tenant.groups[self._number % GROUPS]

    def _turn(self, op: str, user_id: str) -> None:
        member = [{"$ref": None, "value": user_id}]
        body = {"Operations": [{"op": op, "path": "members", "value": member}]}
        if self._tenant.send("PATCH", f"/Groups/{self._group_id}", 200, json=body) is not None:
            members = self._tenant.members[self._group_id]
            (members.add if op == "Add" else members.discard)(user_id)

    def deactivate(self) -> None:
        """Every second user leaves."""
        if self._number % 2:
            self._patch([{"op": "Replace", "path": "active", "value": "False"}], active=False)
        else:
            self.look()

    def end(self) -> None:
        """Every fourth user is deleted."""
        if self._number % 4 == 1:
            self._with_user(self._delete)
        else:
            self.look()

    def _patch(self, operations: list[dict[str, str]], *, active: bool | None = None) -> None:
        def send(user_id: str) -> None:
            body = {"Operations": operations}
            done = self._tenant.send("PATCH", f"/Users/{user_id}", 200, json=body)
            if done is not None and active is not None:
                self._tenant.expected[user_id] = active

        self._with_user(send)

    def _delete(self, user_id: str) -> None:
        if self._tenant.send("DELETE", f"/Users/{user_id}", 204) is not None:
            self._tenant.expected[user_id] = None

    def _with_user(self, send: Callable[[str], Any]) -> None:
        if self._user_id is not None:
            send(self._user_id)


def main() -> int:
    """Run, and print the figures; 1 where anything was lost."""
    with tempfile.TemporaryDirectory() as directory, running(Path(directory)) as server:
        tenant = Tenant(server)
        tenant.prepare()
        total = REQUESTS_A_SECOND * SECONDS
        started = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            for number, step in enumerate(itertools.islice(tenant.lives(), total)):
                wait = started + number / REQUESTS_A_SECOND - time.perf_counter()
                time.sleep(max(0.0, wait))
                pool.submit(step)
        seconds = time.perf_counter() - started
        sent = sum(tenant.outcomes.values())
        outcomes = dict(tenant.outcomes)
        latencies = quantiles(tenant.milliseconds, n=100)
        wrong = tenant.check()
    _say(f"{sent} requests in {seconds:.1f} s: {sent / seconds:.1f} a second")
    _say(f"outcomes: {outcomes}")
    shown = ", ".join(f"{part}% {latencies[part - 1]:.1f}" for part in (50, 95, 99))
    _say(f"milliseconds: {shown}")
    checked = f"{len(tenant.expected)} users and {GROUPS} groups"
    _say(f"unlike what was acknowledged: {wrong} of {checked}")
    return 1 if wrong or set(outcomes) != {"as expected"} else 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what a script is for


if __name__ == "__main__":
    sys.exit(main())
