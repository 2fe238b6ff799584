"""A deployment that was set up, and an administrator's browser."""

from contextlib import suppress

import boto3
import pytest

from tests.console.administrators import Console, set_up
from tests.faults.dynamodb import Snapshot
from tests.harness import World
from tests.pages.browser import add_person
from tests.tables import Aws


@pytest.fixture(scope="session")
def bucket(aws: Aws) -> str:  # noqa: ARG001 - what the bucket is made in
    """Where certificates are kept; the tables are in memory."""
    name = World().settings.certificate_bucket
    place = {"LocationConstraint": "eu-central-1"}
    s3 = boto3.client("s3")
    # Tests of storage that came before made it with the tables.
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)
    return name


@pytest.fixture(scope="session")
def furnished(bucket: str) -> Snapshot:
    """Set up, with one person: once, as hashing passwords takes longer than most tests do."""
    world = World()
    assert world.settings.certificate_bucket == bucket
    set_up(world)
    add_person(world)
    return world.database.snapshot()


@pytest.fixture
def world(furnished: Snapshot) -> World:
    world = World()
    world.database.restore(furnished)
    return world


@pytest.fixture
def console(world: World) -> Console:
    """Logged in as the first administrator."""
    browser = Console(world)
    reply = browser.enter()
    assert reply.status == 200, reply.body
    return browser
