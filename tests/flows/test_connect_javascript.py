"""The JavaScript of the pages about connecting, run in Node.js as it stands there."""

import json
import shutil
import subprocess
from typing import Any

import pytest
import requests

from tests.flows.clients import get_token
from tests.flows.server import Server
from tests.flows.test_connect_pages import NODE, blocks, register, visit
from tests.flows.visitor import TIMEOUT_SECONDS

# What the pages leave to their reader: names, where sessions live, how the test talks to it.
READ = """
const read = async () => {
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: process.stdin });
  const line = await lines.question("");
  lines.close();
  return line;
};
"""
WEB = """
const session = {};
console.log((await start(session)).href);
const { nonce } = session.login;
const person = await finish(session, await read());
const before = session.refreshToken;
const renewed = await renew(session);
console.log(JSON.stringify({
  person, renewed, rotated: before !== session.refreshToken, nonce, idToken: session.idToken,
}));
"""
VERIFY = """
const claims = await verified(ID_TOKEN, NONCE);
const refused = await verified(ID_TOKEN, "another").then(() => "", (error) => error.message);
console.log(JSON.stringify({ claims, refused }));
"""
# Electron's window, as far as the page uses it.
WINDOW = """
let changed;
let address = "https://elsewhere.example/";
let closed = 0;
const window = {
  webContents: { on: (_name, listener) => { changed = listener; }, getURL: () => address },
  close: () => { closed += 1; },
};
"""
TITLES = """
console.log(url.href);
const { page, title } = JSON.parse(await read());
await changed({}, title);
address = page;
await changed({}, "Log in");
const early = closed;
await changed({}, title);
console.log(JSON.stringify({ early, closed }));
"""


@pytest.fixture(name="node")
def node_fixture() -> str:
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules").is_dir():
        pytest.skip("Node.js or its packages are not installed")
    return node


class Program:
    """A running snippet: what it prints, and what it is told."""

    def __init__(self, node: str, *parts: str, **names: Any) -> None:
        given = [f"const {name} = {json.dumps(value)};" for name, value in names.items()]
        imports = [line for part in parts for line in part.splitlines() if _is_import(line)]
        rest = [line for part in parts for line in part.splitlines() if not _is_import(line)]
        code = "\n".join([*dict.fromkeys(imports), *given, READ, *rest])
        self._process = subprocess.Popen(  # noqa: S603 - the pages are our own
            [node, "--input-type=module", "-e", code],
            cwd=NODE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, self._process.communicate()[1]
        return line

    def end(self, told: str = "") -> dict[str, Any]:
        out, errors = self._process.communicate(told + "\n", timeout=60)
        assert self._process.returncode == 0, errors
        said: dict[str, Any] = json.loads(out)
        return said


def _is_import(line: str) -> bool:
    return line.startswith("import ")


def names(server: Server, app: dict[str, Any]) -> dict[str, Any]:
    return {
        "ISSUER": server.issuer,
        "CLIENT_ID": app["client_id"],
        "CLIENT_SECRET": app["client_secret"],
    }


def test_a_web_application_logs_somebody_in_and_verifies_the_id_token(
    server: Server, node: str
) -> None:
    body = json.loads(blocks("connect-web", "json")[0])
    app = register(server, body)
    given = names(server, app)
    code = blocks("connect-web", "javascript")[0]
    page = Program(node, code, WEB, **given, REDIRECT_URI=body["redirect_uris"][0])
    visitor = visit(server, page.line())
    said = page.end(visitor.url)
    assert said["person"]["preferred_username"] == "domain\\jdoe"
    assert said["renewed"].startswith("gla_")
    assert said["rotated"]
    held = {"ID_TOKEN": said["idToken"], "NONCE": said["nonce"]}
    code = blocks("connect-grantline", "javascript")[0]
    said = Program(node, code, VERIFY, **given, **held).end()
    assert said["claims"]["sub"].startswith("usr_")
    assert said["refused"] == "another nonce"


def test_a_mobile_application_logs_somebody_in_by_a_port(server: Server, node: str) -> None:
    app = register(server, json.loads(blocks("connect-mobile", "json")[0]))
    # The browser that it opens is the test's.
    code = blocks("connect-mobile", "javascript")[0].replace(
        'import open from "open";', "const open = async (href) => console.log(href);"
    )
    page = Program(node, code, "console.log(JSON.stringify(person));", **names(server, app))
    visitor = visit(server, page.line())
    icon = f"{visitor.url.partition('?')[0]}favicon.ico"
    for url in (icon, visitor.url):
        requests.get(url, timeout=TIMEOUT_SECONDS)
    assert page.end()["preferred_username"] == "domain\\jdoe"


def test_a_mobile_application_logs_somebody_in_by_the_title(server: Server, node: str) -> None:
    app = register(server, json.loads(blocks("connect-mobile", "json")[1]))
    uri = "bz:oauth:2.0:server:mobiletitlebarbrowser"
    port, title = blocks("connect-mobile", "javascript")
    # Of the first snippet what the second refers to, without the server and the browser.
    begin = port[port.index("const local") : port.index("await open")]
    begin = begin.replace("redirect_uri: redirectUri", "redirect_uri: REDIRECT_URI")
    imports = 'import * as client from "openid-client";\n'
    given = {**names(server, app), "REDIRECT_URI": uri}
    page = Program(node, imports + begin, WINDOW, title, TITLES, **given)
    visitor = visit(server, page.line())
    told = json.dumps({"page": visitor.url, "title": visitor.title})
    # Closed once, at the title on a page of the issuer; the tokens came, or it had failed.
    assert page.end(told) == {"early": 0, "closed": 1}


def test_an_api_asks_about_the_token_of_a_page(server: Server, node: str) -> None:
    api = server.credentials["admin_application"]
    config = blocks("connect-web", "javascript")[0].partition("export ")[0]
    code = blocks("connect-single-page", "javascript")[1]
    other = server.credentials["applications"]["client_credentials"]
    for scope, allowed in (("api", True), ("odata_query", False)):
        token = get_token(server, other, scope=scope)["access_token"]
        given = {**names(server, api), "accessToken": token}
        page = Program(node, config, code, "console.log(JSON.stringify({ allowed }));", **given)
        assert page.end() == {"allowed": allowed}
