"""The README's first pages, pasted as they are."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.server import ROOT, Server


def block(title: str) -> str:
    """The first bash block under a heading of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition(f"## {title}\n")[2]
    match = re.search(r"```bash\n(.*?)```", section, re.DOTALL)
    assert match is not None, title
    return match.group(1)


def paste(script: str, directory: Path) -> str:
    done = subprocess.run(  # noqa: S603 - the README is our own
        ["bash", "-c", f"set -euo pipefail\n{script}"],  # noqa: S607 - wherever bash is
        capture_output=True,
        check=False,
        cwd=directory,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_gets_a_token_and_registers_an_application(server: Server) -> None:
    # The README is read where `.local` is.
    directory = server.directory.parent
    first = block("First token")
    me = json.loads(paste(first, directory))
    assert me["client_id"] == server.credentials["applications"]["client_credentials"]["client_id"]

    output = paste(f"{first}\n{block('Register an application')}", directory)
    _, registered = map(json.loads, output.splitlines())
    assert registered["name"] == "Invoice robot"
    assert registered["client_secret"]


def test_the_readme_finds_the_credentials_of_another_folder(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRANTLINE_LOCAL_DIRECTORY", str(server.directory))
    me = json.loads(paste(block("First token"), tmp_path))
    assert me["client_id"] == server.credentials["applications"]["client_credentials"]["client_id"]


def test_the_readme_reads_by_odata(server: Server) -> None:
    script = f"{block('First token')}\n{block('Read by OData')}"
    output = paste(script, server.directory.parent)
    _, answer = map(json.loads, output.splitlines())
    assert [user["userName"] for user in answer["value"]] == ["jdoe"]


def test_the_readme_registers_and_exports_from_the_command_line(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install, login, *commands = block("From the command line").splitlines()
    assert install.startswith("make cli && export PATH=")
    assert login.startswith("grantline login http://127.0.0.1:8000 ")
    client = server.credentials["admin_application"]
    monkeypatch.setenv("GRANTLINE_URL", server.issuer)
    monkeypatch.setenv("GRANTLINE_CLIENT_ID", client["client_id"])
    monkeypatch.setenv("GRANTLINE_CLIENT_SECRET", client["client_secret"])
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HOME", str(tmp_path))
    installed = f'grantline() {{ "{sys.executable}" -m chalicelib.cli "$@"; }}'
    made = json.loads(paste("\n".join([installed, *commands]), tmp_path))
    assert f"name: {made['name']}\n" in (tmp_path / "registrations.yaml").read_text()


def test_the_signed_jwt_of_the_documents_works(server: Server) -> None:
    text = (ROOT / "docs" / "client-certificate.md").read_text(encoding="utf-8")
    match = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert match is not None
    script = f"{match.group(1)}\nprint(json.dumps([token, me]))"
    done = subprocess.run(  # noqa: S603 - the document is our own
        [sys.executable, "-c", script],
        capture_output=True,
        check=False,
        cwd=server.directory.parent,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    token, me = json.loads(done.stdout)
    assert token["token_type"] == "Bearer"
    assert me["grant"] == "client_certificate"
