"""SCIM as clients meet it: two conformance suites against the running server, and a person."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.flows.server import Server, running

TIMEOUT_SECONDS = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A deployment with a default domain: the suites send a userName that carries none."""
    directory = tmp_path_factory.mktemp("scim")
    with running(directory, GRANTLINE_SCIM_DEFAULT_DOMAIN="example.com") as started:
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
    assert done.stdout.count("SUCCESS") > 50


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
