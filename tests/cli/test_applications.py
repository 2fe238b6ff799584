"""`apps`, `secrets`, `certs`, `tokens`, against the running server."""

import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.cli.main import app
from chalicelib.local.certificate import generate
from tests.cli.terminal import Shell
from tests.flows.server import Server

LIFETIME = ("--token-lifetime", "token_lifetime")
FORM = ("--grant-type", "client_credentials", "--scope", "api", "--user", r"domain\jdoe")


def new_name() -> str:
    return f"Robot {secrets.token_hex(6)}"


def register(shell: Shell, *options: str) -> dict[str, str]:
    made = shell.run("apps", "create", "--name", new_name(), *(options or FORM))
    assert made.code == 0, made.err
    data: dict[str, str] = made.data
    return data


def test_an_application_from_its_registration_to_its_end(shell: Shell) -> None:
    name = new_name()
    made = shell.run("apps", "create", "--name", name, *FORM, "--token-lifetime", "5")
    assert made.code == 0
    assert made.data["client_secret"].startswith("gls_")
    assert made.data["token_lifetime_minutes"] == 5
    assert "this once" in made.err

    shown = shell.run("apps", "show", name.upper())
    assert shown.data["client_id"] == made.data["client_id"]
    assert "client_secret" not in shown.data

    client_id = made.data["client_id"]
    changed = shell.run("apps", "update", client_id, "--token-lifetime", "never")
    assert changed.data["token_lifetime_minutes"] is None
    listed = shell.run("apps", "list", "--search", name)
    assert [item["client_id"] for item in listed.data] == [client_id]
    assert shell.run("apps", "disable", name).data["status"] == "disabled"
    assert shell.run("apps", "enable", name).data["status"] == "enabled"
    assert shell.run("apps", "revoke-tokens", name).code == 0

    asked = shell.run("apps", "delete", name)
    assert (asked.code, "--yes" in asked.err) == (2, True)
    assert shell.run("apps", "delete", name, "--yes").code == 0
    assert shell.run("apps", "show", client_id).code == 4


def test_every_wrong_field_is_named_and_nothing_is_on_stdout(shell: Shell) -> None:
    ended = shell.run("apps", "create", "--name", "x", "--grant-type", "client_credentials")
    assert (ended.code, ended.out) == (1, "")
    assert "allowed_scopes:" in ended.err
    assert "user_name:" in ended.err


def test_a_form_may_come_from_a_file_or_a_pipe(shell: Shell, tmp_path: Path) -> None:
    name = new_name()
    form = tmp_path / "form.yaml"
    form.write_text(f"name: {name}\ngrant_type: bearer_token\nallowed_scopes: [user_sync]\n")
    made = shell.run("apps", "create", "--file", str(form), "--description", "Directory")
    assert (made.data["name"], made.data["description"]) == (name, "Directory")
    typed = '{"description": "By a pipe"}'
    changed = shell.run("apps", "update", name, "--file", "-", typed=typed)
    assert changed.data["description"] == "By a pipe"
    assert shell.run("apps", "update", name, "--file", "-", typed="[1").code == 2
    assert shell.run("apps", "update", name).code == 2


def test_a_secret_is_made_beside_the_first_and_cut(shell: Shell) -> None:
    made = register(shell)
    added = shell.run("secrets", "add", made["client_id"], "--overlap", "3600")
    assert added.data["client_secret"].startswith("gls_")
    listed = shell.run("secrets", "list", made["client_id"])
    assert len(listed.data) == 2
    assert "gls_" not in listed.out
    (ending,) = [secret for secret in listed.data if secret["ends_at"]]
    assert f"The secret {ending['secret_id']} ends at {ending['ends_at']}." in added.err
    assert shell.run("secrets", "cut", made["client_id"], ending["secret_id"]).code == 0
    assert len(shell.run("secrets", "list", made["client_id"]).data) == 1


def test_a_certificate_is_put_shown_and_read_back(shell: Shell, tmp_path: Path) -> None:
    first, second = tmp_path / "first.pem", tmp_path / "second.cer"
    first.write_bytes(generate("first", int(time.time())).certificate)
    other = x509.load_pem_x509_certificate(generate("second", int(time.time())).certificate)
    second.write_bytes(other.public_bytes(Encoding.DER))
    options = ("--grant-type", "client_certificate", "--user", "jdoe@domain")
    made = register(shell, *options, "--certificate", str(first))
    assert made["client_secret"] is None
    put = shell.run("certs", "put", made["client_id"], str(second))
    assert put.code == 0, put.err
    assert shell.run("certs", "show", made["client_id"]).data == put.data
    with (tmp_path / "back.cer").open("wb") as back:
        assert shell.run_into(back, "certs", "show", made["client_id"], "--file").code == 0
    assert (tmp_path / "back.cer").read_bytes() == second.read_bytes()
    assert shell.run("certs", "put", made["client_id"], "-", typed="nonsense").code == 1


def test_a_private_key_is_sent_nowhere(nobody: Shell, tmp_path: Path) -> None:
    key = tmp_path / "client.key"
    key.write_bytes(generate("key", int(time.time())).private_key)
    for command in (
        ("apps", "create", "--name", "x", "--certificate", str(key)),
        ("certs", "put", f"app_{'0' * 26}", str(key)),
    ):
        ended = nobody.run(*command, GRANTLINE_URL="http://127.0.0.1:1", GRANTLINE_TOKEN="gla_x")
        assert (ended.code, "holds a private key" in ended.err) == (2, True), ended.err


def test_a_token_is_got_introspected_and_revoked_with_secrets_from_elsewhere(
    shell: Shell, nobody: Shell
) -> None:
    made = register(shell)
    url, client = ("--url", shell.environ["GRANTLINE_URL"]), ("--client-id", made["client_id"])
    secret = made["client_secret"]
    got = nobody.run(*url, "tokens", "get", *client, typed=f"{secret}\n")
    assert got.code == 0, got.err
    environ = {
        "GRANTLINE_CLIENT_SECRET": secret,
        "GRANTLINE_TOKEN_VALUE": got.data["access_token"],
    }
    other = register(shell)
    as_another = {**environ, "GRANTLINE_CLIENT_SECRET": other["client_secret"]}
    refused = nobody.run(*url, "tokens", "revoke", "--client-id", other["client_id"], **as_another)
    assert (refused.code, made["client_id"] in refused.err) == (1, True), refused.err
    mistaken = {**environ, "GRANTLINE_TOKEN_VALUE": "gla_nonsense"}
    assert nobody.run(*url, "tokens", "revoke", *client, **mistaken).code == 2
    asked = nobody.run(*url, "tokens", "introspect", *client, **environ)
    assert (asked.data["active"], asked.data["scope"]) == (True, "api")
    assert nobody.run(*url, "tokens", "revoke", *client, **environ).code == 0
    again = nobody.run(*url, "tokens", "introspect", *client, **environ)
    assert again.data == {"active": False}


def test_a_token_is_got_with_the_key_of_a_certificate(
    nobody: Shell, server: Server, tmp_path: Path
) -> None:
    client = server.credentials["applications"]["client_certificate"]
    arguments = ("--url", server.issuer, "tokens", "get", "--client-id", client["client_id"])
    got = nobody.run(*arguments, "--private-key", client["private_key_file"])
    assert got.code == 0, got.err
    assert got.data["scope"] == "odata_query"
    token = f"{got.data['access_token']}\n"
    signed = (*arguments[4:], "--private-key", client["private_key_file"])
    for verb, active in (("introspect", True), ("revoke", None), ("introspect", False)):
        ended = nobody.run(*arguments[:3], verb, *signed, typed=token)
        assert ended.code == 0, ended.err
        assert active is None or ended.data["active"] is active
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(generate("other", int(time.time())).private_key)
    assert nobody.run(*arguments, "--private-key", str(wrong)).code == 3
    wrong.write_text("nonsense")
    assert nobody.run(*arguments, "--private-key", str(wrong)).code == 2


def test_no_option_and_no_argument_takes_a_secret() -> None:
    taken = {
        name
        for path, command in _commands(typer.main.get_command(app))
        for parameter in command.params
        if not getattr(parameter, "is_flag", False)
        for name in (f"{path} {option}" for option in (*parameter.opts, parameter.name or ""))
        if re.search("secret|password|token", name.rpartition(" ")[2])
    }
    lifetimes = {f"apps {verb} {name}" for verb in ("create", "update") for name in LIFETIME}
    # An id is none.
    assert taken - lifetimes == {"secrets cut secret_id"}


def _commands(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, f"{path} {name}".strip())
