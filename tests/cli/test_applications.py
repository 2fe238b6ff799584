"""`apps`, `secrets`, `certs`, `tokens`, against the running server."""

import secrets
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.local.certificate import generate
from tests.cli.terminal import Shell
from tests.flows.server import Server

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
    assert shell.run("certs", "put", made["client_id"], "-", typed="nonsense").code == 1


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
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(generate("other", int(time.time())).private_key)
    assert nobody.run(*arguments, "--private-key", str(wrong)).code == 3
    wrong.write_text("nonsense")
    assert nobody.run(*arguments, "--private-key", str(wrong)).code == 2


@pytest.mark.parametrize("group", ["apps", "secrets", "certs", "users", "tokens", "login"])
def test_no_option_takes_a_secret(nobody: Shell, group: str) -> None:
    commands = [group] if group == "login" else [group, *_commands_of(nobody, group)]
    for command in commands:
        arguments = (group,) if command == group else (group, command)
        help_text = nobody.run(*arguments, "--help", COLUMNS="200").out
        assert "--client-secret" not in help_text
        assert "--password <" not in help_text
        assert "--token <" not in help_text


def _commands_of(shell: Shell, group: str) -> list[str]:
    text = shell.run(group, "--help", COLUMNS="200").out
    rows = text.partition("Commands")[2].splitlines()
    names = [row.strip("│ ").split(" ")[0] for row in rows if row.startswith("│ ")]
    assert names
    return [name for name in names if name]
