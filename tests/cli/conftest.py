from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import Shell, clean_environ
from tests.flows.server import Server, running
from tests.plugins.logs import CREDENTIALS


@pytest.fixture(name="server", scope="session")
def server_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("cli-server") / ".local") as server:
        yield server
    assert server.errors == []
    assert [line for line in server.logs if CREDENTIALS.search(line)] == []


@pytest.fixture(name="nobody")
def nobody_fixture(tmp_path: Path) -> Shell:
    """Not logged in."""
    return Shell(clean_environ(tmp_path / "config"))


@pytest.fixture(name="shell")
def shell_fixture(tmp_path: Path, server: Server) -> Shell:
    """The administration application, by its key pair in the environment."""
    client = server.credentials["admin_application"]
    return Shell(
        clean_environ(
            tmp_path / "config",
            GRANTLINE_URL=server.issuer,
            GRANTLINE_CLIENT_ID=client["client_id"],
            GRANTLINE_CLIENT_SECRET=client["client_secret"],
        )
    )
