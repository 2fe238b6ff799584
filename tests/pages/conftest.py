"""A deployment with one person and one web application."""

import pytest

from tests.harness import Client, World
from tests.pages.browser import Browser, add_person, add_web_client


@pytest.fixture
def world() -> World:
    world = World()
    add_person(world)
    return world


@pytest.fixture
def client(world: World) -> Client:
    return add_web_client(world)


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world)
