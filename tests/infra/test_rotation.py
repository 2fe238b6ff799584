"""The function on a schedule: what the template makes of it, and how it runs within its policy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.oauth.clock import SystemClock
from chalicelib.settings import Settings
from chalicelib.storage.stores import open_stores
from tests.infra.deployed import (
    Deployment,
    Template,
    deployed,
    on_lambdas_platform,
    policy_document_of,
    resources,
)
from tests.infra.iam import policy_of
from tests.infra.runtime import FunctionFailed

ISSUER = "https://issuer.example"
SETTINGS = Settings(issuer=ISSUER, table_prefix="rotated-", key_id="alias/rotated")
NAMES = {
    "SigningKeysTable": "table/rotated-signing_keys",
    "EncryptionKey": SETTINGS.key_id,
    "RotationLog": "log",
}
ENVIRON = {
    "GRANTLINE_ISSUER": ISSUER,
    "GRANTLINE_TABLE_PREFIX": SETTINGS.table_prefix,
    "GRANTLINE_KEY_ID": SETTINGS.key_id,
}


@pytest.fixture(scope="module")
def policy_document(template: Template) -> Template:
    return policy_document_of(template, "RotateKeysRole")


@pytest.fixture
def deployment(unpacked: Path, policy_document: Template, tmp_path: Path) -> Iterator[Deployment]:
    with (
        resources(SETTINGS, policy_of(policy_document, NAMES)) as aws,
        deployed(unpacked, tmp_path, ENVIRON, aws, "app.rotate_keys") as deployment,
    ):
        yield deployment


def test_it_is_the_same_code_with_the_same_settings(template: Template) -> None:
    resources = template["Resources"]
    rotation, api = (resources[name]["Properties"] for name in ("RotateKeys", "APIHandler"))
    assert rotation["Handler"] == "app.rotate_keys"
    for same in ("CodeUri", "Runtime", "Environment", "Architectures"):
        assert rotation[same] == api[same]
    assert rotation["FunctionName"] == {"Fn::Sub": "${TablePrefix}rotate-keys"}
    assert rotation["LoggingConfig"] == {"LogGroup": {"Ref": "RotationLog"}}


def test_it_runs_every_hour_with_an_event_that_it_takes(template: Template) -> None:
    events = template["Resources"]["RotateKeys"]["Properties"]["Events"]
    (event,) = events.values()
    assert event["Type"] == "Schedule"
    assert event["Properties"]["Schedule"] == "rate(1 hour)"
    assert json.loads(event["Properties"]["Input"]) == {}


def test_it_cannot_read_a_private_key(policy_document: Template) -> None:
    allowed = {action for action, _ in policy_of(policy_document, NAMES).allowed}
    assert "kms:Decrypt" not in allowed
    assert "kms:Encrypt" in allowed


@on_lambdas_platform
def test_it_makes_and_rotates_the_ring_within_its_policy(deployment: Deployment) -> None:
    first = deployment.function.invoke({})
    assert first["changes"] == []
    assert [key["state"] for key in first["keys"]] == ["active", "active"]

    started = deployment.function.invoke({"start": True})
    assert {(key["alg"], key["state"]) for key in started["changes"]} == {
        ("RS256", "next"),
        ("ES256", "next"),
    }
    again = deployment.function.invoke({"start": True})
    assert again == {"changes": [], "keys": started["keys"]}
    ring = open_stores(SETTINGS, SystemClock()).key_rings.load(ISSUER)
    assert ring is not None
    assert [key.kid for key in ring.keys] == [key["kid"] for key in again["keys"]]

    deployment.assert_policy_fits()
    lines = [json.loads(line) for line in deployment.log.read_text().splitlines()]
    assert [len(line["changes"]) for line in lines] == [0, 2, 0]


@on_lambdas_platform
def test_a_slip_in_its_event_fails(deployment: Deployment) -> None:
    slips: tuple[Any, ...] = ({"start": 1}, {"strat": True}, {"start": True, "now": 1}, [], "start")
    for event in slips:
        with pytest.raises(FunctionFailed, match="the event is"):
            deployment.function.invoke(event)
