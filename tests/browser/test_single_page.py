"""A single-page application: oidc-client-ts in Chromium, against the running server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.pages import Visit, visiting
from tests.flows.server import Server

HERE = Path(__file__).parent
LIBRARY = HERE / "node/node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"


@contextmanager
def serving(files: dict[str, tuple[str, bytes]]) -> Iterator[str]:
    """The origin of a web server that holds these files, by path: (media type, content)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            media_type, content = files.get(self.path.partition("?")[0], ("text/plain", b""))
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def heard(page: Page, what: str) -> dict[str, Any]:
    """What the application says, once it says this."""
    page.wait_for_function(
        "what => JSON.parse(document.getElementById('said')?.textContent || '{}').what === what",
        arg=what,
    )
    said: dict[str, Any] = json.loads(page.inner_text("#said"))
    return said


@pytest.fixture(name="origin")
def origin_fixture(server: Server) -> Iterator[str]:
    """Where the application is served."""
    if not LIBRARY.exists():
        pytest.skip("the JavaScript packages are not installed")
    settings = {
        "authority": server.issuer,
        "client_id": server.credentials["applications"]["public"]["client_id"],
    }
    files = {
        "/": ("text/html", (HERE / "spa.html").read_bytes()),
        "/oidc-client-ts.js": ("text/javascript", LIBRARY.read_bytes()),
        "/settings.json": ("application/json", json.dumps(settings).encode()),
    }
    with serving(files) as origin:
        yield origin


def test_oidc_client_ts_logs_in_refreshes_and_logs_out(
    browser: Browser, server: Server, origin: str
) -> None:
    with visiting(browser, server) as visit:
        visit.page.goto(f"{origin}/")
        heard(visit.page, "ready")
        visit.page.click("#login")
        visit.page.wait_for_url(f"{server.issuer}/**")
        visit.log_in()
        visit.decide("allow")
        visit.page.wait_for_url(f"{origin}/**")
        first = heard(visit.page, "logged in")
        assert first["profile"]["preferred_username"] == "domain\\jdoe"
        assert first["profile"]["email"] == "jdoe@example.com"
        visit.page.click("#refresh")
        assert heard(visit.page, "refreshed")["token"] != first["token"]
        visit.page.click("#logout")
        # At once, as the ID token comes along, and back to the port of this machine.
        visit.page.wait_for_url(f"{origin}/**")
        heard(visit.page, "ready")
        visit.authorize(prompt="none")
        assert visit.answer["error"] == "login_required"


def test_oidc_client_ts_logs_in_by_a_popup(browser: Browser, server: Server, origin: str) -> None:
    with visiting(browser, server) as visit:
        visit.page.goto(f"{origin}/")
        heard(visit.page, "ready")
        with visit.page.expect_popup() as opened:
            visit.page.click("#popup")
        popup = Visit(server, opened.value)
        popup.log_in(password="wrong")
        popup.log_in()
        popup.decide("allow")
        assert heard(visit.page, "logged in")["profile"]["preferred_username"] == "domain\\jdoe"
        popup.assert_quiet()
