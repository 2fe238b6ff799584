"""Retries, the deadline, the counts, and what becomes of each error."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.connection import (
    DEADLINE_SECONDS,
    MAXIMUM_ATTEMPTS,
    ConditionFailed,
    Connection,
    TransactionFailed,
    request_budget,
)
from tests.fakes.clock import FakeClock

Answer = dict[str, Any] | Exception


def refused(code: str, status: int = 400, **members: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "a message that may hold values"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response | members, "PutItem")


def cancelled(*codes: str, items: dict[int, Any] | None = None) -> ClientError:
    reasons = [{"Code": code} for code in codes]
    for position, item in (items or {}).items():
        reasons[position]["Item"] = item
    return refused("TransactionCanceledException", CancellationReasons=reasons)


class ScriptedConnection(Connection):
    """Answers from a list; the last answer is repeated for ever."""

    def __init__(self, clock: FakeClock, *answers: Answer, seconds: float = 0.0) -> None:
        super().__init__(clock, jitter=lambda: 1.0)
        self._script = list(answers)
        self._clock = clock
        self._seconds = seconds
        self.sent: list[dict[str, Any]] = []

    def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        del operation_name
        self.sent.append(dict(operation_kwargs))
        self._clock.advance(self._seconds)
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


TRANSIENT = [
    refused("ThrottlingException"),
    refused("ProvisionedThroughputExceededException"),
    refused("TransactionConflictException"),
    refused("SomethingNew", 500),
    ReadTimeoutError(endpoint_url="https://dynamodb"),
    ConnectTimeoutError(endpoint_url="https://dynamodb"),
    ConnectionClosedError(endpoint_url="https://dynamodb"),
    EndpointConnectionError(endpoint_url="https://dynamodb"),
    cancelled("None", "TransactionConflict"),
]


@pytest.mark.parametrize("fault", TRANSIENT, ids=repr)
def test_a_passing_fault_is_tried_again(clock: FakeClock, fault: Exception) -> None:
    connection = ScriptedConnection(clock, fault, fault, {"ok": True})
    with request_budget(clock) as budget:
        assert connection.dispatch("PutItem", {}) == {"ok": True}
    assert budget.calls == 3
    assert clock.slept > 0


@pytest.mark.parametrize("fault", TRANSIENT, ids=repr)
def test_a_lasting_fault_is_unavailable_within_the_deadline(
    clock: FakeClock, fault: Exception
) -> None:
    connection = ScriptedConnection(clock, fault, seconds=2.0)
    began = clock.monotonic()
    with request_budget(clock) as budget, pytest.raises(StoreUnavailable):
        connection.dispatch("PutItem", {})
    assert clock.monotonic() - began <= DEADLINE_SECONDS
    assert 1 < budget.calls <= MAXIMUM_ATTEMPTS


def test_attempts_are_bounded_even_when_they_take_no_time(clock: FakeClock) -> None:
    connection = ScriptedConnection(clock, refused("ThrottlingException"))
    with request_budget(clock, seconds=3600) as budget, pytest.raises(StoreUnavailable):
        connection.dispatch("PutItem", {})
    assert budget.calls == MAXIMUM_ATTEMPTS


def test_one_deadline_covers_all_calls_of_a_request(clock: FakeClock) -> None:
    connection = ScriptedConnection(clock, {}, seconds=2.0)
    with request_budget(clock):
        for _ in range(3):
            connection.dispatch("GetItem", {})
        with pytest.raises(StoreUnavailable):
            connection.dispatch("GetItem", {})
    assert len(connection.sent) == 3


def test_outside_of_a_request_every_operation_has_a_deadline_of_its_own(clock: FakeClock) -> None:
    connection = ScriptedConnection(clock, {}, seconds=2.0)
    for _ in range(10):
        connection.dispatch("GetItem", {})
    assert len(connection.sent) == 10


@pytest.mark.parametrize(
    "fault",
    [
        refused("ValidationException"),
        refused("AccessDeniedException"),
        refused("ResourceNotFoundException"),
        NoCredentialsError(),
        cancelled("None", "ValidationError"),
    ],
    ids=repr,
)
def test_any_other_error_is_unavailable_at_once(clock: FakeClock, fault: Exception) -> None:
    connection = ScriptedConnection(clock, fault)
    with pytest.raises(StoreUnavailable) as unavailable:
        connection.dispatch("PutItem", {})
    assert len(connection.sent) == 1
    assert "values" not in str(unavailable.value)


@pytest.mark.parametrize("item", [None, {"key": {"S": "a"}}])
def test_a_failed_condition_carries_the_item(clock: FakeClock, item: Any) -> None:
    members = {} if item is None else {"Item": item}
    fault = refused("ConditionalCheckFailedException", **members)
    with pytest.raises(ConditionFailed) as failed:
        ScriptedConnection(clock, fault).dispatch("PutItem", {})
    assert failed.value.item == item


def test_a_refused_transaction_says_which_writes_and_shows_their_items(clock: FakeClock) -> None:
    item = {"key": {"S": "a"}}
    fault = cancelled("None", "ConditionalCheckFailed", "TransactionConflict", items={1: item})
    with pytest.raises(TransactionFailed) as failed:
        ScriptedConnection(clock, fault).dispatch("TransactWriteItems", {})
    fine, refusal, conflict = failed.value.reasons
    assert fine is None
    assert refusal is not None
    assert (refusal.code, refusal.item) == ("ConditionalCheckFailed", item)
    assert conflict is not None


def test_unprocessed_keys_are_asked_for_again(clock: FakeClock) -> None:
    one, other = {"key": {"S": "1"}}, {"key": {"S": "2"}}
    rest = {"t": {"Keys": [other], "ConsistentRead": True}}
    connection = ScriptedConnection(
        clock,
        {"Responses": {"t": [one]}, "UnprocessedKeys": rest},
        {"Responses": {"t": [other]}, "UnprocessedKeys": {}},
    )
    assert connection.batch_get({"t": [one, other]}) == {"t": [one, other]}
    assert connection.sent[1]["RequestItems"] == rest


def test_keys_that_stay_unprocessed_are_unavailable_and_never_absent(clock: FakeClock) -> None:
    rest = {"t": {"Keys": [{"key": {"S": "1"}}], "ConsistentRead": True}}
    connection = ScriptedConnection(clock, {"Responses": {}, "UnprocessedKeys": rest})
    with pytest.raises(StoreUnavailable):
        connection.batch_get({"t": [{"key": {"S": "1"}}]})


def test_units_are_counted_as_reads_and_writes(clock: FakeClock) -> None:
    read = {"Responses": {}, "ConsumedCapacity": [{"CapacityUnits": 2.0}, {"CapacityUnits": 1.0}]}
    connection = ScriptedConnection(clock, read, {"ConsumedCapacity": {"CapacityUnits": 4.0}})
    with request_budget(clock) as budget:
        connection.batch_get({"t": []})
        connection.dispatch("UpdateItem", {})
    assert (budget.calls, budget.read_units, budget.write_units) == (2, 3.0, 4.0)
    assert all(sent["ReturnConsumedCapacity"] == "TOTAL" for sent in connection.sent)


def test_pauses_grow_and_are_bounded(clock: FakeClock) -> None:
    pauses: list[float] = []
    clock.sleep = pauses.append  # type: ignore[method-assign] # watch the pauses themselves
    with pytest.raises(StoreUnavailable):
        ScriptedConnection(clock, refused("ThrottlingException")).dispatch("PutItem", {})
    assert pauses == sorted(pauses)
    assert max(pauses) == 1.0


def test_making_a_connection_makes_no_client(clock: FakeClock) -> None:
    assert Connection(clock)._client is None
