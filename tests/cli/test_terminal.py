"""What a person at a terminal sees and types, and how commands end."""

import io
import re
import secrets
import sys
import time
from pathlib import Path

import pytest

from chalicelib.cli.output import counted
from chalicelib.local.certificate import generate
from tests.cli.terminal import NARROW, Shell
from tests.flows.server import Server


def test_tables_on_a_terminal_and_json_when_asked(shell: Shell) -> None:
    shown = shell.run_on_terminal("apps", "list")
    assert shown.code == 0
    assert re.search(r"NAME +CLIENT ID +GRANT TYPE +SCOPES +STATUS", shown.out)
    assert "Local all" in shown.out
    assert shell.run_on_terminal("apps", "list", "--json").out.startswith("[\n")
    nothing = shell.run_on_terminal("apps", "list", "--search", secrets.token_hex(9))
    assert "Nothing found." in nothing.out


def test_a_narrow_terminal_has_a_list_in_place_of_a_table(shell: Shell) -> None:
    shown = shell.run_on_terminal("apps", "list", "--search", "Local all", COLUMNS="40", **NARROW)
    text = re.sub(r"\x1b\[\d+m", "", shown.out)
    assert re.match(r"NAME +Local all\nCLIENT ID +app_\w{26}\nGRANT TYPE +all\n", text)


def test_moments_are_shown_as_people_read_them(shell: Shell) -> None:
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\n"
    shown = shell.run_on_terminal("whoami")
    assert re.search(rf"issued_at +{moment}expires_at +{moment}", shown.out)
    assert isinstance(shell.run("whoami").data["issued_at"], int)
    endless = shell.run_on_terminal("apps", "show", "Local bearer token")
    assert re.search(r"token_lifetime_minutes +never\n", endless.out)


def test_long_work_shows_how_far_it_is_to_people_alone(shell: Shell) -> None:
    shown = shell.run_on_terminal("export", TERM="xterm")
    assert shown.code == 0
    assert re.search(r"Reading .*100%", shown.out)
    piped = shell.run("export")
    assert (piped.code, piped.err) == (0, "")
    assert piped.out.startswith("version: 1\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_list_of_many_pages_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for number, shown in ((100, False), (150, True)):
        monkeypatch.setattr("sys.stderr", Terminal())
        assert list(counted(range(number), "Reading")) == list(range(number))
        text = sys.stderr.getvalue()  # type: ignore[attr-defined] # of Terminal
        assert ("Reading" in text, str(number) in text) == (shown, shown)


def test_a_secret_of_an_application_is_typed_unseen(nobody: Shell, server: Server) -> None:
    client = server.credentials["applications"]["client_credentials"]
    command = ("--url", server.issuer, "tokens", "get", "--client-id", client["client_id"])
    typed = {"Client secret: ": client["client_secret"]}
    shown = nobody.run_on_terminal(*command, typed=typed)
    assert (shown.code, client["client_secret"] in shown.out) == (0, False), shown.out
    assert re.search(r"access_token +gla_", shown.out)


def test_secrets_are_typed_unseen(shell: Shell) -> None:
    label = f"u{secrets.token_hex(6)}@domain"
    shell.run("users", "create", label)
    password = secrets.token_urlsafe(18)
    typed = {"New password: ": password, "Again: ": password}
    ended = shell.run_on_terminal("users", "password", label, typed=typed)
    assert ended.code == 0
    assert password not in ended.out
    differing = {"New password: ": password, "Again: ": "something else"}
    assert shell.run_on_terminal("users", "password", label, typed=differing).code == 2


def test_deleting_asks_for_the_name(shell: Shell) -> None:
    name = f"Robot {secrets.token_hex(6)}"
    form = ("--grant-type", "bearer_token", "--scope", "api")
    shell.run("apps", "create", "--name", name, *form)
    refused = shell.run_on_terminal("apps", "delete", name, typed={"to go on": "no"})
    assert (refused.code, "Nothing was changed." in refused.out) == (1, True)
    done = shell.run_on_terminal("apps", "delete", name, typed={"to go on": name})
    assert (done.code, "Deleted" in done.out) == (0, True)


def test_what_others_wrote_cannot_steer_the_terminal(shell: Shell) -> None:
    name = f"Robot {secrets.token_hex(6)}"
    form = ("--grant-type", "bearer_token", "--scope", "api")
    made = shell.run("apps", "create", "--name", name, *form, "--description", "[red]x[/red]")
    shown = shell.run_on_terminal("apps", "show", made.data["client_id"])
    assert "[red]x[/red]" in shown.out
    assert "\x1b[31m" not in shown.out


def test_a_file_that_others_uploaded_cannot_either(shell: Shell, tmp_path: Path) -> None:
    certificate = tmp_path / "steering.pem"
    steering = b"\x1b]0;steered\x07\x1b[2J\n"
    certificate.write_bytes(steering + generate("steering", int(time.time())).certificate)
    form = ("--grant-type", "client_certificate", "--user", "jdoe@domain")
    name = f"Robot {secrets.token_hex(6)}"
    made = shell.run("apps", "create", "--name", name, *form, "--certificate", str(certificate))
    shown = shell.run_on_terminal("certs", "show", made.data["client_id"], "--file")
    assert (shown.code, "BEGIN CERTIFICATE" in shown.out) == (0, True)
    assert "\x1b" not in shown.out
    raw = shell.run_on_terminal("api", "GET", f"/admin/applications?search={name[:5]}")
    assert (raw.code, "\x1b" in raw.out) == (0, False)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("apps", "list"), 3),
        (("bogus",), 2),
        (("apps", "create", "--grant-type", "magic"), 2),
        (("--url", "http://grantline.example", "whoami"), 2),
        (("--url", "https://user@grantline.example", "whoami"), 2),
        (("--profile", "../x", "whoami"), 2),
        (("--help",), 0),
        (("logout",), 0),
    ],
)
def test_exit_codes_without_a_deployment(
    nobody: Shell, arguments: tuple[str, ...], code: int
) -> None:
    ended = nobody.run(*arguments)
    assert ended.code == code
    assert "Traceback" not in ended.err


def test_where_an_option_belongs_is_said(nobody: Shell) -> None:
    ended = nobody.run("apps", "list", "--url", "https://grantline.example")
    assert (ended.code, "go before the command" in ended.err) == (2, True)
    ended = nobody.run("--profile", "other", "whoami")
    assert (ended.code, ended.err) == (
        3,
        "grantline: Log in first: grantline --profile other login URL\n",
    )
    assert nobody.run("--version").out.startswith("grantline")


def test_exit_codes_of_refusals(shell: Shell, server: Server) -> None:
    assert shell.run("apps", "list", GRANTLINE_TOKEN="gla_nonsense").code == 3
    assert shell.run("apps", "show", f"app_{'0' * 26}").code == 4
    assert shell.run("apps", "show", "app_../users").code == 4
    away = "http://127.0.0.1:1"
    gone = shell.run("apps", "list", GRANTLINE_URL=away)
    assert (gone.code, "does not answer" in gone.err) == (6, True)
    assert server.credentials["admin_application"]["client_secret"] not in gone.err


def test_completion_is_offered_for_shells(nobody: Shell) -> None:
    shown = nobody.run(
        "--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"
    )
    assert shown.code == 0
    assert "complete" in shown.out
