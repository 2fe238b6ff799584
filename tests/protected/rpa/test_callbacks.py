"""Callbacks of bots: validated, stored once a deployment, published, acknowledged, listed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.oauth.model import GrantType
from chalicelib.protected.rpa.deliveries import CLAIM_SECONDS
from tests.faults.operations import CALLBACK_BODY, CALLBACK_PATH, Scene
from tests.harness import Client, Process, Reply, World

DEPLOYMENT = CALLBACK_BODY["deploymentId"]


class Sender:
    """A Control Room: an application with the scope `rpa` and its secret as bearer token."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client: Client = world.add_client(
            GrantType.BEARER_TOKEN, allowed_scopes=frozenset({"rpa"})
        )

    def send(
        self, body: object = CALLBACK_BODY, process: Process | None = None, **headers: str
    ) -> Reply:
        headers = {
            "Authorization": f"Bearer {self.client.secret}",
            "Content-Type": "application/json",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        process = process or self.world.process
        return process.call("POST", CALLBACK_PATH, headers=headers, body=text)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def sender(world: World) -> Sender:
    return Sender(world)


def body(**changes: object) -> dict[str, object]:
    return {**CALLBACK_BODY, **changes}


class Reader:
    """An administrator who looks at the list."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._headers = Scene(world).administrator()

    def ask(self, **query: str) -> Reply:
        asked = {name: [value] for name, value in query.items()}
        process, path = self._world.process, "/admin/rpa/callbacks"
        return process.call("GET", path, headers=self._headers, query=asked)


@pytest.fixture
def reader(world: World) -> Reader:
    return Reader(world)


def listed(reader: Reader, **query: str) -> Any:
    reply = reader.ask(**query)
    assert reply.status == 200, reply.body
    return reply.body


def retry(world: World) -> Any:
    return world.process.app.handler_map["deliver_callbacks"]({}, None)


def test_a_callback_is_stored_published_and_acknowledged(
    world: World, sender: Sender, reader: Reader
) -> None:
    reply = sender.send()
    (entry,) = world.events.entries
    (detail,) = world.events.details
    assert (reply.status, reply.body) == (
        200,
        {"deployment_id": DEPLOYMENT, "event_id": detail["event_id"]},
    )
    assert (entry["EventBusName"], entry["Source"]) == ("grantline-events", "grantline.rpa")
    assert entry["DetailType"] == "RPA callback received"
    assert detail == {
        "event_id": detail["event_id"],
        "client_id": sender.client.client_id,
        "deployment_id": DEPLOYMENT,
        "status": "RUN_COMPLETED",
        "user_id": "11",
        "received_at": world.clock.now(),
        "callback": CALLBACK_BODY,
    }
    (item,) = listed(reader)["items"]
    assert item["status"] == "published"
    assert item["callback"] == CALLBACK_BODY


def test_a_repeat_is_acknowledged_with_the_same_answer_and_not_delivered_twice(
    world: World, sender: Sender, reader: Reader
) -> None:
    first = sender.send()
    world.clock.sleep(600)
    # The same content in another order and layout is the same callback.
    reordered = json.dumps(dict(reversed(CALLBACK_BODY.items())), indent=2)
    assert sender.send(reordered, world.open_process()).body == first.body
    assert len(world.events.entries) == 1
    assert len(listed(reader)["items"]) == 1


def test_other_content_under_one_deployment_is_refused_and_changes_nothing(
    world: World, sender: Sender, reader: Reader
) -> None:
    sender.send()
    reply = sender.send(body(status="RUN_FAILED"))
    assert (reply.status, reply.body["error"]) == (409, "conflict")
    assert len(world.events.entries) == 1
    assert listed(reader)["items"][0]["bot_status"] == "RUN_COMPLETED"


def test_one_application_cannot_use_up_a_deployment_of_anothers(
    world: World, sender: Sender
) -> None:
    other = Sender(world)
    assert other.send(body(status="RUN_FAILED")).status == 200
    assert sender.send().status == 200
    senders = [detail["client_id"] for detail in world.events.details]
    assert senders == [other.client.client_id, sender.client.client_id]


@pytest.mark.parametrize("fields", [{"userId": 11}, {"userId": None}, {"botOutput": None}])
def test_what_versions_of_the_control_room_send_is_taken(
    world: World, sender: Sender, fields: dict[str, object]
) -> None:
    assert sender.send(body(**fields)).status == 200
    assert world.events.details[0]["callback"] == body(**fields)


def test_unknown_fields_reach_the_consumers(world: World, sender: Sender) -> None:
    extra = body(botLabel="Rechnung Ü", attempts=2, details={"a": [1, 2.5, None, True]})
    assert sender.send(extra).status == 200
    assert world.events.details[0]["callback"] == extra


@pytest.mark.checklist("61")
@pytest.mark.parametrize(
    ("content", "refused"),
    [
        ({}, {"deploymentId", "status"}),
        (body(deploymentId=""), {"deploymentId"}),
        (body(deploymentId="a b"), {"deploymentId"}),
        (body(deploymentId="a#b\n"), {"deploymentId"}),
        (body(deploymentId="x" * 129), {"deploymentId"}),
        (body(deploymentId=7, status=None), {"deploymentId", "status"}),
        (body(status="x" * 65), {"status"}),
        (body(status="A\r\nSet-Cookie: b"), {"status"}),
        (body(userId=True), {"userId"}),
        (body(userId=-1), {"userId"}),
        (body(userId=["11"]), {"userId"}),
        (body(botOutput="done"), {"botOutput"}),
        ({**body(), **{f"f{number}": 1 for number in range(61)}}, {"body"}),
        (body(numbers=[1e15] * 8_000), {"body"}),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(
    world: World, sender: Sender, content: dict[str, object], refused: set[str]
) -> None:
    before = world.database.snapshot()
    text = json.dumps(content).replace("1000000000000000.0", "1e15")
    reply = sender.send(text)
    assert reply.status == 400, reply.body
    assert set(reply.body["fields"]) == refused
    assert world.database.snapshot() == before
    assert world.events.entries == []


@pytest.mark.checklist("61", "32")
@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("", 400),
        ("[]", 400),
        ("null", 400),
        ("{", 400),
        (b"\xff\xfe", 400),
        ('{"deploymentId":"a","deploymentId":"b","status":"S"}', 400),
        ('{"deploymentId":"a","status":"S","n":NaN}', 400),
        ('{"deploymentId":"a","status":"S","n":1' + "0" * 40 + "}", 400),
        ('{"deploymentId":"a","status":"S","n":"\\ud800"}', 400),
        ('{"deploymentId":"a","status":"S","n":' + "[" * 40 + "]" * 40 + "}", 400),
        ("[" * 30_000, 400),
        ('{"n":"' + "x" * 65_600 + '"}', 413),
    ],
)
def test_a_body_that_is_no_callback_is_refused(
    world: World, sender: Sender, content: str | bytes, status: int
) -> None:
    before = world.database.snapshot()
    assert sender.send(content).status == status
    assert world.database.snapshot() == before


@pytest.mark.checklist("61")
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_another_type_of_content_is_refused(sender: Sender, kind: str) -> None:
    assert sender.send(Content_Type=kind).status == 415


def test_variables_may_nest_as_bots_nest_them(sender: Sender) -> None:
    value: object = {"type": "STRING", "string": "x"}
    for _ in range(8):
        value = {"type": "DICTIONARY", "dictionary": [{"key": "k", "value": value}]}
    assert sender.send(body(botOutput={"o": value})).status == 200


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_nothing_that_is_sent_fails_the_server(sender: Sender, content: object) -> None:
    assert sender.send(content).status in (400, 415)
    extra = {**CALLBACK_BODY, "more": content, "deploymentId": str(hash(repr(content)))}
    assert sender.send(extra).status in (200, 400)


def test_a_refused_entry_is_a_503_and_the_sender_may_try_again(
    world: World, sender: Sender, reader: Reader
) -> None:
    world.events.refusals = ["AccessDeniedException"]
    reply = sender.send()
    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) > 0
    (pending,) = listed(reader, status="pending")["items"]
    assert pending["published_at"] is None
    assert listed(reader, status="published")["items"] == []
    # The claim was given up, so nobody has to wait for its end.
    again = sender.send()
    assert (again.status, again.body["event_id"]) == (200, pending["event_id"])
    assert listed(reader, status="pending")["items"] == []
    assert len(listed(reader, status="published")["items"]) == 1


@pytest.mark.parametrize("code", ["InternalException", "ThrottlingException"])
def test_a_failure_of_the_bus_itself_is_tried_again_at_once(
    world: World, sender: Sender, code: str
) -> None:
    world.events.refusals = [code, code]
    assert sender.send().status == 200
    assert len(world.events.entries) == 1


def test_the_schedule_publishes_what_is_pending_under_the_same_id(
    world: World, sender: Sender, reader: Reader
) -> None:
    for number in range(3):
        world.events.refusals = ["LimitExceededException"]
        assert sender.send(body(deploymentId=f"deployment-{number}")).status == 503
        world.clock.sleep(1)
    pending = listed(reader, status="pending")["items"]
    assert retry(world) == {"published": 3, "failed": 0, "left": False}
    assert [detail["event_id"] for detail in world.events.details] == [
        item["event_id"] for item in reversed(pending)
    ]
    assert retry(world) == {"published": 0, "failed": 0, "left": False}
    assert sender.send(body(deploymentId="deployment-1")).status == 200
    assert len(world.events.entries) == 3


def test_one_callback_that_cannot_be_published_holds_up_no_other(
    world: World, sender: Sender
) -> None:
    world.events.refusals = ["LimitExceededException"] * 2
    for number in range(2):
        sender.send(body(deploymentId=f"deployment-{number}"))
        world.clock.sleep(1)
    world.events.refusals = ["MalformedDetail"]
    # Lambda counts it as an error: an alarm can be set on that.
    with pytest.raises(Exception, match="1 callbacks could not be published"):
        retry(world)
    assert [detail["deployment_id"] for detail in world.events.details] == ["deployment-1"]
    assert retry(world)["published"] == 1


def test_a_run_ends_before_lambda_ends_it(world: World, sender: Sender) -> None:
    world.events.refusals = ["LimitExceededException"] * 6
    for number in range(6):
        sender.send(body(deploymentId=f"deployment-{number}"))

    def slow(operation: str, _: Mapping[str, Any], call: Any) -> Any:
        if operation == "PutEvents":
            world.clock.sleep(4)
        return call()

    with world.database.intercepted(slow):
        report = retry(world)
    assert report == {"published": 5, "failed": 0, "left": True}
    assert retry(world)["published"] == 1


@pytest.mark.parametrize("event", [None, [], {"now": True}])
def test_an_event_that_is_not_understood_does_nothing(world: World, event: object) -> None:
    with pytest.raises(ValueError, match="the event is"):
        world.process.app.handler_map["deliver_callbacks"](event, None)


def test_a_published_callback_is_kept_its_days_and_a_pending_one_until_it_is_published(
    world: World, sender: Sender
) -> None:
    sender.send()
    world.events.refusals = ["LimitExceededException"]
    sender.send(body(deploymentId="pending"))
    world.database.delete_expired(world.clock.now() + 89 * 86_400)
    assert len(world.database.tables["grantline-callbacks"].items) == 2
    world.database.delete_expired(world.clock.now() + 91 * 86_400)
    (left,) = world.database.tables["grantline-callbacks"].items
    assert left.endswith("#pending")


def test_the_list_goes_page_by_page_from_the_newest(
    world: World, sender: Sender, reader: Reader
) -> None:
    for number in range(5):
        sender.send(body(deploymentId=f"deployment-{number}"))
        world.clock.sleep(1)
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = listed(reader, limit="2", **cursor)
        assert page["count"] == len(page["items"]) <= 2
        found += [item["deployment_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    # Ids made within one millisecond have no order.
    assert sorted(found) == [f"deployment-{number}" for number in range(5)]


@pytest.mark.parametrize(
    "query", [{"status": "done"}, {"status": ""}, {"cursor": "x"}, {"limit": "0"}]
)
def test_a_question_for_a_list_that_is_not_there_is_refused(
    reader: Reader, query: dict[str, str]
) -> None:
    reply = reader.ask(**query)
    assert reply.status == 400
    assert set(reply.body["fields"]) == set(query)


def test_a_cursor_of_another_list_is_refused(world: World, sender: Sender, reader: Reader) -> None:
    world.events.refusals = ["LimitExceededException"] * 2
    for number in range(2):
        sender.send(body(deploymentId=f"deployment-{number}"))
    cursor = listed(reader, status="pending", limit="1")["next"]
    assert reader.ask(cursor=cursor).status == 400


def test_a_claim_outlasts_every_function_of_ours() -> None:
    assert CLAIM_SECONDS >= 29 + 60


def test_a_callback_costs_one_read_two_writes_and_one_event(world: World, sender: Sender) -> None:
    calls: list[str] = []

    def count(operation: str, _: Mapping[str, Any], call: Any) -> Any:
        calls.append(operation)
        return call()

    sender.send(body(deploymentId="first"))
    with world.database.intercepted(count):
        sender.send()
        assert calls == ["BatchGetItem", "PutItem", "PutEvents", "UpdateItem"]
        calls.clear()
        sender.send()
        assert calls == ["BatchGetItem", "PutItem"]
