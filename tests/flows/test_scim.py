"""SCIM as clients meet it: two conformance suites against the running server, and a person."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests

from tests.flows.clients import Administrator
from tests.flows.server import Server, running
from tests.flows.visitor import Visitor

TIMEOUT_SECONDS = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A deployment with a default domain: the suites send a userName that carries none."""
    directory = tmp_path_factory.mktemp("scim")
    # The suites delete again and again who is gone already; each time waits for leases.
    settings = {"GRANTLINE_SCIM_DEFAULT_DOMAIN": "example.com", "GRANTLINE_LEASE_SECONDS": "0.01"}
    with running(directory, **settings) as started:
        yield started


def secret_token(server: Server) -> str:
    """What an identity provider stores: the secret of a bearer token application."""
    return str(server.credentials["applications"]["bearer_token"]["client_secret"])


def run_tool(name: str, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """A command of the environment that the tests run in."""
    return subprocess.run(  # noqa: S603 - commands of our own environment
        [str(Path(sys.executable).parent / name), *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def test_scim2_tester_finds_nothing_wrong(server: Server) -> None:
    header = f"Authorization: Bearer {secret_token(server)}"
    url = server.url("/scim/v2")
    done = run_tool("scim2", "--url", url, "test", "--verbose", SCIM_CLI_HEADERS=header)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") > 100
    assert "SKIPPED" not in done.stdout


def test_scim_sanity_finds_nothing_wrong(server: Server) -> None:
    done = run_tool(
        "scim-sanity",
        "probe",
        server.url("/scim/v2"),
        "--token",
        secret_token(server),
        "--i-accept-side-effects",
        "--json-output",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results: list[Mapping[str, str]] = json.loads(done.stdout)["results"]
    assert {result["status"] for result in results} <= {"pass", "skip"}


def scim(server: Server, method: str, path: str, body: object) -> requests.Response:
    """One request of the identity provider."""
    return requests.request(
        method,
        server.url(f"/scim/v2{path}"),
        data=json.dumps(body),
        headers={
            "Authorization": f"Bearer {secret_token(server)}",
            "Content-Type": "application/scim+json",
        },
        timeout=TIMEOUT_SECONDS,
    )


def test_a_provisioned_person_logs_in_and_is_out_when_deactivated(server: Server) -> None:
    name = f"ada-{uuid.uuid4()}"
    made = scim(server, "POST", "/Users", {"userName": f"{name}@contoso.com", "active": True})
    assert made.status_code == 201, made.text
    user_id = made.json()["id"]
    person = {"user_name": name, "user_domain": "contoso.com", "password": "correct horse battery"}
    visitor = Visitor(server.issuer)
    visitor.open(server.url("/login"))
    visitor.log_in(person)
    assert visitor.title != "Logged in"
    administrator = Administrator(server)
    password = {"password": person["password"]}
    assert administrator.send("POST", f"/users/{user_id}/password", password).status_code == 200
    visitor.open(server.url("/login"))
    visitor.log_in(person)
    assert visitor.title == "Logged in"
    off = [{"op": "Replace", "path": "active", "value": "False"}]
    left = scim(server, "PATCH", f"/Users/{user_id}", {"Operations": off})
    assert (left.status_code, left.json()["active"]) == (200, False)
    visitor.open(server.url("/login"))
    assert visitor.title != "Logged in"
    visitor.log_in(person)
    assert visitor.title != "Logged in"
