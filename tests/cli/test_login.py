"""Logging in, and who the commands then are."""

import json
import socket
import socketserver
import stat
import struct
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.cli.terminal import Shell, clean_environ
from tests.flows.server import Server
from tests.flows.visitor import Visitor


@pytest.fixture(name="directory")
def directory_fixture(tmp_path: Path) -> Path:
    return tmp_path / "config"


@pytest.fixture(name="person")
def person_fixture(directory: Path) -> Shell:
    return Shell(clean_environ(directory))


def log_in_with_browser(
    person: Shell, server: Server, option: str = "--no-browser", who: str = "administrator"
) -> tuple[int, str]:
    """Run `login`, be its browser, and give the exit code and what was written to stderr."""
    with person.start("login", server.issuer, option) as command:
        try:
            assert command.stderr is not None
            lines = [command.stderr.readline(), command.stderr.readline()]
            visitor = Visitor(server.issuer)
            visitor.open(lines[1].strip())
            visitor.log_in(server.credentials[who])
            visitor.submit({"decision": "allow"})
            landed = requests.get(visitor.url, timeout=10)
            assert "Logged in" in landed.text
            out, err = command.communicate(timeout=60)
        finally:
            command.kill()
    assert "code=" not in err
    if out:
        assert json.loads(out)["user_name"] == "admon"
    return command.returncode, "".join(lines) + err


def test_an_administrator_logs_in_with_a_browser_and_out_again(
    person: Shell, server: Server, directory: Path
) -> None:
    code, err = log_in_with_browser(person, server)
    assert code == 0, err
    (file,) = (directory / "profiles").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert person.run("apps", "list").code == 0

    held = json.loads(file.read_text())
    file.write_text(json.dumps({**held, "ends_at": 0}))
    assert person.run("whoami").data["scope"].split() == ["admin", "offline_access"]
    assert json.loads(file.read_text())["refresh_token"] != held["refresh_token"]

    # The token of one deployment goes to no other.
    elsewhere = person.run("--url", "https://other.example", "whoami")
    assert (elsewhere.code, server.issuer in elsewhere.err) == (3, True)

    token = json.loads(file.read_text())["access_token"]
    assert person.run("logout").code == 0
    assert not file.exists()
    headers = {"Authorization": f"Bearer {token}"}
    dead = requests.get(server.url("/oauth2/server/whoami"), headers=headers, timeout=10)
    assert dead.status_code == 401


def test_whoever_is_no_administrator_is_not_logged_in(
    directory: Path, server: Server, tmp_path: Path
) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o700)
    person = Shell(clean_environ(directory, BROWSER=str(browser)))
    code, err = log_in_with_browser(person, server, "--browser", who="user")
    assert (code, "administrator" in err) == (3, True)
    assert list((directory / "profiles").iterdir()) == []
    # Beside the browser that was opened, in case that nobody sees it.
    assert err.splitlines()[1] == opened.read_text()


def test_a_token_of_the_environment_goes_to_its_own_deployment_alone(
    person: Shell, server: Server
) -> None:
    client = server.credentials["admin_application"]
    login = ("login", server.issuer, "--client-credentials", "--client-id", client["client_id"])
    ended = person.run(
        *login, typed=f"{client['client_secret']}\n", GRANTLINE_TOKEN="gla_of_another_deployment"
    )
    assert ended.code == 0, ended.err
    assert ended.data["client_id"] == client["client_id"]


def test_an_answer_to_another_login_is_not_taken(person: Shell, server: Server) -> None:
    with person.start("login", server.issuer, "--no-browser") as command:
        try:
            assert command.stderr is not None
            command.stderr.readline()
            asked = parse_qs(urlsplit(command.stderr.readline().strip()).query)
            (redirect_uri,) = asked["redirect_uri"]
            forged = [{"code": "c", "state": "other"}, {"code": "c"}]
            answers = [requests.get(redirect_uri, params=query, timeout=10) for query in forged]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert requests.get(f"{redirect_uri}other", timeout=10).status_code == 404
            # Right state, wrong server (RFC 9207).
            query = {"code": "c", "state": asked["state"][0], "iss": "https://evil.example"}
            requests.get(redirect_uri, params=query, timeout=10)
            _, err = command.communicate(timeout=60)
        finally:
            command.kill()
    assert (command.returncode, "another server" in err) == (3, True)


def test_an_application_logs_in_with_its_secret_from_a_pipe(
    person: Shell, server: Server, directory: Path
) -> None:
    client = server.credentials["admin_application"]
    ended = person.run(
        "login",
        server.issuer,
        "--client-credentials",
        "--client-id",
        client["client_id"],
        typed=f"{client['client_secret']}\n",
    )
    assert ended.code == 0, ended.err
    stored = (directory / "profiles" / "default.json").read_text()
    assert client["client_secret"] not in stored
    assert client["client_secret"] not in ended.out + ended.err
    assert person.run("users", "list").code == 0
    wrong = person.run(
        "login", "--client-credentials", "--client-id", client["client_id"], typed="wrong\n"
    )
    assert wrong.code == 3


def test_nobody_is_sent_to_a_server_that_calls_itself_otherwise(
    person: Shell, server: Server
) -> None:
    other = server.issuer.replace("127.0.0.1", "localhost")
    ended = person.run("login", other, "--no-browser")
    assert (ended.code, server.issuer in ended.err) == (2, True)


def test_a_login_is_kept_until_it_is_revoked_or_given_up(person: Shell, directory: Path) -> None:
    (directory / "profiles").mkdir(parents=True)
    file = directory / "profiles" / "default.json"
    tokens = {"access_token": "gla_x", "refresh_token": "glr_x", "ends_at": 0}
    file.write_text(json.dumps({"issuer": "http://127.0.0.1:1", "client_id": "c", **tokens}))
    ended = person.run("logout")
    assert (ended.code, "logout --forget" in ended.err, file.exists()) == (6, True, True)
    ended = person.run("logout", "--forget")
    assert (ended.code, "live until their end" in ended.err, file.exists()) == (0, True, False)


def test_a_token_in_clear_goes_to_this_machine_and_to_no_proxy(shell: Shell) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as proxy:
        url = f"http://127.0.0.1:{proxy.server_address[1]}"
        ended = shell.run("whoami", HTTP_PROXY=url, http_proxy=url, all_proxy=url)
        proxy.socket.settimeout(0)
        with pytest.raises(BlockingIOError):
            proxy.socket.accept()
    assert ended.code == 0, ended.err


def test_where_no_login_can_be_kept_none_is_begun(nobody: Shell, server: Server) -> None:
    ended = nobody.run("login", server.issuer, GRANTLINE_CONFIG_DIRECTORY="/proc/self/none")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("grantline: /proc/self/none/profiles/default.json cannot be wr")
    assert len(ended.err.splitlines()) == 1


def test_a_connection_that_breaks_off_says_nothing(person: Shell, server: Server) -> None:
    with person.start("login", server.issuer, "--no-browser") as command:
        try:
            assert command.stderr is not None
            lines = [command.stderr.readline(), command.stderr.readline()]
            (uri,) = parse_qs(urlsplit(lines[1].strip()).query)["redirect_uri"]
            place = ("127.0.0.1", urlsplit(uri).port or 0)
            with socket.create_connection(place) as broken:
                broken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                broken.sendall(b"GET /?code=x HTTP/1.1\r\n\r\n")
            # One after another: once this is answered, the one before it has been.
            assert requests.get(f"{uri}?code=x", timeout=10).status_code == 404
        finally:
            command.kill()
        assert command.stderr.read() == ""
