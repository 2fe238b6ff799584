from collections.abc import Iterator

import pytest

from tests.flows.server import Server, running
from tests.plugins.logs import CREDENTIALS


@pytest.fixture(name="server", scope="session")
def server_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("local") / ".local") as server:
        yield server
    # Whatever the flows did: nothing failed unseen, and no credential was logged (57).
    assert server.errors == []
    assert [line for line in server.logs if CREDENTIALS.search(line)] == []
