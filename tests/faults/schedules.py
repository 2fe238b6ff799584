"""A stateless model checker: real operations, every order of their AWS calls, faults as choices.

Each actor runs in a thread of its own, and only one thread ever runs: an actor stops before
every AWS call and every wait, and the schedule decides who goes on and what goes wrong. `explore`
runs a schedule again and again, depth first, until every choice was taken.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Any, ClassVar

from botocore.exceptions import ReadTimeoutError

from tests.faults.dynamodb import InMemoryDynamoDB, failure
from tests.faults.items import plain
from tests.faults.paths import Footprint, Path, Place

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
# The pause before a retry is no step of its own: the retry is one, and time stands still.
SHORTEST_SLEEP_SECONDS = 0.5
_STUCK_SECONDS = 30


class Fault(Enum):
    """What can go wrong at one AWS call."""

    ERROR = "fails before anything happened"
    SLOW = "is answered later"
    LOST = "happens and its answer is lost"
    LATE = "times out and happens later"
    REPEATED = "happens, and once more later"


_READ_FAULTS = (Fault.ERROR, Fault.SLOW)


@dataclass(slots=True)
class Pending:
    """What an actor is about to do: start, call AWS, take an answer, or wait."""

    label: str
    operation: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    wakes_at: float | None = None
    answer: Callable[[], Any] = lambda: None


class Abandoned(BaseException):
    """Unwinds an actor whose schedule is over."""


class _Worker:
    """A thread that is handed one piece of work after another; making threads is slow."""

    idle: ClassVar[list["_Worker"]] = []

    def __init__(self) -> None:
        self.turn = _taken_lock()
        self.yielded = _taken_lock()
        self.work: Callable[[], None] = lambda: None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @classmethod
    def hire(cls) -> "_Worker":
        """An idle worker, or a new one."""
        return cls.idle.pop() if cls.idle else cls()

    def _run(self) -> None:
        while True:
            self.turn.acquire()
            self.work()
            self.yielded.release()


class Actor:
    """One operation in its own thread, moved by the schedule one step at a time."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self.pending: Pending | None = Pending("starts")
        self.error: BaseException | None = None
        self._work = work
        self._worker = _Worker.hire()
        self._worker.work = self._run
        self._answer: Callable[[], Any] = lambda: None

    @property
    def is_current(self) -> bool:
        """Whether this is called in the actor's own thread."""
        return self._worker.thread is threading.current_thread()

    def step(self, answer: Callable[[], Any]) -> None:
        """Let the actor go on with `answer`, until it stops again or is done."""
        self._answer = answer
        self._worker.turn.release()
        if not self._worker.yielded.acquire(timeout=_STUCK_SECONDS):
            raise AssertionError(f"{self.name} is stuck")

    def stop_before(self, pending: Pending) -> Any:
        """Called in the actor's thread: hand over, and take the answer when moved again."""
        self.pending = pending
        self._worker.yielded.release()
        self._worker.turn.acquire()
        self.pending = None
        return self._answer()

    def abandon(self) -> None:
        """Unwind what is left, and let the worker go."""
        while self.pending is not None:
            self.step(_abandon)
        _Worker.idle.append(self._worker)

    def _run(self) -> None:
        self.pending = None
        try:
            self._answer()
            self._work()
        except BaseException as error:  # noqa: BLE001 - told to whoever runs the schedule
            self.error = None if isinstance(error, Abandoned) else error


class Schedule:
    """One run of several actors over one database and one true time.

    `faults`: how many calls may go wrong. `events`: actions of the world beside the actors,
    each happening once at any moment or never, such as TTL deletion or passing time.
    `observe` is told every request that reached the database, with its answer or error.
    """

    def __init__(
        self,
        path: Path,
        database: InMemoryDynamoDB,
        now: float,
        *,
        faults: int = 0,
        events: Mapping[str, Callable[["Schedule"], None]] | None = None,
        observe: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.now = now
        # Whether an operation began, or ended, in the present step.
        self.starts = self.finishes = False
        self._path = path
        self._database = database
        self._faults = faults
        self._events = dict(events or {})
        self._observe = observe
        self._actors: list[Actor] = []
        # Requests that are still under way, by a number of their own.
        self._late: dict[int, tuple[str, Mapping[str, Any]]] = {}

    def add(self, name: str, work: Callable[[], None]) -> None:
        """An actor that does `work`."""
        self._actors.append(Actor(name, work))

    def run(self) -> None:
        """Move the actors in the order of the path until all are done, then land late writes.

        Raises what an actor raised, and Redundant.
        """
        try:
            while any(actor.pending is not None for actor in self._actors):
                options = dict(self._options())
                labels = list(options)
                self.starts = self.finishes = False
                footprint = options[labels[self._path.choose(labels)]]()
                self._path.took(replace(footprint, starts=self.starts, finishes=self.finishes))
                for actor in self._actors:
                    if actor.error is not None:
                        raise actor.error
            for number in list(self._late):
                self._land(number)
        finally:
            for actor in self._actors:
                actor.abandon()

    def send(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The transport beneath an actor's connection; outside of a schedule it just sends."""
        actor = self._current()
        if actor is None:
            return self._perform(operation, arguments)
        label = f"{operation} {_target(arguments)}"
        answer: dict[str, Any] = actor.stop_before(Pending(label, operation, arguments))
        return answer

    def sleep(self, seconds: float) -> None:
        """Waiting: others may move, and time goes on when the sleeper wakes."""
        actor = self._current()
        if actor is None:
            self.now += seconds
        elif seconds >= SHORTEST_SLEEP_SECONDS:
            actor.stop_before(Pending(f"waits {seconds:.1f} s", wakes_at=self.now + seconds))

    def _current(self) -> Actor | None:
        return next((actor for actor in self._actors if actor.is_current), None)

    def _options(self) -> Iterator[tuple[str, Callable[[], Footprint]]]:
        """What can happen next: by label, which says all there is to know about it."""
        for actor in self._actors:
            pending = actor.pending
            if pending is None:
                continue
            yield f"{actor.name}: {pending.label}", partial(self._move, actor, pending)
            if self._faults and pending.operation:
                for fault in Fault if pending.operation in WRITES else _READ_FAULTS:
                    label = f"{actor.name}: {pending.label} — {fault.value}"
                    yield label, partial(self._fail, actor, pending, fault)
        for number, late in self._late.items():
            label = f"late {number}: {late[0]} {_target(late[1])}"
            yield label, partial(self._land, number)
        for name in self._events:
            yield f"world: {name}", partial(self._happen, name)

    def _move(self, actor: Actor, pending: Pending) -> Footprint:
        """The actor's next step, as it should be."""
        if pending.operation:
            actor.step(partial(self._perform, pending.operation, pending.arguments))
            return _footprint(actor.name, pending.operation, pending.arguments)
        wakes_at = self.now if pending.wakes_at is None else pending.wakes_at
        moves_world = wakes_at > self.now
        self.now = max(self.now, wakes_at)
        actor.step(pending.answer)
        return Footprint(actor.name, moves_world=moves_world)

    def _fail(self, actor: Actor, pending: Pending, fault: Fault) -> Footprint:
        """The actor's next call, with a fault."""
        self._faults -= 1
        operation, arguments = pending.operation, pending.arguments
        send = partial(self._perform, operation, arguments)
        happens = fault not in {Fault.ERROR, Fault.LATE}
        footprint = Footprint(actor.name, is_fault=True)
        if happens:
            footprint = replace(_footprint(actor.name, operation, arguments), is_fault=True)
        if fault in {Fault.LATE, Fault.REPEATED}:
            self._late[self._faults] = operation, plain(arguments)
        if fault is Fault.ERROR:
            actor.step(partial(_raise, failure(operation, "InternalServerError", "", 500)))
        elif fault is Fault.SLOW:
            actor.pending = Pending(f"{pending.label} is answered", answer=_outcome(send))
        elif fault is Fault.REPEATED:
            actor.step(send)
        else:
            if happens:
                _outcome(send)
            actor.step(_time_out)
        return footprint

    def _land(self, number: int) -> Footprint:
        """A request that its sender gave up on, or sent twice, arrives."""
        late = self._late.pop(number)
        _outcome(partial(self._perform, *late))
        return _footprint(f"late {number}", *late)

    def _happen(self, name: str) -> Footprint:
        self._events.pop(name)(self)
        return Footprint("world", moves_world=True)

    def _perform(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._database.send(operation, arguments)
        finally:
            if self._observe is not None:
                self._observe(operation, arguments)


def _taken_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


def _outcome(send: Callable[[], Any]) -> Callable[[], Any]:
    """Do it now, tell it later."""
    try:
        answer = send()
    except Exception as error:  # noqa: BLE001 - handed to the actor as it is
        return partial(_raise, error)
    return lambda: answer


def _raise(error: BaseException) -> Any:
    raise error


def _time_out() -> Any:
    raise ReadTimeoutError(endpoint_url="https://dynamodb")


def _abandon() -> Any:
    raise Abandoned


def _footprint(mover: str, operation: str, arguments: Mapping[str, Any]) -> Footprint:
    """The places that a request reads or writes; the whole world for what names no keys."""
    if operation in WRITES:
        return Footprint(mover, writes=frozenset(_written(arguments)))
    if operation == "GetItem":
        return Footprint(mover, reads=frozenset({_place(arguments)}))
    if operation != "BatchGetItem":
        return Footprint(mover, moves_world=True)
    requests = arguments["RequestItems"].items()
    reads = ((table, repr(key)) for table, request in requests for key in request["Keys"])
    return Footprint(mover, reads=frozenset(reads))


def _written(arguments: Mapping[str, Any]) -> Iterator[Place]:
    for one in arguments.get("TransactItems", ({"": arguments},)):
        yield from map(_place, one.values())


def _place(arguments: Mapping[str, Any]) -> Place:
    key = arguments["Key"] if "Key" in arguments else {"key": arguments["Item"]["key"]}
    return arguments["TableName"], repr(key)


def _target(arguments: Mapping[str, Any]) -> str:
    """The tables a request touches, for reading a schedule."""
    if "TableName" in arguments:
        return str(arguments["TableName"])
    if "RequestItems" in arguments:
        return "+".join(arguments["RequestItems"])
    tables = [next(iter(one.values()))["TableName"] for one in arguments["TransactItems"]]
    return "+".join(tables)
