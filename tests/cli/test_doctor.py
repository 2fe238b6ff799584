"""`doctor`, against the running server and against tables in moto."""

import json
import secrets
import time
from pathlib import Path

import boto3
import pytest

from chalicelib.cli.aws import inspect_stack
from chalicelib.cli.failures import ExitCode, Failure
from chalicelib.cli.findings import Verdict
from chalicelib.settings import Settings
from chalicelib.storage.resources import create_resources
from tests.certificates import pem, rsa_key
from tests.cli.terminal import Shell
from tests.fakes.clock import START
from tests.flows.server import Server
from tests.tables import Aws

PREFIX = "doctor-"
BUCKET = "doctor-certificates"
STACK = {
    "Parameters": {
        "TablePrefix": {"Type": "String", "Default": PREFIX},
        "AuditRetentionDays": {"Type": "Number", "Default": 30},
    },
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {
        "CertificateBucketName": {"Value": BUCKET},
        "Issuer": {"Value": "https://grantline.example"},
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


@pytest.fixture(name="stack", scope="module")
def stack_fixture(aws: Aws) -> str:  # noqa: ARG001 - where it is made
    body = json.dumps(STACK)
    boto3.client("cloudformation").create_stack(StackName="doctor", TemplateBody=body)
    create_resources(
        Settings(table_prefix=PREFIX, certificate_bucket=BUCKET, key_id=f"alias/{PREFIX}signing")
    )
    return "doctor"


def test_what_stands_behind_a_deployment_is_looked_at(stack: str) -> None:
    found = list(inspect_stack(stack))
    assert {finding.verdict for finding in found} == {Verdict.OK}
    details = " ".join(finding.detail for finding in found)
    for what in ("table doctor-tokens", "time to live of doctor-tokens", BUCKET, "key alias/"):
        assert what in details


def test_each_missing_thing_is_a_problem(stack: str) -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.update_time_to_live(
        TableName=f"{PREFIX}tokens",
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"},
    )
    boto3.client("s3").delete_public_access_block(Bucket=BUCKET)
    dynamodb.delete_table(TableName=f"{PREFIX}users")
    problems = [
        finding.detail for finding in inspect_stack(stack) if finding.verdict is Verdict.PROBLEM
    ]
    assert len(problems) == 4, problems
    text = " ".join(problems)
    assert "time to live of doctor-tokens: is DISABLED" in text
    assert f"bucket {BUCKET}" in text
    assert "table doctor-users" in text
    assert "backups of doctor-users" in text


def test_a_stack_that_is_not_there_is_unavailable(aws: Aws) -> None:  # noqa: ARG001 - likewise
    with pytest.raises(Failure) as raised:
        list(inspect_stack("nowhere"))
    assert raised.value.code is ExitCode.UNAVAILABLE
