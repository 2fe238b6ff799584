"""The function that publishes pending callbacks: its template, and a run within its policy."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.oauth.clock import SystemClock
from chalicelib.oauth.ids import new_ulid
from chalicelib.protected.rpa.model import Callback
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

SETTINGS = Settings(table_prefix="delivered-", event_bus="delivered-events")
NAMES = {
    "CallbacksTable": "table/delivered-callbacks",
    "EventBus": SETTINGS.event_bus,
    "DeliveryLog": "log",
}
ENVIRON = {
    "GRANTLINE_TABLE_PREFIX": SETTINGS.table_prefix,
    "GRANTLINE_EVENT_BUS": SETTINGS.event_bus,
}


@pytest.fixture(scope="module")
def policy_document(template: Template) -> Template:
    return policy_document_of(template, "DeliverCallbacksRole")


@pytest.fixture
def deployment(unpacked: Path, policy_document: Template, tmp_path: Path) -> Iterator[Deployment]:
    with (
        resources(SETTINGS, policy_of(policy_document, NAMES)) as aws,
        deployed(unpacked, tmp_path, ENVIRON, aws, "app.deliver_callbacks") as deployment,
    ):
        yield deployment


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
    deployment.assert_policy_fits()


@on_lambdas_platform
def test_a_slip_in_its_event_fails(deployment: Deployment) -> None:
    with pytest.raises(FunctionFailed, match="the event is"):
        deployment.function.invoke({"now": True})
