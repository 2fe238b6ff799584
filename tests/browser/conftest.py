import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.browser import client_site
from tests.browser.deployment import Deployment
from tests.flows.server import Server, running
from tests.pages.browser import add_person, add_web_client
from tests.plugins.logs import CREDENTIALS
from tests.served import serving

# Headless and silent: the browser asks nobody but the server under test.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(name="server", scope="session")
def server_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("browser") / ".local") as server:
        yield server
    assert server.errors == []
    assert [line for line in server.logs if CREDENTIALS.search(line)] == []


@pytest.fixture(name="playwright", scope="session")
def playwright_fixture() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(name="browser", scope="session")
def browser_fixture(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """The system's Chromium; where there is none, these tests say so and are skipped."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium is installed")
    with client_site.serving(tmp_path_factory.mktemp("client")) as site:
        led = f"--host-resolver-rules=MAP {client_site.HOST}:443 127.0.0.1:{site.port}"
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, led])
        yield browser
        browser.close()


@pytest.fixture(name="deployment")
def deployment_fixture() -> Iterator[Deployment]:
    """A person and an application of this test alone."""
    with serving("127.0.0.1", add_person) as world:
        client = add_web_client(world, allowed_scopes=frozenset({"api", "login"}))
        yield Deployment(world, client)
