"""A process that dies between any two calls leaves all of a registration or nothing."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from chalicelib.administration.refusals import FieldsTaken
from chalicelib.registry.applications import Applications
from tests.certificates import pem
from tests.harness import World
from tests.registry.registrar import ACTOR, form


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Calls:
    """Passes calls on until the one at which the process dies, before or after it is done."""

    def __init__(self, last: int, *, done: bool) -> None:
        self._left = last
        self._done = done
        self.killed = False

    def __call__(self, call: Callable[[], Any]) -> Any:
        self._left -= 1
        if self._left >= 0:
            return call()
        self.killed = True
        if self._done:
            call()
        raise Killed


class Files:
    """The bucket, in memory and within the same life."""

    def __init__(self, calls: Callable[[Callable[[], Any]], Any]) -> None:
        self._calls = calls
        self.kept: dict[str, bytes] = {}

    def save(self, file_sha256: str, content: bytes, media_type: str) -> None:
        del media_type
        self._calls(lambda: self.kept.__setitem__(file_sha256, content))

    def load(self, file_sha256: str) -> bytes:
        return self.kept[file_sha256]


def lives(monkeypatch: pytest.MonkeyPatch, *, done: bool) -> Iterator[tuple[World, Files]]:
    """Fresh deployments whose process dies at its first, second … call, until one survives."""
    for last in count():
        world = World()
        world.add_user("jdoe")
        send, calls = world.database.send, Calls(last, done=done)
        monkeypatch.setattr(
            world.database,
            "send",
            lambda name, arguments, send=send, calls=calls: calls(lambda: send(name, arguments)),
        )
        files = Files(calls)
        yield world, files
        if not calls.killed:
            return


@pytest.mark.parametrize("done", [False, True], ids=["before the call", "after the call"])
def test_a_registration_is_whole_or_not_there(
    monkeypatch: pytest.MonkeyPatch, *, done: bool
) -> None:
    for world, files in lives(monkeypatch, done=done):
        values = form("client_certificate", certificate=pem())
        services = Applications(world.stores.applications, world.stores.users, files, world.clock)
        with suppress(Killed):
            services.register(values, ACTOR)
        monkeypatch.undo()
        survivor = Applications(
            world.stores.applications, world.stores.users, Files(lambda call: call()), world.clock
        )
        assert_whole_or_not_there(world, survivor, values, files)
        assert survivor.count() == 1


def assert_whole_or_not_there(
    world: World, services: Applications, values: dict[str, Any], files: Files
) -> None:
    """Nothing but an orphaned file is left, or every part; and the name is free or taken."""
    registered = services.list_registrations("", None, 100).items
    events = world.stores.audit.list_events(None, None, 100).items
    actions = [event.action for event in events]
    if registered:
        (registration,) = registered
        assert registration.certificate is not None
        assert registration.certificate.file_sha256 in files.kept
        assert actions.count("application.created") == 1
        with pytest.raises(FieldsTaken):
            services.register(values, ACTOR)
    else:
        assert "application.created" not in actions
        assert services.register(values, ACTOR)
