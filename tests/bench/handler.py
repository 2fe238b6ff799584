"""CPU, AWS calls and capacity units of requests in a warm process."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter_ns, process_time_ns
from typing import Any

from app import APP_NAME
from chalicelib.oauth.model import GrantType
from tests.faults.costs import measure
from tests.faults.operations import SLIDING, TOKEN, Scene
from tests.harness import Process, Reply, World

BATCHES = 9
CALLS_PER_BATCH = 250
# Long enough to move a sliding end by more than a step.
STEP_SECONDS = 61

Event = dict[str, Any]
Send = Callable[[Process], Reply]


@dataclass(frozen=True)
class Subject:
    """A request to measure: `make` sets up and gives a maker of requests, one for each call."""

    name: str
    make: Callable[[World], Callable[[], Send]]
    lease_seconds: float = 0.0
    step_seconds: float = 0.0


@dataclass(frozen=True)
class Measured:
    """Medians over batches, microseconds of CPU for each call."""

    name: str
    cpu: float
    stub: float
    calls: int
    reads: float
    writes: float


def _issue(world: World) -> Callable[[], Send]:
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS)
    return lambda: lambda process: process.get_token(client)


def _exchange(world: World) -> Callable[[], Send]:
    client = Scene(world).client(GrantType.BEARER_TOKEN)
    return lambda: lambda process: process.post_form(TOKEN, {}, client.basic)


def _validate(world: World) -> Callable[[], Send]:
    token = world.process.get_token(Scene(world).client(GrantType.CLIENT_CREDENTIALS)).token
    return lambda: lambda process: process.whoami(token)


def _validate_sliding(world: World) -> Callable[[], Send]:
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS, life_cycle=SLIDING)
    token = world.process.get_token(client).token
    return lambda: lambda process: process.whoami(token)


def _introspect(world: World) -> Callable[[], Send]:
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS)
    token = world.process.get_token(client).token
    return lambda: lambda process: process.introspect(token, client)


def _revoke(world: World) -> Callable[[], Send]:
    """Every call revokes a token of its own."""
    client = Scene(world).client(GrantType.CLIENT_CREDENTIALS)

    def one() -> Send:
        token = world.process.get_token(client).token
        return lambda process: process.revoke(token, client)

    return one


SUBJECTS = (
    Subject("issue", _issue),
    Subject("issue, leased", _issue, lease_seconds=1.0),
    Subject("issue, bearer exchange", _exchange),
    Subject("validate", _validate),
    Subject("validate, leased", _validate, lease_seconds=1.0),
    Subject("validate sliding, extending", _validate_sliding, step_seconds=STEP_SECONDS),
    Subject("introspect", _introspect),
    Subject("introspect, leased", _introspect, lease_seconds=1.0),
    Subject("revoke", _revoke),
)


def report() -> Iterator[str]:
    """One line for each subject."""
    yield "CPU of the handler, microseconds a call (median of batches), DynamoDB in memory"
    yield f"{'':30}{'CPU':>7}{'stub':>7}{'calls':>7}{'read':>7}{'write':>7}"
    for subject in SUBJECTS:
        row = run(subject, BATCHES, CALLS_PER_BATCH)
        yield (
            f"{row.name:30}{row.cpu:7.0f}{row.stub:7.0f}{row.calls:7d}{row.reads:7g}{row.writes:7g}"
        )
    yield "stub: the part of CPU spent in the in-memory DynamoDB; read, write: capacity units"
    yield ""


@contextmanager
def thrown_away_log() -> Iterator[None]:
    """The log line of each request is made and written, and goes nowhere."""
    handlers = [
        handler
        for handler in logging.getLogger(APP_NAME).handlers
        if isinstance(handler, logging.StreamHandler)
    ]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        before = [handler.setStream(nowhere) for handler in handlers]
        try:
            yield
        finally:
            for handler, stream in zip(handlers, before, strict=True):
                handler.setStream(stream)


def run(subject: Subject, batches: int, calls: int) -> Measured:
    """Measure a subject over so many batches of calls."""
    with thrown_away_log():
        return _measure(subject, batches, calls)


def _measure(subject: Subject, batches: int, calls: int) -> Measured:
    world = World(lease_seconds=subject.lease_seconds)
    make = subject.make(world)
    process = world.open_process()
    make()(process)
    world.clock.sleep(subject.step_seconds)
    cost = measure(world, process, make(), 200)
    cpu, stub = [], []
    for _ in range(batches):
        events = [event_of(process, make()) for _ in range(calls)]
        cpu.append(_batch(world, process, events, subject.step_seconds) / calls / 1000)
        events = [event_of(process, make()) for _ in range(calls)]
        run_batch = partial(_batch, world, process, events, subject.step_seconds)
        stub.append(_in_stub(world, run_batch) / calls / 1000)
    return Measured(
        subject.name, median(cpu), median(stub), len(cost.calls), cost.reads, cost.writes
    )


def event_of(process: Process, send: Send) -> Event:
    """The event of a request, not sent."""
    seen: list[Event] = []
    app = process.app

    def catch(event: Event, _: object) -> Mapping[str, Any]:
        seen.append(event)
        return {"statusCode": 200, "headers": {}, "body": ""}

    process.app = catch
    try:
        send(process)
    finally:
        process.app = app
    return seen[0]


def _batch(world: World, process: Process, events: list[Event], step_seconds: float) -> int:
    """Nanoseconds of CPU for all events."""
    app, clock = process.app, world.clock
    started = process_time_ns()
    for event in events:
        clock.seconds += step_seconds
        answer = app(event, None)
    spent = process_time_ns() - started
    if answer["statusCode"] != 200:
        raise RuntimeError(f"the request failed: {answer['body']}")
    return spent


def _in_stub(world: World, run_batch: Callable[[], int]) -> int:
    """Nanoseconds that a batch spends in the in-memory DynamoDB."""
    spent = 0

    def meter(
        _: str, __: Mapping[str, Any], answer: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        nonlocal spent
        started = perf_counter_ns()
        try:
            return answer()
        finally:
            spent += perf_counter_ns() - started

    with world.database.intercepted(meter):
        run_batch()
    return spent
