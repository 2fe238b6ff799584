"""The pages about connecting, tried out: bodies are registered, Python logs somebody in."""

import json
import re
import shutil
import socket
import subprocess
import webbrowser
from secrets import token_hex
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.flows.clients import Administrator, get_token
from tests.flows.server import ROOT, Server
from tests.flows.test_readme import paste
from tests.flows.visitor import TIMEOUT_SECONDS, Visitor

NODE = ROOT / "tests" / "browser" / "node"
PAGES = ("connect-web", "connect-mobile", "connect-single-page", "connect-grantline")


def blocks(page: str, language: str) -> list[str]:
    """The code of this language on a page, in order."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def register(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    """Register under a name of its own."""
    named = {**body, "name": f"{body['name']} {token_hex(4)}"}
    answer = Administrator(server).send("POST", "/applications", named)
    assert answer.status_code == 201, answer.text
    registered: dict[str, Any] = answer.json()
    return registered


def run(code: str, server: Server, app: dict[str, Any], **names: Any) -> dict[str, Any]:
    """Run a snippet as it is, against the http of the local server."""
    given = {
        "ISSUER": server.issuer,
        "CLIENT_ID": app["client_id"],
        "CLIENT_SECRET": app["client_secret"],
        **names,
    }
    exec(compile(code, "docs", "exec"), given)  # noqa: S102 - the pages are our own
    return given


def visit(server: Server, url: str) -> Visitor:
    """Log in and allow."""
    visitor = Visitor(server.issuer)
    visitor.open(url)
    visitor.log_in(server.credentials["user"])
    visitor.submit({"decision": "allow"})
    return visitor


@pytest.mark.parametrize("page", PAGES)
def test_every_body_can_be_registered(server: Server, page: str) -> None:
    for text in blocks(page, "json"):
        body = json.loads(text)
        registered = register(server, body)
        kept = {name: registered[name] for name in body}
        assert kept == {**body, "name": registered["name"]}


def test_a_web_application_logs_somebody_in(server: Server) -> None:
    body = json.loads(blocks("connect-web", "json")[0])
    app = register(server, body)
    code = blocks("connect-web", "python")[0]
    page = run(code, server, app, REDIRECT_URI=body["redirect_uris"][0])
    session: dict[str, str] = {}
    visitor = visit(server, page["start"](session))
    person = page["finish"](session, visitor.url)
    assert person["preferred_username"] == "domain\\jdoe"
    assert page["renew"](session).startswith("gla_")


def test_on_a_developers_machine_the_page_works_without_a_secret(server: Server) -> None:
    """The ready application, and the changes that the page names."""
    app = server.credentials["applications"]["public"]
    assert app["client_secret"] is None
    code = blocks("connect-web", "python")[0].replace("    client_secret=CLIENT_SECRET,\n", "")
    page = run(code, server, app, REDIRECT_URI="http://127.0.0.1:5000/")
    session: dict[str, str] = {}
    visitor = visit(server, page["start"](session))
    assert visitor.url.startswith("http://127.0.0.1:5000/?")
    assert page["finish"](session, visitor.url)["preferred_username"] == "domain\\jdoe"


@pytest.mark.parametrize("page", ["connect-web", "connect-mobile"])
def test_openid_client_takes_the_http_of_the_local_server(server: Server, page: str) -> None:
    """The discovery of the page, with its own lines."""
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules").is_dir():
        pytest.skip("openid-client is installed for the browser tests: tests/browser/node")
    app = server.credentials["applications"]["public"]
    code = blocks(page, "javascript")[0]
    match = re.search(r"^const local = .*?^}\);\n", code, re.DOTALL | re.MULTILINE)
    assert match is not None
    given = {"ISSUER": server.issuer, "CLIENT_ID": app["client_id"], "CLIENT_SECRET": "secret"}
    script = "\n".join(
        [
            'import * as client from "openid-client";',
            *(f"const {name} = {json.dumps(value)};" for name, value in given.items()),
            match.group(),
            "console.log(config.serverMetadata().issuer);",
        ]
    )
    done = subprocess.run(  # noqa: S603 - the pages are our own
        [node, "--input-type=module", "-e", script],
        capture_output=True,
        check=False,
        cwd=NODE,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == server.issuer, done.stderr


def test_a_mobile_application_logs_somebody_in_by_a_port(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = register(server, json.loads(blocks("connect-mobile", "json")[0]))
    threads: list[Thread] = []
    idle: list[socket.socket] = []

    def browse(url: str) -> None:
        visitor = visit(server, url)
        address = urlsplit(visitor.url)
        # A connection made in advance, which stays silent.
        idle.append(socket.create_connection((address.hostname or "", address.port or 0)))
        icon = f"http://{address.netloc}/favicon.ico"
        for visited in (icon, visitor.url):
            requests.get(visited, timeout=TIMEOUT_SECONDS)

    def open_browser(url: str) -> None:
        threads.append(Thread(target=browse, args=(url,)))
        threads[0].start()

    monkeypatch.setattr(webbrowser, "open", open_browser)
    monkeypatch.setattr("http.server.BaseHTTPRequestHandler.log_message", lambda *_: None)
    page = run(blocks("connect-mobile", "python")[0], server, app)
    threads[0].join(TIMEOUT_SECONDS)
    idle[0].close()
    assert page["person"]["preferred_username"] == "domain\\jdoe"


def test_a_mobile_application_logs_somebody_in_by_the_title(server: Server) -> None:
    app = register(server, json.loads(blocks("connect-mobile", "json")[1]))
    page = run(blocks("connect-mobile", "python")[1], server, app)
    visitor = visit(server, str(page["request"]))
    assert page["finish"](visitor.url, "Log in") is None
    assert page["finish"]("https://elsewhere.example/", visitor.title) is None
    token = page["finish"](visitor.url, visitor.title)
    assert page["client"].userinfo(token)["preferred_username"] == "domain\\jdoe"


def test_an_api_asks_about_the_token_of_a_page(server: Server) -> None:
    """The API's half: the page's is driven in a browser."""
    user = server.credentials["user"]
    api = register(
        server,
        {
            "name": "Business API",
            "grant_type": "client_credentials",
            "allowed_scopes": ["api"],
            "user_name": user["user_name"],
            "user_domain": user["user_domain"],
            "introspection": "any",
        },
    )
    names = {"API_CLIENT_ID": api["client_id"], "API_CLIENT_SECRET": api["client_secret"]}
    page = run(blocks("connect-single-page", "python")[0], server, api, **names)
    other = server.credentials["applications"]["client_credentials"]
    token = get_token(server, other, scope="api")["access_token"]
    assert page["subject_of"](token).startswith("usr_")
    narrower = get_token(server, other, scope="odata_query")["access_token"]
    assert page["subject_of"](narrower) is None
    assert page["subject_of"]("gla_nothing") is None


def test_a_relying_party_verifies_an_id_token(server: Server) -> None:
    body = json.loads(blocks("connect-web", "json")[0])
    app = register(server, body)
    web = run(
        blocks("connect-web", "python")[0], server, app, REDIRECT_URI=body["redirect_uris"][0]
    )
    session: dict[str, str] = {}
    visitor = visit(server, web["start"](session))
    request = web["serializer"].loads(session["login"])
    web["finish"](session, visitor.url)
    page = run(blocks("connect-grantline", "python")[0], server, app)
    claims = page["verified"](session["id_token"], request.nonce)
    assert claims["sub"].startswith("usr_")
    with pytest.raises(page["jwt"].InvalidTokenError):
        page["verified"](session["id_token"], "another")


def test_an_administrator_lists_and_ends_sessions(server: Server) -> None:
    admin = get_token(server, server.credentials["admin_application"], scope="admin")
    given = f"ISSUER={server.issuer}\nADMIN_TOKEN={admin['access_token']}\n"
    visitor = Visitor(server.issuer)
    visitor.open(f"{server.issuer}/login")
    visitor.log_in(server.credentials["user"])
    assert visitor.title == "Logged in"
    listed = json.loads(paste(given + blocks("login", "bash")[0], ROOT))
    assert listed["items"][0]["source_ip"] == "127.0.0.1"
    visitor.open(f"{server.issuer}/login")
    assert visitor.title == "Log in"
