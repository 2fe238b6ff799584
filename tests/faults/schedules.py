"""A stateless model checker: real operations, every order of their AWS calls, faults as choices.

Each actor runs in a thread of its own, and only one thread ever runs: an actor stops before
every AWS call and every wait, and the schedule decides who goes on and what goes wrong. `explore`
runs a schedule again and again, depth first, until every choice was taken.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any, ClassVar

from botocore.exceptions import ReadTimeoutError

from tests.faults.dynamodb import InMemoryDynamoDB, failure

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
_STUCK_SECONDS = 30


class Fault(Enum):
    """What can go wrong at one AWS call."""

    ERROR = "fails before anything happened"
    SLOW = "is answered later"
    LOST = "happens and its answer is lost"
    LATE = "times out and happens later"
    REPEATED = "happens, and once more later"


_READ_FAULTS = (Fault.ERROR, Fault.SLOW)


class Path:
    """The choices of one schedule: a given beginning, then always the first option."""

    def __init__(self, beginning: list[int]) -> None:
        self._beginning = beginning
        self.taken: list[tuple[int, int]] = []
        self.labels: list[str] = []

    def choose(self, labels: list[str]) -> int:
        """The index of the option to take."""
        place = len(self.taken)
        choice = self._beginning[place] if place < len(self._beginning) else 0
        if choice >= len(labels):
            raise AssertionError(
                "the same choices led elsewhere: the operations are not repeatable"
            )
        self.taken.append((choice, len(labels)))
        self.labels.append(labels[choice])
        return choice

    def following(self) -> list[int] | None:
        """The beginning of the next schedule, depth first; None after the last."""
        choices = list(self.taken)
        while choices:
            choice, count = choices.pop()
            if choice + 1 < count:
                return [taken for taken, _ in choices] + [choice + 1]
        return None


def explore(run: Callable[[Path], None], *, limit: int = 1_000_000) -> int:
    """Run every schedule; returns how many there were.

    Raises AssertionError with the steps of the first schedule that fails.
    """
    beginning: list[int] | None = []
    count = 0
    while beginning is not None:
        path = Path(beginning)
        try:
            run(path)
        except Exception as error:
            steps = "\n  ".join(path.labels)
            raise AssertionError(f"{error!r}\nin schedule {count + 1}:\n  {steps}") from error
        count += 1
        if count > limit:
            raise AssertionError(f"more than {limit} schedules")
        beginning = path.following()
    return count


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
        self.faulty = False
        self._path = path
        self._database = database
        self._faults = faults
        self._events = dict(events or {})
        self._observe = observe
        self._actors: list[Actor] = []
        self._late: list[tuple[str, Mapping[str, Any]]] = []

    def add(self, name: str, work: Callable[[], None]) -> None:
        """An actor that does `work`."""
        self._actors.append(Actor(name, work))

    def run(self) -> None:
        """Move the actors in the order of the path until all are done, then land late writes.

        Raises what an actor raised.
        """
        try:
            while any(actor.pending is not None for actor in self._actors):
                options = list(self._options())
                choice = self._path.choose([label for label, _ in options])
                options[choice][1]()
                for actor in self._actors:
                    if actor.error is not None:
                        raise actor.error
            while self._late:
                self._land(self._late[0])
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
        else:
            actor.stop_before(Pending(f"waits {seconds:.1f} s", wakes_at=self.now + seconds))

    def _current(self) -> Actor | None:
        return next((actor for actor in self._actors if actor.is_current), None)

    def _options(self) -> Iterator[tuple[str, Callable[[], None]]]:
        for actor in self._actors:
            pending = actor.pending
            if pending is None:
                continue
            yield f"{actor.name}: {pending.label}", partial(self._move, actor, pending, None)
            if self._faults and pending.operation:
                faults = Fault if pending.operation in WRITES else _READ_FAULTS
                for fault in faults:
                    label = f"{actor.name}: {pending.label} — {fault.value}"
                    yield label, partial(self._move, actor, pending, fault)
        for late in self._late:
            yield f"late: {late[0]} {_target(late[1])}", partial(self._land, late)
        for name in self._events:
            yield f"world: {name}", partial(self._happen, name)

    def _move(self, actor: Actor, pending: Pending, fault: Fault | None) -> None:
        if pending.wakes_at is not None:
            self.now = max(self.now, pending.wakes_at)
        if not pending.operation:
            actor.step(pending.answer)
            return
        if fault is not None:
            self._faults -= 1
            self.faulty = True
        send = partial(self._perform, pending.operation, pending.arguments)
        if fault is None:
            actor.step(send)
        elif fault is Fault.ERROR:
            actor.step(partial(_raise, failure(pending.operation, "InternalServerError", "", 500)))
        elif fault is Fault.SLOW:
            actor.pending = Pending(f"{pending.label} is answered", answer=_outcome(send))
        else:
            request = pending.operation, deepcopy(pending.arguments)
            outcome = _outcome(send) if fault is not Fault.LATE else None
            if fault is not Fault.LOST:
                self._late.append(request)
            actor.step(outcome if outcome and fault is Fault.REPEATED else _time_out)

    def _land(self, late: tuple[str, Mapping[str, Any]]) -> None:
        """A request that its sender gave up on, or sent twice, arrives."""
        self._late.remove(late)
        _outcome(partial(self._perform, *late))

    def _happen(self, name: str) -> None:
        self._events.pop(name)(self)

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


def _target(arguments: Mapping[str, Any]) -> str:
    """The tables a request touches, for reading a schedule."""
    if "TableName" in arguments:
        return str(arguments["TableName"])
    if "RequestItems" in arguments:
        return "+".join(arguments["RequestItems"])
    tables = [next(iter(one.values()))["TableName"] for one in arguments["TransactItems"]]
    return "+".join(tables)
