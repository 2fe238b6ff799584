"""`export` and `import`: registrations that live in files."""

import secrets
from pathlib import Path
from typing import Any

import yaml

from tests.cli.terminal import Ended, Shell


def names(document: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in document["applications"]]


def export(shell: Shell) -> dict[str, Any]:
    ended = shell.run("export")
    assert ended.code == 0, ended.err
    document: dict[str, Any] = yaml.safe_load(ended.out)
    return document


def write(path: Path, *applications: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump({"version": 1, "applications": list(applications)}))
    return str(path)


def test_an_export_holds_no_secret_and_imports_as_no_change(shell: Shell, tmp_path: Path) -> None:
    exported = shell.run("export")
    assert "gls_" not in exported.out
    assert "secret_id" not in exported.out
    assert "BEGIN CERTIFICATE" in exported.out
    file = tmp_path / "all.yaml"
    file.write_text(exported.out)
    again = shell.run("import", str(file), "--yes")
    assert (again.code, again.out) == (0, "")
    assert "as the file says" in again.err


def test_a_file_registers_and_changes_what_differs_and_nothing_else(
    shell: Shell, tmp_path: Path
) -> None:
    name = f"Imported {secrets.token_hex(6)}"
    entry = {
        "name": name,
        "grant_type": "bearer_token",
        "allowed_scopes": ["user_sync"],
        "token_lifetime_minutes": None,
    }
    file = write(tmp_path / "one.yaml", entry)
    planned = shell.run("import", file, "--dry-run")
    assert planned.code == 0
    assert f"+name: {name}" in planned.out
    assert name not in names(export(shell))

    refused = shell.run("import", file)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    made = shell.run("import", file, "--yes")
    (result,) = made.data
    assert (result["outcome"], result["client_secret"][:4]) == ("registered", "gls_")
    assert shell.run("import", file, "--yes").out == ""

    known = {"client_id": result["client_id"], "name": f"{name} II", "status": "disabled"}
    changed = shell.run("import", write(tmp_path / "two.yaml", known), "--yes")
    assert [entry["outcome"] for entry in changed.data] == ["changed", "disabled"]
    shown = shell.run("apps", "show", result["client_id"]).data
    assert (shown["name"], shown["status"]) == (f"{name} II", "disabled")
    assert shown["allowed_scopes"] == ["user_sync"]


def test_secrets_of_those_before_a_refused_entry_are_shown(shell: Shell, tmp_path: Path) -> None:
    good = {
        "name": f"Good {secrets.token_hex(6)}",
        "grant_type": "bearer_token",
        "allowed_scopes": ["api"],
    }
    bad = {"name": f"Bad {secrets.token_hex(6)}", "grant_type": "bearer_token"}
    ended = shell.run("import", write(tmp_path / "mixed.yaml", good, bad), "--yes")
    assert ended.code == 1
    assert [entry["name"] for entry in ended.data] == [good["name"]]
    assert ended.data[0]["client_secret"].startswith("gls_")
    assert "allowed_scopes:" in ended.err
    assert bad["name"] in ended.err


def test_a_file_that_is_none_is_refused_before_anything_is_sent(
    nobody: Shell, tmp_path: Path
) -> None:
    def refuse(content: str) -> Ended:
        file = tmp_path / "wrong.yaml"
        file.write_text(content)
        ended = nobody.run("import", str(file), "--yes")
        assert (ended.code, ended.out) == (2, "")
        return ended

    refuse("[]")
    refuse("version: 2\napplications: []\n")
    refuse("version: 1\napplications: [1]\n")
    refuse("version: 1\napplications: [{name: a}, {name: A}]\n")
    assert "client_secret" in refuse("version: 1\napplications: [{name: a, client_secret: b}]").err
    refuse("a: !!python/object/apply:os.system [true]\n")
    refuse("status: {")
    assert nobody.run("import", str(tmp_path / "absent.yaml")).code == 2
