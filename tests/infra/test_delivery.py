"""The function that publishes pending callbacks: its template, and a run within its policy."""

import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.oauth.clock import SystemClock
from chalicelib.oauth.ids import new_ulid
from chalicelib.protected.rpa.model import Callback
from chalicelib.settings import Settings
from chalicelib.storage.resources import create_resources
from chalicelib.storage.stores import open_stores
from tests.infra.aws import CREDENTIALS, Aws, serving_aws
from tests.infra.iam import policy_of
from tests.infra.runtime import Function, FunctionFailed, running

Template = dict[str, Any]

on_lambdas_platform = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the package holds binaries of Lambda's platform",
)

SETTINGS = Settings(table_prefix="delivered-", event_bus="delivered-events")
NAMES = {
    "CallbacksTable": "table/delivered-callbacks",
    "EventBus": SETTINGS.event_bus,
    "DeliveryLog": "log",
}


@dataclass(frozen=True, slots=True)
class Deployment:
    function: Function
    aws: Aws


@pytest.fixture(scope="module")
def policy_document(template: Template) -> Template:
    (policy,) = template["Resources"]["DeliverCallbacksRole"]["Properties"]["Policies"]
    document: Template = policy["PolicyDocument"]
    return document


@pytest.fixture
def deployment(unpacked: Path, policy_document: Template, tmp_path: Path) -> Iterator[Deployment]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with serving_aws(policy_of(policy_document, NAMES)) as aws:
            create_resources(SETTINGS)
            environ = CREDENTIALS | {
                "AWS_ENDPOINT_URL": aws.url,
                "GRANTLINE_TABLE_PREFIX": SETTINGS.table_prefix,
                "GRANTLINE_EVENT_BUS": SETTINGS.event_bus,
            }
            with running(unpacked, tmp_path, environ, "app.deliver_callbacks") as function:
                yield Deployment(function, aws)


def test_it_runs_every_five_minutes_with_an_event_that_it_takes(template: Template) -> None:
    resources = template["Resources"]
    delivery, api = (resources[name]["Properties"] for name in ("DeliverCallbacks", "APIHandler"))
    assert delivery["Handler"] == "app.deliver_callbacks"
    for same in ("CodeUri", "Runtime", "Environment", "Architectures"):
        assert delivery[same] == api[same]
    assert delivery["LoggingConfig"] == {"LogGroup": {"Ref": "DeliveryLog"}}
    (event,) = delivery["Events"].values()
    assert event["Properties"]["Schedule"] == "rate(5 minutes)"
    assert json.loads(event["Properties"]["Input"]) == {}


@on_lambdas_platform
def test_it_publishes_what_is_pending_within_its_policy(deployment: Deployment) -> None:
    callbacks = open_stores(SETTINGS, SystemClock()).callbacks
    pending = Callback(
        client_id="app_a",
        deployment_id="deployment",
        event_id=new_ulid(),
        received_at=1,
        bot_status="RUN_COMPLETED",
        user_id=None,
        content={},
        content_hash="",
    )
    callbacks.create(pending)
    published = {"published": 1, "failed": 0, "left": False}
    assert deployment.function.invoke({}) == published
    assert deployment.function.invoke({}) == published | {"published": 0}
    stored = callbacks.load(("app_a", "deployment"))
    assert stored is not None
    assert stored.published_at is not None
    policy, used = deployment.aws.policy, deployment.aws.used
    assert deployment.aws.denied == set()
    assert {need for need in policy.unused(used) if not need[0].startswith("logs:")} == set()


@on_lambdas_platform
def test_a_slip_in_its_event_fails(deployment: Deployment) -> None:
    with pytest.raises(FunctionFailed, match="the event is"):
        deployment.function.invoke({"now": True})
