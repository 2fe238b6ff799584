"""`export` and `import`: registrations that live in files."""

import re
import secrets
from pathlib import Path
from typing import Any

import yaml

from tests.cli.terminal import Ended, Shell
from tests.names import full_width

FORM = ("--grant-type", "bearer_token", "--scope", "api")


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
    # Line by line, so that a difference shows the lines that differ.
    assert re.search(
        r"^  certificate: \|\n    -+BEGIN CERTIFICATE-+\n    \w", exported.out, re.MULTILINE
    )
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


def entry_of(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "grant_type": "bearer_token", "allowed_scopes": ["api"], **fields}


def test_a_dry_run_tells_what_would_be_refused_field_by_field(shell: Shell, tmp_path: Path) -> None:
    known = shell.run("apps", "create", "--name", f"Known {secrets.token_hex(6)}", *FORM).data
    good, bad = entry_of(f"Good {secrets.token_hex(6)}"), entry_of("Bad", allowed_scopes=[])
    worse = {"client_id": known["client_id"], "name": known["name"], "website": "http://x"}
    file = write(tmp_path / "mixed.yaml", good, bad, worse)
    planned = shell.run("import", file, "--dry-run")
    assert planned.code == 1
    assert [name for name in (good["name"], "Bad", known["name"]) if name in planned.out] == [
        good["name"], "Bad", known["name"],
    ]  # fmt: skip
    assert "Bad: Some fields are not valid.\n  allowed_scopes: must" in planned.err
    assert f"{known['name']}: Some fields are not valid.\n  website: must" in planned.err
    assert "3 of 3 applications differ; 2 would be refused." in planned.err
    assert good["name"] not in planned.err

    as_json = shell.run("import", file, "--dry-run", "--json")
    assert as_json.code == 1
    first, second, third = as_json.data
    assert (first["now"], first["then"]["allowed_scopes"], first["refused"]) == (
        None, ["api"], None,
    )  # fmt: skip
    assert list(second["refused"]["fields"]) == ["allowed_scopes"]
    assert (third["now"], third["then"]) == ({"website": None}, {"website": "http://x"})

    # Without --dry-run nothing of it is begun.
    ended = shell.run("import", file, "--yes")
    assert (ended.code, ended.out) == (1, "")
    assert "Nothing was changed: 2 would be refused." in ended.err
    assert good["name"] not in names(export(shell))


def test_a_dry_run_tells_of_a_name_that_is_taken(shell: Shell, tmp_path: Path) -> None:
    taken = f"Taken {secrets.token_hex(6)}"
    known, _ = (
        shell.run("apps", "create", "--name", name, *FORM).data["client_id"]
        for name in (f"Known {secrets.token_hex(6)}", taken)
    )
    planned = shell.run(
        "import", write(tmp_path / "x.yaml", {"client_id": known, "name": taken}), "--dry-run"
    )
    assert (planned.code, "name: is the name of another" in planned.err) == (5, True)


def test_secrets_of_those_before_a_refused_entry_are_shown(shell: Shell, tmp_path: Path) -> None:
    good = entry_of(f"Good-{secrets.token_hex(6)}")
    # Free until the first of them is registered.
    same = {**good, "name": full_width(good["name"])}
    ended = shell.run("import", write(tmp_path / "mixed.yaml", good, same), "--yes")
    assert ended.code == 5
    assert [entry["name"] for entry in ended.data] == [good["name"]]
    assert ended.data[0]["client_secret"].startswith("gls_")
    assert "name: is the name of another" in ended.err


def test_one_application_is_not_changed_by_two_entries(shell: Shell, tmp_path: Path) -> None:
    made = shell.run("apps", "create", "--name", f"Once {secrets.token_hex(6)}", *FORM).data
    by_id, by_name = {"client_id": made["client_id"], "name": "Other"}, {"name": made["name"]}
    ended = shell.run("import", write(tmp_path / "twice.yaml", by_id, by_name), "--yes")
    assert (ended.code, "is there twice" in ended.err) == (2, True)
    assert shell.run("apps", "show", made["client_id"]).data["version"] == 1


def test_a_date_is_a_text_and_what_json_has_not_is_refused(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "dated.yaml"
    name = f"Dated {secrets.token_hex(6)}"
    fields = f"name: {name}, grant_type: bearer_token, allowed_scopes: [api]"
    file.write_text(f"version: 1\napplications: [{{{fields}, description: 2026-01-31}}]\n")
    assert shell.run("import", str(file), "--yes").code == 0
    assert shell.run("apps", "show", name).data["description"] == "2026-01-31"
    for value in (
        ".nan",
        "!!binary aGVsbG8=",
        "&a [*a]",
        "!!set {a}",
        "!!int ''",
        "!!bool maybe",
        "!!timestamp 1",
    ):
        file.write_text(f"version: 1\napplications: [{{{fields}, description: {value}}}]\n")
        ended = shell.run("import", str(file), "--yes")
        assert (ended.code, len(ended.err.splitlines())) == (2, 1), ended.err


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
    assert "line 2" in refuse("version: 1\nversion: 1\napplications: []\n").err
    refuse("version: 1\napplications: []\nsecrets: []\n")
    refuse('version: 1\napplications: [{name: "a\\n+++ b"}]\n')
    refuse("a: !!python/object/apply:os.system [true]\n")
    refuse("status: {")
    # Aliases that unfold to more than any memory holds; merged ones do so while they are read.
    tens = ("[" + ", ".join(["*x{0}"] * 10) + "]").format
    lists = "".join(f"x{n + 1}: &x{n + 1} {tens(n)}\n" for n in range(9))
    maps = "".join(f"x{n + 1}: &x{n + 1} {{<<: {tens(n)}}}\n" for n in range(9))
    assert "unfold" in refuse(f"x0: &x0 [y]\n{lists}").err
    assert "unfold" in refuse(f"x0: &x0 {{y: z}}\n{maps}").err
    refuse("#" * 10_000_001)
    assert nobody.run("import", str(tmp_path / "absent.yaml")).code == 2
