"""The README's first pages, pasted as they are."""

import json
import re
import subprocess
from pathlib import Path

from tests.flows.clients import get_token
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

    admin = get_token(server, server.credentials["admin_application"], scope="admin")
    token = f"ADMIN_TOKEN={admin['access_token']}"
    output = paste(f"{first}\n{token}\n{block('Register an application')}", directory)
    decoder = json.JSONDecoder()
    _, end = decoder.raw_decode(output)
    registered, _ = decoder.raw_decode(output, end)
    assert registered["name"] == "Invoice robot"
    assert registered["client_secret"]
