"""Callbacks in the tables and events on the bus, over moto and over the fault tests' database."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from chalicelib.oauth.clock import SystemClock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.paging import InvalidCursor
from chalicelib.protected.rpa.deliveries import Deliveries
from chalicelib.protected.rpa.model import Callback, Delivery
from chalicelib.settings import Settings
from chalicelib.storage.callbacks import Callbacks, callback_key
from chalicelib.storage.connection import MAXIMUM_ATTEMPTS
from chalicelib.storage.cursors import encode_cursor
from chalicelib.storage.event_bus import CallbackBus, make_client
from chalicelib.storage.stores import Stores, open_stores
from chalicelib.storage.tables import CALLBACKS
from tests.fakes.clock import START, FakeClock
from tests.fakes.stores import AnyStores
from tests.faults.deployment import StubConnection, make_tables
from tests.faults.dynamodb import InMemoryDynamoDB
from tests.tables import MOTO_LOCK, Aws, LockedConnection

MANY = 32


# They have no fake: the tables say what their store does.
on_the_tables = pytest.mark.parametrize("stores", ["tables", "memory"], indirect=True)


@pytest.fixture
def callbacks(stores: AnyStores) -> Callbacks:
    assert isinstance(stores, Stores)
    return stores.callbacks


def callback(deployment_id: str = "deployment", **changes: Any) -> Callback:
    one = Callback(
        client_id="app_a",
        deployment_id=deployment_id,
        event_id=new_ulid(),
        received_at=START,
        bot_status="RUN_COMPLETED",
        user_id=None,
        content={"deploymentId": deployment_id, "status": "RUN_COMPLETED"},
        content_hash="hash",
        claim=new_ulid(),
        claimed_until=START + 90,
    )
    return replace(one, **changes)


@on_the_tables
def test_what_is_stored_is_read(callbacks: Callbacks) -> None:
    one = callback(user_id="11")
    assert callbacks.create(one) == one
    assert callbacks.load(("app_a", "deployment")) == one
    assert callbacks.load(("app_a", "another")) is None
    assert callbacks.load(("app_b", "deployment")) is None


@on_the_tables
def test_the_first_one_stays(callbacks: Callbacks) -> None:
    first = callback()
    callbacks.create(first)
    assert callbacks.create(callback()) == first
    # The same put again, as after a lost answer, is known by its claim.
    assert callbacks.create(first) == first


@on_the_tables
def test_a_claim_is_had_by_one_until_it_ends(callbacks: Callbacks) -> None:
    one = callback()
    key = ("app_a", "deployment")
    callbacks.create(one)
    assert callbacks.claim(key, "mine", START + 89, START + 200) == one
    claimed = callbacks.claim(key, "mine", START + 90, START + 200)
    assert claimed is not None
    assert (claimed.claim, claimed.claimed_until) == ("mine", START + 200)
    assert callbacks.claim(key, "mine", START + 90, START + 200) == claimed
    assert callbacks.claim(key, "other", START + 91, START + 300) == claimed
    assert callbacks.claim(("app_a", "absent"), "mine", START, START + 1) is None
    assert callbacks.load(("app_a", "absent")) is None


@on_the_tables
def test_only_the_claims_holder_gives_it_up(callbacks: Callbacks) -> None:
    one = callback()
    callbacks.create(one)
    callbacks.release(replace(one, claim="another"))
    assert callbacks.load(("app_a", "deployment")) == one
    callbacks.release(one)
    assert callbacks.load(("app_a", "deployment")) == replace(one, claim=None, claimed_until=None)
    callbacks.release(callback("absent"))
    assert callbacks.load(("app_a", "absent")) is None


@on_the_tables
def test_a_published_one_can_be_claimed_no_more(callbacks: Callbacks) -> None:
    one = callback()
    callbacks.create(one)
    callbacks.mark_published(one, START + 5)
    published = replace(one, published_at=START + 5, claim=None, claimed_until=None)
    assert callbacks.load(("app_a", "deployment")) == published
    callbacks.mark_published(one, START + 9)
    assert callbacks.claim(("app_a", "deployment"), "mine", START + 900, START + 999) == published
    assert callbacks.create(callback()) == published


@on_the_tables
def test_the_lists_tell_pending_from_published(callbacks: Callbacks) -> None:
    ids = sorted(new_ulid() for _ in range(4))
    made = [callback(f"d-{number}", event_id=ids[number]) for number in range(4)]
    for one in made:
        callbacks.create(one)
    callbacks.mark_published(made[1], START)
    names = {
        delivery: [one.deployment_id for one in callbacks.list_callbacks(delivery, None, 100).items]
        for delivery in (None, *Delivery)
    }
    assert names[None] == ["d-3", "d-2", "d-1", "d-0"]
    assert names[Delivery.PENDING] == ["d-3", "d-2", "d-0"]
    assert names[Delivery.PUBLISHED] == ["d-1"]
    first = callbacks.list_pending(None, 2)
    assert first.items == [("app_a", "d-0"), ("app_a", "d-2")]
    assert callbacks.list_pending(first.next, 2).items == [("app_a", "d-3")]


@on_the_tables
def test_a_cursor_that_names_no_callback_is_refused(callbacks: Callbacks) -> None:
    for cursor in ("x", encode_cursor("by_time", new_ulid(), "user#1")):
        with pytest.raises(InvalidCursor):
            callbacks.list_callbacks(None, cursor, 10)


class CountingBus:
    """Counts what is published."""

    def __init__(self) -> None:
        self.published: list[str] = []

    def publish(self, callback: Callback) -> None:
        self.published.append(callback.event_id)


@pytest.mark.parametrize("number_of_processes", [1, MANY])
def test_of_many_at_once_each_is_acknowledged_and_one_is_delivered(
    aws: Aws, number_of_processes: int
) -> None:
    clock = SystemClock()
    settings, bus = aws.settings(), CountingBus()
    processes = [
        Deliveries(open_stores(settings, clock, LockedConnection(clock)).callbacks, bus, clock)
        for _ in range(number_of_processes)
    ]

    def receive(number: int) -> str:
        deliveries = processes[number % number_of_processes]
        claim, until = deliveries.new_claim()
        return deliveries.receive(callback(claim=claim, claimed_until=until)).event_id

    with ThreadPoolExecutor(MANY) as pool:
        answers = set(pool.map(receive, range(MANY)))
    assert list(answers) == bus.published


def test_an_event_is_on_the_bus_of_the_resource_file(aws: Aws, clock: FakeClock) -> None:
    settings = aws.settings()
    with MOTO_LOCK:
        events = boto3.client("events")
        arn = events.describe_event_bus(Name=settings.event_bus)["Arn"]
        events.create_archive(ArchiveName="seen", EventSourceArn=arn)
        CallbackBus(clock, settings.event_bus).publish(callback())
        assert events.describe_archive(ArchiveName="seen")["EventCount"] == 1


class FailingEvents:
    """Fails every call in one way, or refuses every entry."""

    def __init__(self, answer: Exception | str) -> None:
        self._answer = answer
        self.calls = 0

    def put_events(self, **arguments: Any) -> Any:
        self.calls += 1
        assert json.loads(arguments["Entries"][0]["Detail"])["deployment_id"] == "deployment"
        if isinstance(self._answer, str):
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": self._answer}]}
        raise self._answer


def refused(code: str, status: int) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "values"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "PutEvents")


@pytest.mark.parametrize(
    "answer",
    [
        "InternalException",
        "ThrottlingException",
        refused("InternalException", 500),
        ConnectTimeoutError(endpoint_url="https://events"),
    ],
)
def test_a_fault_is_tried_again_and_then_unavailable(
    clock: FakeClock, answer: Exception | str
) -> None:
    events = FailingEvents(answer)
    with pytest.raises(StoreUnavailable):
        CallbackBus(clock, "bus", lambda: events).publish(callback())
    assert 1 < events.calls <= MAXIMUM_ATTEMPTS


@pytest.mark.parametrize("answer", ["NotAuthorizedForSource", refused("AccessDenied", 400)])
def test_a_refusal_is_unavailable_at_once(clock: FakeClock, answer: Exception | str) -> None:
    events = FailingEvents(answer)
    with pytest.raises(StoreUnavailable, match=r"PutEvents: [A-Z]"):
        CallbackBus(clock, "bus", lambda: events).publish(callback())
    assert events.calls == 1


def test_the_client_has_our_time_outs(aws: Aws) -> None:
    del aws
    config = make_client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (1.0, 2.0)
    assert config.retries["total_max_attempts"] == 1


def test_a_pending_callback_has_no_end_and_a_published_one_has(clock: FakeClock) -> None:
    database = InMemoryDynamoDB()
    make_tables(database, "")
    connection = StubConnection(clock, database.send)
    stores = open_stores(Settings(table_prefix="", callback_retention_days=30), clock, connection)
    one = callback()
    stores.callbacks.create(one)
    item = database.tables[CALLBACKS].items[callback_key("app_a", "deployment")]
    assert "expires_at" not in item
    stores.callbacks.mark_published(one, START)
    item = database.tables[CALLBACKS].items[callback_key("app_a", "deployment")]
    assert item["expires_at"] == {"N": str(START + 30 * 86_400)}
    assert "pending" not in item
