"""The one connection to DynamoDB: retries under a deadline, counts, and errors of our own.

`Connection._send` is the single method beneath everything; another transport overrides it and
raises what botocore raises.
"""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from pynamodb.connection import Connection as PynamoConnection

from chalicelib.oauth.clock import Clock
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.attributes import Item

DEADLINE_SECONDS = 8.0
CONNECT_TIMEOUT_SECONDS = 1.0
READ_TIMEOUT_SECONDS = 2.0
# An attempt begins only when even its time-outs fit into what is left.
ATTEMPT_SECONDS = CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS
MAXIMUM_ATTEMPTS = 10
FIRST_PAUSE_SECONDS = 0.05
MAXIMUM_PAUSE_SECONDS = 1.0

_SERVER_ERROR = 500
_READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})
_CONDITION = "ConditionalCheckFailed"
_TRANSIENT_CODES = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# The codes of single reasons have names of their own.
_TRANSIENT_REASONS = frozenset(
    {"TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"}
)

_Answer = TypeVar("_Answer")


class ConditionFailed(Exception):
    """The condition of a write does not hold; `item` is what is stored, None: nothing."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("a condition failed")
        self.item = item


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one write of a transaction was refused; `item` is what is stored, None: nothing."""

    code: str
    item: Item | None


class TransactionFailed(Exception):
    """A condition of a transaction does not hold; one entry a write, None where it was fine."""

    def __init__(self, reasons: tuple[Reason | None, ...]) -> None:
        super().__init__("a transaction's condition failed")
        self.reasons = reasons


class RequestBudget:
    """What one request may still take, and what it has used so far.

    `calls` counts every attempt at AWS; units are those that DynamoDB reports.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._ends = clock.monotonic() + seconds
        self.calls = 0
        self.read_units = 0.0
        self.write_units = 0.0

    def begin_attempt(self, operation: str) -> None:
        """Count an attempt. Raises StoreUnavailable when it could outlast the deadline."""
        if self._ends - self._clock.monotonic() < ATTEMPT_SECONDS:
            raise StoreUnavailable(f"{operation}: the deadline passed")
        self.calls += 1

    def pause(self, operation: str, attempt: int, jitter: float) -> None:
        """Wait before the next attempt, up to twice as long each time.

        `jitter`, from 0 to 1, is the part of the longest pause that is taken. Raises
        StoreUnavailable when the attempts are used up.
        """
        if attempt >= MAXIMUM_ATTEMPTS:
            raise StoreUnavailable(f"{operation}: {attempt} attempts failed")
        longest = min(MAXIMUM_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt)
        self._clock.sleep(jitter * longest)

    def count_units(self, operation: str, consumed: Any) -> None:
        """Add what an answer's `ConsumedCapacity` (one table's, or a list) says."""
        tables = consumed if isinstance(consumed, list) else [consumed]
        units = sum(table.get("CapacityUnits", 0.0) for table in tables)
        if operation in _READS:
            self.read_units += units
        else:
            self.write_units += units


_current: ContextVar[RequestBudget | None] = ContextVar("request_budget", default=None)


@contextmanager
def request_budget(clock: Clock, seconds: float = DEADLINE_SECONDS) -> Iterator[RequestBudget]:
    """Put all AWS calls made inside under one deadline and count them."""
    budget = RequestBudget(clock, seconds)
    token = _current.set(budget)
    try:
        yield budget
    finally:
        _current.reset(token)


class Attempts:
    """Sends until it succeeds, is refused, or the budget is used up."""

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._jitter = jitter

    def budget(self) -> RequestBudget:
        """The request's budget; outside of a request (scripts) one for this operation alone."""
        return _current.get() or RequestBudget(self._clock, DEADLINE_SECONDS)

    def pause(self, budget: RequestBudget, operation: str, attempt: int) -> None:
        """Wait before attempt number `attempt` + 1. Raises StoreUnavailable."""
        budget.pause(operation, attempt, self._jitter())

    def run(
        self, operation: str, send: Callable[[], _Answer], budget: RequestBudget | None = None
    ) -> _Answer:
        """The answer of `send`.

        Raises ConditionFailed, TransactionFailed, or StoreUnavailable for everything else that
        AWS or the network may say; its message names the operation and the code alone.
        """
        budget = budget or self.budget()
        attempt = 0
        while True:
            budget.begin_attempt(operation)
            try:
                return send()
            except (BotoCoreError, ClientError) as error:
                refusal = _refusal(error)
                if refusal is not None:
                    raise refusal from error
                if not _is_transient(error):
                    raise StoreUnavailable(f"{operation}: {_code(error)}") from error
            attempt += 1
            self.pause(budget, operation, attempt)


class Connection(PynamoConnection):
    """PynamoDB's connection with our own time-outs, retries, counts and errors.

    Making one does no I/O; the client comes with the first call, for the region (and the
    endpoint, `AWS_ENDPOINT_URL`) of the environment.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        region: str | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(
            region=region,
            connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
            retry_configuration={"total_max_attempts": 1, "mode": "standard"},
        )
        self._attempts = Attempts(clock, jitter)
        self._client_lock = threading.Lock()

    @property
    def client(self) -> Any:
        """The botocore client; making one is not thread-safe."""
        with self._client_lock:
            return super().client

    def dispatch(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """Send one operation. Raises ConditionFailed, TransactionFailed, StoreUnavailable.

        In place of PynamoDB's own, which writes whole items to the debug log.
        """
        operation_kwargs.setdefault("ReturnConsumedCapacity", "TOTAL")
        return self._make_api_call(operation_name, operation_kwargs)

    def batch_get(self, keys: dict[str, list[Item]]) -> dict[str, list[Item]]:
        """All items of these keys (at most 100) by table, strongly consistent.

        What DynamoDB leaves unprocessed is asked for again, and is never taken for absent.
        Raises StoreUnavailable.
        """
        found: dict[str, list[Item]] = {table: [] for table in keys}
        waiting: dict[str, Any] = {
            table: {"Keys": table_keys, "ConsistentRead": True}
            for table, table_keys in keys.items()
        }
        budget = self._attempts.budget()
        attempt = 0
        while True:
            answer = self._call("BatchGetItem", _counted({"RequestItems": waiting}), budget)
            for table, items in answer["Responses"].items():
                found[table].extend(items)
            waiting = answer.get("UnprocessedKeys") or {}
            if not waiting:
                return found
            attempt += 1
            self._attempts.pause(budget, "BatchGetItem", attempt)

    def _make_api_call(
        self, operation_name: str, operation_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        return self._call(operation_name, operation_kwargs, self._attempts.budget())

    def _call(
        self, operation: str, kwargs: dict[str, Any], budget: RequestBudget
    ) -> dict[str, Any]:
        answer = self._attempts.run(operation, lambda: self._send(operation, kwargs), budget)
        if "ConsumedCapacity" in answer:
            budget.count_units(operation, answer["ConsumedCapacity"])
        return answer

    def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        """One attempt: the method that another transport overrides."""
        answer: dict[str, Any] = self.client._make_api_call(  # noqa: SLF001 - as PynamoDB calls it: no validation
            operation_name, operation_kwargs
        )
        return answer


def _counted(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {**kwargs, "ReturnConsumedCapacity": "TOTAL"}


def _code(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__


def _refusal(error: BotoCoreError | ClientError) -> ConditionFailed | TransactionFailed | None:
    """The answer of a write whose condition does not hold; None: it failed otherwise."""
    if not isinstance(error, ClientError):
        return None
    response: dict[str, Any] = dict(error.response)
    if _code(error) == "ConditionalCheckFailedException":
        return ConditionFailed(response.get("Item"))
    reasons = tuple(
        None if entry["Code"] == "None" else Reason(entry["Code"], entry.get("Item"))
        for entry in response.get("CancellationReasons", ())
    )
    if any(reason is not None and reason.code == _CONDITION for reason in reasons):
        return TransactionFailed(reasons)
    return None


def _is_transient(error: BotoCoreError | ClientError) -> bool:
    """Whether another attempt may succeed: throttling, conflicts, faults, the network."""
    if not isinstance(error, ClientError):
        return isinstance(error, (HTTPClientError, BotoConnectionError))
    response: dict[str, Any] = dict(error.response)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if _code(error) in _TRANSIENT_CODES or status >= _SERVER_ERROR:
        return True
    reasons = {entry["Code"] for entry in response.get("CancellationReasons", ())} - {"None"}
    return bool(reasons) and reasons <= _TRANSIENT_REASONS
