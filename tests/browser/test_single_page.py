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
from tests.flows.test_connect_pages import blocks

HERE = Path(__file__).parent
PACKAGES = HERE / "node/node_modules"
LIBRARY = PACKAGES / "oidc-client-ts/dist/browser/oidc-client-ts.min.js"
# What a bundler makes of the import in the page's first line.
MODULES = {
    "oidc-client-ts": PACKAGES / "oidc-client-ts/dist/esm/oidc-client-ts.js",
    "jwt-decode": PACKAGES / "jwt-decode/build/esm/index.js",
}
# Around the script of docs/connect-single-page.md: what an application does with it.
DOCUMENTED = """<!doctype html>
<html lang="en">
<title>single page</title>
<button id="logout">Log out</button>
<pre id="said"></pre>
<script type="importmap">{imports}</script>
<script type="module">
  import {{ call, logOut, person }} from "/page.js";
  document.getElementById("logout").onclick = logOut;
  const user = await person();
  if (user) {{
    const answer = await call("{issuer}/oauth2/server/userinfo");
    const said = {{ what: "logged in", profile: user.profile, search: location.search }};
    said.answer = await answer.json();
    document.getElementById("said").textContent = JSON.stringify(said);
  }}
</script>
</html>"""


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


def settings_of(server: Server) -> dict[str, str]:
    """The issuer, and the application that any port of this machine may be."""
    client_id = server.credentials["applications"]["public"]["client_id"]
    return {"authority": server.issuer, "client_id": client_id}


@pytest.fixture(name="origin")
def origin_fixture(server: Server) -> Iterator[str]:
    """Where the application is served."""
    if not LIBRARY.exists():
        pytest.skip("the JavaScript packages are not installed")
    files = {
        "/": ("text/html", (HERE / "spa.html").read_bytes()),
        "/oidc-client-ts.js": ("text/javascript", LIBRARY.read_bytes()),
        "/settings.json": ("application/json", json.dumps(settings_of(server)).encode()),
    }
    with serving(files) as origin:
        yield origin


@pytest.fixture(name="documented")
def documented_fixture(server: Server) -> Iterator[str]:
    """Where an application is served that holds the script of the documentation as it is."""
    if not LIBRARY.exists():
        pytest.skip("the JavaScript packages are not installed")
    settings = settings_of(server)
    names = {"ISSUER": settings["authority"], "CLIENT_ID": settings["client_id"]}
    given = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in names.items())
    script = given + blocks("connect-single-page", "javascript")[0]
    imports = json.dumps({"imports": {name: f"/{name}.js" for name in MODULES}})
    page = DOCUMENTED.format(imports=imports, issuer=server.issuer)
    files = {
        f"/{name}.js": ("text/javascript", file.read_bytes()) for name, file in MODULES.items()
    }
    files |= {"/page.js": ("text/javascript", script.encode()), "/": ("text/html", page.encode())}
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


def test_the_page_of_the_documentation_logs_in_calls_and_logs_out(
    browser: Browser, server: Server, documented: str
) -> None:
    with visiting(browser, server) as visit:
        visit.page.goto(f"{documented}/")
        visit.page.wait_for_url(f"{server.issuer}/**")
        visit.log_in()
        visit.decide("allow")
        visit.page.wait_for_url(f"{documented}/**")
        said = heard(visit.page, "logged in")
        assert said["profile"]["preferred_username"] == "domain\\jdoe"
        assert said["answer"]["sub"] == said["profile"]["sub"]
        assert said["search"] == ""
        visit.page.reload()
        assert heard(visit.page, "logged in")["answer"] == said["answer"]
        visit.page.click("#logout")
        # Logged out, it comes back, finds nobody, and asks for the login anew.
        visit.page.wait_for_selector("#password")
        assert visit.page.url.startswith(server.issuer)
