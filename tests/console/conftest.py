"""A deployment that was set up, and an administrator's browser."""

import pytest

from tests.console.administrators import Console, set_up
from tests.harness import World
from tests.pages.browser import add_person


@pytest.fixture
def world() -> World:
    world = World()
    set_up(world)
    add_person(world)
    return world


@pytest.fixture
def console(world: World) -> Console:
    """Logged in as the first administrator."""
    browser = Console(world)
    reply = browser.enter()
    assert reply.status == 200, reply.body
    return browser
