"""The pages about services, their shell lines pasted as they are."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.flows.clients import Administrator, get_token
from tests.flows.server import ROOT, Server
from tests.flows.test_connect_pages import blocks, register
from tests.flows.test_readme import paste


def lines(page: str, first: str) -> str:
    """The bash block of a page that begins so."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    (block,) = [block for block in blocks if block.strip().startswith(first)]
    return str(block)


@pytest.fixture(name="shell")
def shell_fixture(server: Server, tmp_path: Path) -> Any:
    """Runs a block with the variables that the README sets, and with more."""
    admin = get_token(server, server.credentials["admin_application"], scope="admin")

    def run(block: str, **variables: str) -> Any:
        known = {"ISSUER": server.issuer, "ADMIN_TOKEN": admin["access_token"], **variables}
        settings = "".join(f"{name}='{value}'\n" for name, value in known.items())
        return json.loads(paste(settings + block, tmp_path))

    return run


def test_the_page_about_bots_connects_a_control_room(shell: Any) -> None:
    registered = shell(lines("rpa.md", 'curl -sS -X POST "$ISSUER/admin/applications"'))
    assert registered["token_lifetime_minutes"] is None
    callback = lines("rpa.md", 'curl -sS -X POST "$ISSUER/api/rpa/automation/callback"')
    answer = shell(callback, CLIENT_SECRET=registered["client_secret"])
    assert answer["deployment_id"] == "test-1"
    assert shell(callback, CLIENT_SECRET=registered["client_secret"]) == answer


@pytest.mark.parametrize(
    ("scope", "kind", "arguments", "answer"),
    [
        ("user_sync", "http_2", "", '"isAuthorized": true'),
        ("rpa", "http_2", "", '"isAuthorized": false'),
        ("user_sync", "rest_token", "--token x", '"errorMessage": "Unauthorized"'),
    ],
)
def test_the_authorizer_can_be_tried_without_aws(
    scope: str, kind: str, arguments: str, answer: str
) -> None:
    line = lines("protect-your-api.md", "GRANTLINE_AUTHORIZER_SCOPES=")
    program = line.replace("=user_sync", f"={scope}").replace("http_2.json", f"{kind}.json")
    program = program.replace(".venv/bin/python", shlex.quote(sys.executable)).rstrip()
    done = subprocess.run(  # noqa: S603 - the page is our own
        ["bash", "-c", f"{program} {arguments}"],  # noqa: S607 - wherever bash is
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer in json.dumps(json.loads(done.stdout)), done.stderr
    assert done.returncode == (1 if "error" in answer else 0)


def test_the_page_about_apis_registers_a_service_that_may_ask(server: Server, shell: Any) -> None:
    page = "protect-your-api.md"
    service = shell(lines(page, 'curl -sS -X POST "$ISSUER/admin/applications"'))
    token = get_token(server, server.credentials["applications"]["all"])["access_token"]
    described = shell(
        lines(page, "curl -sS -u"),
        SERVICE_ID=service["client_id"],
        SERVICE_SECRET=service["client_secret"],
        TOKEN=token,
    )
    assert described["active"] is True
    assert "api" in described["scope"].split(" ")


def field(page: str, name: str, column: int = 1) -> str:
    """What to type into a field of a page's table, the example's issuer in it."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {name} \|(.*)\|$", text, re.MULTILINE)
    value = row.split("|")[column - 1].strip()
    return value.partition("`")[2].partition("`")[0] or value


def test_the_page_about_entra_id_connects_it_by_client_credentials(
    server: Server, shell: Any
) -> None:
    page = "connect-entra-id.md"
    user, application, _ = map(json.loads, blocks("connect-entra-id", "json"))
    assert Administrator(server).send("POST", "/users", user).status_code == 201
    registered = register(server, application)
    assert registered["warnings"] == []
    assert field(page, "OAuth token endpoint") == "https://auth.example/oauth2/server/token"
    assert field(page, "How credentials are sent").startswith("Header")
    token = get_token(server, registered, scope=field(page, "OAuth 2.0 scopes"))
    # At least the hour that Microsoft asks for.
    assert token["expires_in"] == 3600
    found = shell(lines(page, "curl -sS -G"), TOKEN=token["access_token"])
    assert (found["totalResults"], found["Resources"]) == (0, [])


def test_the_page_about_entra_id_connects_it_by_a_secret(server: Server, shell: Any) -> None:
    page = "connect-entra-id.md"
    registered = register(server, json.loads(blocks("connect-entra-id", "json")[2]))
    asked = lines(page, "curl -sS -G")
    found = shell(asked, TOKEN=registered["client_secret"])
    assert (found["totalResults"], found["Resources"]) == (0, [])
    # The Tenant URL, as the page has it typed and as it has it tried.
    path, _, flag = field(page, "Tenant URL").removeprefix("https://auth.example").partition("?")
    assert f'"$ISSUER{path}/Users?{flag}"' in asked


def test_the_page_about_okta_connects_it(server: Server, shell: Any) -> None:
    page = "connect-okta.md"
    registered = register(server, json.loads(blocks("connect-okta", "json")[0]))
    asked = lines(page, "curl -sS -G")
    found = shell(asked, TOKEN=registered["client_secret"])
    assert found["itemsPerPage"] == len(found["Resources"]) == 2
    for name in ("SCIM connector base URL", "SCIM 2.0 Base Url"):
        path = field(page, name).removeprefix("https://auth.example")
        assert f'"$ISSUER{path}/Users"' in asked
