"""Readers that go away, interruptions, odd terminals, damaged files: an exit code and one line."""

import json
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import NARROW, Ended, Shell, clean_environ
from tests.flows.server import Server

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def in_one_line(ended: Ended, code: int, words: str) -> None:
    assert (ended.code, len(ended.err.splitlines())) == (code, 1), ended.err
    assert words in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    "arguments", [("audit", "tail"), ("export",), ("apps", "list"), ("--help",)]
)
def test_a_reader_that_has_gone_ends_a_command_without_a_word(
    shell: Shell, arguments: tuple[str, ...]
) -> None:
    ended = shell.run_unread(*arguments)
    assert (ended.code, ended.err) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_an_output_that_cannot_be_written_is_told(shell: Shell) -> None:
    with Path("/dev/full").open("wb") as full:
        in_one_line(shell.run_into(full, "apps", "list"), 2, "No space left")


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A shell starts what it puts into the background without SIGINT; commands inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_following_is_interrupted_without_a_word(shell: Shell) -> None:
    with shell.start("audit", "tail", "-n", "1", "--follow") as following:
        try:
            assert following.stdout is not None
            assert following.stdout.readline()
            following.send_signal(signal.SIGINT)
            _, err = following.communicate(timeout=60)
        finally:
            following.kill()
    assert (following.returncode, err.strip()) == (130, "")


def test_following_outlives_its_token(shell: Shell, server: Server) -> None:
    own = server.credentials["admin_application"]["client_id"]
    with shell.start("audit", "tail", "-n", "1", "--follow", "--every", "0.1") as following:
        try:
            assert following.stdout is not None
            following.stdout.readline()
            shell.run("apps", "revoke-tokens", own)
            assert json.loads(following.stdout.readline())["target"] == own
        finally:
            following.terminate()


def test_a_terminal_that_knows_few_letters_is_shown_the_others_as_escapes(shell: Shell) -> None:
    label = f"u{secrets.token_hex(6)}@domain"
    made = shell.run("users", "create", label, "--given-name", "Zoë ☃").data
    shown = shell.run_on_terminal("users", "show", made["id"], **ASCII)
    assert (shown.code, r"Zo\xeb \u2603" in shown.out) == (0, True)
    assert shell.run_on_terminal("users", "list", "--limit", "0", **ASCII).code == 0
    # The letter came in UTF-8, which a process in such a locale cannot know.
    refused = shell.run_on_terminal("users", "list", "--search", "ü", **ASCII)
    assert (refused.code, "set LANG" in refused.out) == (2, True)


def test_a_pipe_is_utf_8_whatever_the_locale(shell: Shell, tmp_path: Path) -> None:
    name = f"Zürich ☃ {secrets.token_hex(6)}"
    form = tmp_path / "form.yaml"
    form.write_text(f"{{name: {name}, grant_type: bearer_token, allowed_scopes: [api]}}", "utf-8")
    assert shell.run("apps", "create", "--file", str(form), **ASCII).data["name"] == name
    assert f"name: {name}" in shell.run("export", **ASCII).out


@pytest.mark.parametrize("columns", ["1", "40"])
def test_an_id_and_a_secret_are_never_broken_into_lines(shell: Shell, columns: str) -> None:
    form = ("--grant-type", "bearer_token", "--scope", "api", "--json")
    made = shell.run("apps", "create", "--name", f"Narrow {secrets.token_hex(6)}", *form).data
    shown = shell.run_on_terminal("apps", "list", "--limit", "0", COLUMNS=columns, **NARROW)
    assert (shown.code, made["client_id"] in shown.out) == (0, True)
    added = shell.run_on_terminal("secrets", "add", made["client_id"], COLUMNS=columns, **NARROW)
    (secret,) = [word for word in added.out.split() if word.startswith("gls_")]
    token = shell.run("api", "GET", "/oauth2/server/whoami", GRANTLINE_TOKEN=secret)
    assert token.data["client_id"] == made["client_id"]


def test_what_is_no_text_is_refused(shell: Shell) -> None:
    for arguments in (
        ("users", "password", "jdoe@domain"),
        ("api", "POST", "/admin/users", "--data", "-"),
        ("import", "-", "--yes"),
    ):
        ended = shell.run(*arguments, typed=b"\xff\xfe\n")
        assert (ended.code, len(ended.err.splitlines())) == (2, 1), ended.err


def test_a_token_that_no_header_can_hold_is_refused(shell: Shell) -> None:
    for token in ("a\nb", "☃"):
        in_one_line(shell.run("whoami", GRANTLINE_TOKEN=token), 2, "cannot be sent")


def test_a_deployment_that_is_away_is_told_with_the_reason(shell: Shell) -> None:
    ended = shell.run("whoami", GRANTLINE_URL="http://127.0.0.1:1")
    in_one_line(ended, 6, "http://127.0.0.1:1 does not answer: Connection refused")


@pytest.fixture(name="held")
def held_fixture(tmp_path: Path, server: Server) -> dict[str, Any]:
    """A login of an application, as a profile keeps it."""
    directory = tmp_path / "config" / "profiles"
    directory.mkdir(parents=True)
    client = server.credentials["admin_application"]
    return {
        "path": directory / "default.json",
        "shell": Shell(clean_environ(tmp_path / "config")),
        "profile": {
            "issuer": server.issuer,
            "client_id": client["client_id"],
            "access_token": "gla_of_before",
            "ends_at": 1,
        },
    }


def test_a_login_that_has_ended_says_what_to_do(held: dict[str, Any]) -> None:
    held["path"].write_text(json.dumps(held["profile"]))
    in_one_line(held["shell"].run("whoami"), 3, "The login has ended: grantline login")


@pytest.mark.parametrize(
    "damage",
    [
        {"issuer": 5},
        {"access_token": None},
        {"ends_at": "soon"},
        {"refresh_token": 1},
        {"more": True},
    ],
)
def test_a_damaged_login_says_what_to_do(held: dict[str, Any], damage: dict[str, Any]) -> None:
    held["path"].write_text(json.dumps({**held["profile"], **damage}))
    in_one_line(held["shell"].run("whoami"), 3, "log in again")


@pytest.mark.parametrize("content", ["", "[]", "null", "{", "\x00"])
def test_a_login_that_is_no_object_says_what_to_do(held: dict[str, Any], content: str) -> None:
    held["path"].write_text(content)
    in_one_line(held["shell"].run("whoami"), 3, "log in again")
