"""`doctor`, against the running server and against tables in moto."""

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.settings import Settings
from chalicelib.storage.resources import create_resources
from tests.certificates import pem, rsa_key
from tests.cli.terminal import Shell
from tests.fakes.clock import START
from tests.flows.server import Server
from tests.infra.aws import CREDENTIALS, serving, serving_aws
from tests.infra.iam import ANYTHING
from tests.tables import Aws

PREFIX = "doctor-"
BUCKET = "doctor-certificates"
BUS = "doctor-events"
STACK = {
    "Parameters": {
        "TablePrefix": {"Type": "String", "Default": PREFIX},
        "AuditRetentionDays": {"Type": "Number", "Default": 30},
    },
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {
        "CertificateBucketName": {"Value": BUCKET},
        "EventBusArn": {"Value": f"arn:aws:events:eu-central-1:000000000000:event-bus/{BUS}"},
    },
}


def test_a_running_deployment_is_well(shell: Shell) -> None:
    ended = shell.run("doctor")
    assert ended.code == 0, ended.err
    checks = {finding["check"] for finding in ended.data}
    assert checks == {"discovery", "health", "signing keys", "clock", "registrations"}
    # The local server has an application whose tokens never end.
    assert any(finding["verdict"] == "warning" for finding in ended.data)


def test_a_certificate_that_ends_soon_is_told(shell: Shell, tmp_path: Path) -> None:
    today = (time.time() - START) / 86_400
    name = f"Ending {secrets.token_hex(6)}"
    form = {
        "name": name,
        "grant_type": "client_certificate",
        "user_name": "jdoe",
        "user_domain": "domain",
        "certificate": pem(rsa_key(2048), first_day=today - 80, last_day=today + 10),
    }
    file = tmp_path / "form.json"
    file.write_text(json.dumps(form))
    assert shell.run("apps", "create", "--file", str(file)).code == 0
    (found,) = [one for one in shell.run("doctor").data if name in one["detail"]]
    assert found["verdict"] == "warning"
    assert "certificate" in found["detail"]


def test_it_says_what_it_could_not_look_at(nobody: Shell, server: Server) -> None:
    ended = nobody.run("--url", server.issuer, "doctor")
    skipped = [found["check"] for found in ended.data if found["verdict"] == "skipped"]
    assert (ended.code, skipped) == (0, ["registrations"])


def test_a_deployment_that_is_away_is_a_problem(nobody: Shell) -> None:
    ended = nobody.run("--url", "http://127.0.0.1:1", "doctor")
    assert ended.code == 7
    assert {found["verdict"] for found in ended.data} == {"problem", "skipped"}


class _Wrong(BaseHTTPRequestHandler):
    """A deployment in which everything is as it should not be; its subject is its clock."""

    def do_GET(self) -> None:
        body = {"issuer": "https://other.example", "status": "away", "keys": []}
        content = json.dumps(body).encode()
        self.send_response_only(200)
        apart = self.server.subject  # type: ignore[attr-defined]  # of `serving`
        if apart is not None:
            self.send_header("Date", formatdate(time.time() + apart, usegmt=True))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("apart", "verdict"), [(0, "ok"), (8, "warning"), (-8, "warning"), (60, "problem")]
)
def test_everything_that_is_wrong_is_told(nobody: Shell, apart: int, verdict: str) -> None:
    with serving(_Wrong, apart) as url:
        ended = nobody.run("--url", url, "doctor")
    assert ended.code == 7
    found = {entry["check"]: entry["verdict"] for entry in ended.data}
    assert found.pop("clock") == verdict
    assert found.pop("registrations") == "skipped"
    assert found == {"discovery": "problem", "health": "problem", "signing keys": "problem"}


def test_what_is_no_grantline_is_told_in_one_line(nobody: Shell) -> None:
    with serving(_Wrong, None) as url:
        clock = [one for one in nobody.run("--url", url, "doctor").data if one["check"] == "clock"]
        listed = nobody.run("--url", url, "apps", "list", GRANTLINE_TOKEN="gla_x")
    assert [entry["verdict"] for entry in clock] == ["skipped"]
    assert (listed.code, len(listed.err.splitlines())) == (6, 1), listed.err
    assert "is this a Grantline's URL?" in listed.err


@pytest.fixture(name="operator", scope="module")
def operator_fixture(aws: Aws, server: Server) -> Iterator[dict[str, str]]:  # noqa: ARG001 - where it is made
    """The environment of somebody with AWS credentials, where the running server has a stack."""
    outputs = {**STACK["Outputs"], "Issuer": {"Value": server.issuer}}
    body = json.dumps({**STACK, "Outputs": outputs})
    boto3.client("cloudformation").create_stack(StackName="doctor", TemplateBody=body)
    settings = Settings(table_prefix=PREFIX, key_id=f"alias/{PREFIX}signing")
    create_resources(replace(settings, certificate_bucket=BUCKET, event_bus=BUS))
    with serving_aws(ANYTHING) as served:
        yield {**CREDENTIALS, "AWS_ENDPOINT_URL": served.url, "AWS_EC2_METADATA_DISABLED": "true"}


def look(shell: Shell, operator: dict[str, str], stack: str = "doctor") -> dict[str, list[Any]]:
    """What `doctor --stack` found of AWS, by verdict, and its exit code."""
    ended = shell.run("doctor", "--stack", stack, **operator)
    found: dict[str, list[Any]] = {"codes": [ended.code]}
    for entry in ended.data:
        if entry["check"] == "AWS":
            found.setdefault(entry["verdict"], []).append(entry["detail"])
    return found


def test_what_stands_behind_a_deployment_is_looked_at(
    shell: Shell, operator: dict[str, str]
) -> None:
    found = look(shell, operator)
    assert found.keys() == {"codes", "ok"}, found
    assert found["codes"] == [0]
    details = " ".join(found["ok"])
    tables = ("applications", "users", "tokens", "signing_keys", "audit_events", "callbacks")
    for what in (
        *(f"table {PREFIX}{table}: " for table in tables),
        *(f"backups of {PREFIX}{table}: " for table in tables),
        *(
            f"time to live of {PREFIX}{table}: "
            for table in ("tokens", "audit_events", "callbacks")
        ),
        f"bucket {BUCKET}: ",
        f"key alias/{PREFIX}signing: ",
        f"event bus {BUS}: ",
        "stack doctor: serves http://127.0.0.1:",
    ):
        assert what in details


def test_a_stack_that_cannot_be_found_is_a_problem_among_the_others(
    shell: Shell, operator: dict[str, str]
) -> None:
    found = look(shell, operator, "nowhere")
    assert found["codes"] == [7]
    (problem,) = found["problem"]
    assert "nowhere" in problem


def test_each_missing_thing_is_a_problem(shell: Shell, operator: dict[str, str]) -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.update_time_to_live(
        TableName=f"{PREFIX}tokens",
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"},
    )
    boto3.client("s3").delete_public_access_block(Bucket=BUCKET)
    boto3.client("events").delete_event_bus(Name=BUS)
    dynamodb.delete_table(TableName=f"{PREFIX}users")
    elsewhere = {**operator, "GRANTLINE_URL": "http://127.0.0.1:1"}
    found = look(shell, elsewhere)
    assert found["codes"] == [7]
    text = " ".join(found["problem"])
    assert len(found["problem"]) == 6, text
    for what in (
        f"time to live of {PREFIX}tokens: is DISABLED",
        f"bucket {BUCKET}: ",
        f"event bus {BUS}: ",
        f"table {PREFIX}users: ",
        f"backups of {PREFIX}users: ",
        "not http://127.0.0.1:1",
    ):
        assert what in text
