from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.server import Server, running
from tests.plugins.logs import CREDENTIALS

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in one process, so that they share one server."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("flows"))


@pytest.fixture(name="server", scope="session")
def server_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("local") / ".local") as server:
        yield server
    # Whatever the flows did: nothing failed unseen, and no credential was logged (57).
    assert server.errors == []
    assert [line for line in server.logs if CREDENTIALS.search(line)] == []
