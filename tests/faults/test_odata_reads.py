"""A fault at any AWS call of an OData read: the whole answer or 503, never a part of it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chalicelib.protected.odata.stored_queries import StoredQuery
from chalicelib.storage.connection import DEADLINE_SECONDS
from tests.faults.dynamodb import failure
from tests.harness import Reply, World
from tests.odata import Caller, administrator

BATCH = {"requests": [{"id": "1", "method": "GET", "url": "Users?$top=1"}]}
READS: dict[str, Callable[[Caller], Reply]] = {
    "by key": lambda who: who.get(f"Users('{who.client.application.user_id}')"),
    "a page that is continued": lambda who: who.get("Users", select="userName"),
    "evaluated": lambda who: who.get("Users", filter="endswith(userName,'7')"),
    "applications": lambda who: who.get("Applications"),
    "events": lambda who: who.get("AuditEvents", filter="action eq 'user.created'", top="3"),
    "counted": lambda who: who.get("Users/$count"),
    "a stored query": lambda who: who.send(
        "GET", "/odata/query/executeEntityQuery", query={"query": ["all"]}
    ),
    "a batch": lambda who: who.send(
        "POST", "$batch", headers={"Content-Type": "application/json"}, body=json.dumps(BATCH)
    ),
}


@pytest.fixture(scope="module")
def admin() -> Caller:
    world = World()
    for number in range(120):
        world.add_user(f"user-{number}")
    now = world.clock.now()
    query = StoredQuery("all", "Users", now, now, filter="status eq 'enabled'")
    world.stores.queries.create(query, world._event("query.created", "query#all"))
    who = administrator(world)
    # The first continuation makes the deployment's key, with calls that no later one has; so
    # which test comes first must make no difference.
    assert who.get("Users", select="userName").status == 200
    return who


def send(
    who: Caller, read: Callable[[Caller], Reply], first: int | None, *, lasting: bool
) -> tuple[Reply, int]:
    """The answer while calls from `first` on are throttled, and how many calls there were."""
    calls = 0

    def disturb(
        operation: str, _: Mapping[str, Any], answer: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        nonlocal calls
        number, calls = calls, calls + 1
        if first is not None and (number >= first if lasting else number == first):
            raise failure(operation, "ProvisionedThroughputExceededException", "slow down")
        return answer()

    # Another warm process, without leases or the key of continuations.
    who.world.process = who.world.open_process()
    with who.world.database.intercepted(disturb):
        return read(who), calls


def content(reply: Reply) -> object:
    """The answer without its signature, which is as good as any other."""
    text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
    return text.partition("@odata.nextLink")[0]


@pytest.mark.parametrize("name", sorted(READS))
def test_one_fault_changes_nothing_for_the_caller(admin: Caller, name: str) -> None:
    whole, calls = send(admin, READS[name], None, lasting=False)
    assert whole.status == 200, whole.body
    for number in range(calls):
        reply, _ = send(admin, READS[name], number, lasting=False)
        assert (reply.status, content(reply)) == (200, content(whole)), number


def test_a_batch_keeps_what_was_answered_before_storage_stayed_away(admin: Caller) -> None:
    parts = [
        {"id": str(number), "method": "GET", "url": f"Users?$top=1&$filter={url}"}
        for number, url in enumerate(("true", "endswith(userName,'7')", "startswith(userName,'a')"))
    ]
    headers = {"Content-Type": "application/json", "Prefer": "odata.continue-on-error"}

    def read(who: Caller) -> Reply:
        body = json.dumps({"requests": parts})
        return who.send("POST", "$batch", headers=headers, body=body)

    whole, calls = send(admin, read, None, lasting=False)
    seen = set()
    for number in range(calls):
        reply, _ = send(admin, read, number, lasting=True)
        if reply.status == 503:
            seen.add("whole")
            continue
        statuses = [one["status"] for one in reply.body["responses"]]
        answered = statuses.count(200)
        assert statuses == [200] * answered + [503] * (3 - answered)
        for ours, one in zip(reply.body["responses"], whole.body["responses"], strict=True):
            if ours["status"] == 200:
                assert ours["body"]["value"] == one["body"]["value"]
            else:
                assert ours["body"]["error"]["code"] == "temporarily_unavailable"
                assert ours["headers"]["retry-after"] == "2"
        seen.add(str(answered))
    assert seen == {"whole", "0", "1", "2"}


@pytest.mark.parametrize("name", sorted(READS.keys() - {"a batch"}))
def test_storage_that_stays_away_is_a_503_in_odatas_shape(admin: Caller, name: str) -> None:
    _, calls = send(admin, READS[name], None, lasting=False)
    for number in range(calls):
        started = admin.world.clock.monotonic()
        reply, _ = send(admin, READS[name], number, lasting=True)
        assert reply.status == 503, (number, reply.body)
        assert reply.headers["Retry-After"] == "2"
        assert reply.headers["OData-Version"] == "4.0"
        assert reply.body["error"]["code"] == "temporarily_unavailable"
        assert "value" not in reply.body
        assert admin.world.clock.monotonic() - started <= DEADLINE_SECONDS
