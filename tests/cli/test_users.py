"""`users`, `audit`, `api`, `keys`, against the running server."""

import json
import secrets

from tests.cli.terminal import Shell
from tests.flows.server import Server


def test_a_user_from_creation_to_a_disabled_end(shell: Shell) -> None:
    label = f"u{secrets.token_hex(6)}@domain"
    made = shell.run(
        "users", "create", label, "--email", "u@example.com", "--role", "administrator"
    )
    assert made.code == 0, made.err
    assert made.data["roles"] == ["administrator"]
    changed = shell.run("users", "update", label, "--no-roles", "--given-name", "Uma")
    assert (changed.data["roles"], changed.data["given_name"]) == ([], "Uma")
    name = label.partition("@")[0]
    listed = shell.run("users", "list", "--search", name, "--domain", "domain")
    assert [item["id"] for item in listed.data] == [made.data["id"]]
    assert shell.run("users", "disable", rf"domain\{name}").data["status"] == "disabled"
    assert shell.run("users", "enable", made.data["id"]).data["status"] == "enabled"
    assert shell.run("users", "show", "nobody@nowhere").code == 4
    assert shell.run("users", "show", "neither").code == 2
    assert shell.run("users", "create", label).code == 5


def test_a_password_comes_from_a_pipe_and_the_rules_hold(shell: Shell) -> None:
    label = f"u{secrets.token_hex(6)}@domain"
    shell.run("users", "create", label)
    password = secrets.token_urlsafe(18)
    ended = shell.run("users", "password", label, typed=f"{password}\n")
    assert ended.code == 0, ended.err
    assert password not in ended.out + ended.err
    refused = shell.run("users", "password", label, typed="password\n")
    assert (refused.code, "password:" in refused.err) == (1, True)
    assert shell.run("users", "password", label).code == 2
    assert shell.run("users", "sessions", label).data == []
    assert shell.run("users", "end-sessions", label, "--yes").code == 0


def test_the_audit_trail_is_shown_line_by_line_and_followed(shell: Shell) -> None:
    label = f"u{secrets.token_hex(6)}@domain"
    made = shell.run("users", "create", label)
    tail = shell.run("audit", "tail", "-n", "1")
    (event,) = [json.loads(line) for line in tail.out.splitlines()]
    assert (event["action"], event["target"]) == ("user.created", made.data["id"])
    with shell.start("audit", "tail", "-n", "1", "--follow", "--every", "0.1") as following:
        try:
            assert following.stdout is not None
            assert json.loads(following.stdout.readline()) == event
            shell.run("users", "disable", label)
            assert json.loads(following.stdout.readline())["action"] == "user.disabled"
        finally:
            following.terminate()


def test_any_request_can_be_sent(shell: Shell, server: Server) -> None:
    got = shell.run("api", "get", "/admin/users?search=admon")
    assert got.data["items"][0]["user_name"] == "admon"
    refused = shell.run("api", "POST", "/admin/users", "--data", '{"user_name": ""}')
    assert (refused.code, "user_domain:" in refused.err) == (1, True)
    odd = shell.run("api", "GET", "/odata/data/Nothing")
    assert (odd.code, odd.err) == (4, "grantline: Resource 'Nothing' was not found.\n")
    assert shell.run("api", "GET", server.issuer).code == 2
    assert shell.run("api", "GET", "/admin/users", "--data", "{").code == 2


def test_signing_keys_are_listed_and_rotated_without_their_private_halves(shell: Shell) -> None:
    shell.run("api", "GET", "/oauth2/server/jwks")
    listed = shell.run("keys", "list")
    assert listed.code == 0, listed.err
    assert {key["state"] for key in listed.data} == {"active"}
    assert "private" not in listed.out
    assert shell.run("keys", "rotate").code == 2
    rotated = shell.run("keys", "rotate", "--yes")
    assert {key["state"] for key in rotated.data} == {"active", "next"}
    table = shell.run_on_terminal("keys", "list")
    assert rotated.data[-1]["kid"][:12] in table.out
