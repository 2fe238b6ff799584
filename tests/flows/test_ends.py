"""Tokens pass introspection until they end as their life cycle says; the clock is turned."""

import json
import uuid
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from chalicelib.local.seed import seed
from chalicelib.storage.stores import open_stores
from tests.fakes.clock import FakeClock
from tests.flows.clients import sign_with
from tests.harness import Process
from tests.tables import Aws, LockedConnection

MINUTE = 60
YEAR = 365 * 86_400

Application = Mapping[str, Any]


class Deployment:
    """The seeded app over in-process AWS, at a time that the test turns."""

    def __init__(self, aws: Aws, clock: FakeClock, directory: Path) -> None:
        self.clock = clock
        self.settings = aws.settings()
        connection = LockedConnection(clock)
        stores = open_stores(self.settings, clock, connection)
        self.seeded = seed(stores, clock, self.settings.issuer, directory)
        self._process = Process(create_app(self.settings, connection=connection, clock=clock))

    def register(self, **fields: object) -> dict[str, Any]:
        token = self.issue(self.seeded["admin_application"])["access_token"]
        form = {
            "name": str(uuid.uuid4()),
            "grant_type": "client_credentials",
            "allowed_scopes": ["api"],
        } | fields
        if form["grant_type"] != "bearer_token":
            form |= {"user_name": "jdoe", "user_domain": "domain"}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = self._process.call(
            "POST", "/admin/applications", headers=headers, body=json.dumps(form)
        )
        assert answer.status == 201, answer.body
        registered: dict[str, Any] = answer.body
        return registered

    def issue(self, application: Application) -> dict[str, Any]:
        form = {"grant_type": "client_credentials"}
        answer = self._process.post_form("/oauth2/server/token", form, _basic(application))
        assert answer.status == 200, answer.body
        issued: dict[str, Any] = answer.body
        return issued

    def introspect(self, token: str, caller: Application | None = None) -> dict[str, Any]:
        """Asked by the seeded resource server, unless another caller is named."""
        headers = _basic(caller or self.seeded["admin_application"])
        answer = self._process.post_form("/oauth2/server/introspect", {"token": token}, headers)
        assert answer.status == 200, answer.body
        described: dict[str, Any] = answer.body
        return described

    def is_active(self, token: str, caller: Application | None = None) -> bool:
        active: bool = self.introspect(token, caller)["active"]
        return active

    def whoami(self, **headers: str) -> int:
        """The status of a use."""
        return self._process.call("GET", "/oauth2/server/whoami", headers=headers).status


def _basic(application: Application) -> dict[str, str]:
    pair = f"{application['client_id']}:{application['client_secret']}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


@pytest.fixture(name="deployment")
def deployment_fixture(aws: Aws, clock: FakeClock, tmp_path: Path) -> Deployment:
    return Deployment(aws, clock, tmp_path)


def test_an_absolute_token_ends_one_lifetime_after_its_issue(deployment: Deployment) -> None:
    issued = deployment.issue(deployment.register(token_lifetime_minutes=5))
    token, end = issued["access_token"], deployment.clock.now() + 5 * MINUTE
    assert issued["expires_in"] == 5 * MINUTE
    for _ in range(4):
        deployment.clock.advance(MINUTE)
        assert deployment.introspect(token)["exp"] == end
        assert deployment.whoami(Authorization=f"Bearer {token}") == 200
    deployment.clock.advance(MINUTE - 1)
    assert deployment.is_active(token)
    deployment.clock.advance(1)
    assert not deployment.is_active(token)
    assert deployment.whoami(Authorization=f"Bearer {token}") == 401


def test_an_unused_sliding_token_ends_after_one_lifetime(deployment: Deployment) -> None:
    application = deployment.register(token_lifetime_minutes=10, life_cycle_type="sliding")
    token = deployment.issue(application)["access_token"]
    deployment.clock.advance(9 * MINUTE)
    # A client that asks about its own token does not use it.
    assert deployment.is_active(token, application)
    deployment.clock.advance(MINUTE)
    assert not deployment.is_active(token)


@pytest.mark.checklist("40")
def test_a_used_sliding_token_ends_at_its_maximum(deployment: Deployment) -> None:
    application = deployment.register(
        token_lifetime_minutes=10, life_cycle_type="sliding", maximum_lifetime_minutes=30
    )
    token, created = deployment.issue(application)["access_token"], deployment.clock.now()
    ends = []
    for _ in range(3):
        deployment.clock.advance(9 * MINUTE)
        ends.append(deployment.introspect(token)["exp"] - created)
    assert ends == [19 * MINUTE, 28 * MINUTE, 30 * MINUTE]
    deployment.clock.advance(3 * MINUTE - 1)
    assert deployment.whoami(Authorization=f"Bearer {token}") == 200
    deployment.clock.advance(1)
    assert not deployment.is_active(token)


def test_a_sliding_token_without_a_maximum_lives_while_it_is_used(deployment: Deployment) -> None:
    application = deployment.register(
        token_lifetime_minutes=60, life_cycle_type="sliding", maximum_lifetime_minutes=None
    )
    token = deployment.issue(application)["access_token"]
    for _ in range(100):
        deployment.clock.advance(50 * MINUTE)
        assert deployment.whoami(Authorization=f"Bearer {token}") == 200
    deployment.clock.advance(60 * MINUTE)
    assert deployment.whoami(Authorization=f"Bearer {token}") == 401


@pytest.mark.checklist("42")
@pytest.mark.parametrize("lifetime", [None, 0, ""])
def test_a_never_ending_token_never_ends(deployment: Deployment, lifetime: object) -> None:
    issued = deployment.issue(deployment.register(token_lifetime_minutes=lifetime))
    assert "expires_in" not in issued
    deployment.clock.advance(20 * YEAR)
    described = deployment.introspect(issued["access_token"])
    assert described["active"] is True
    assert "exp" not in described


def test_a_bearer_secret_ends_as_bearer_and_still_authenticates(deployment: Deployment) -> None:
    application = deployment.register(grant_type="bearer_token", token_lifetime_minutes=10)
    secret = application["client_secret"]
    deployment.clock.advance(10 * MINUTE - 1)
    assert deployment.whoami(Authorization=f"Bearer {secret}") == 200
    deployment.clock.advance(1)
    assert deployment.whoami(Authorization=f"Bearer {secret}") == 401
    assert not deployment.is_active(secret)
    assert deployment.is_active(deployment.issue(application)["access_token"])


def test_a_sliding_bearer_secret_lives_while_it_is_used(deployment: Deployment) -> None:
    application = deployment.register(
        grant_type="bearer_token", token_lifetime_minutes=10, life_cycle_type="sliding"
    )
    secret = application["client_secret"]
    for _ in range(5):
        deployment.clock.advance(9 * MINUTE)
        assert deployment.whoami(Authorization=f"Bearer {secret}") == 200
    deployment.clock.advance(10 * MINUTE)
    assert deployment.whoami(Authorization=f"Bearer {secret}") == 401


def test_a_jwt_in_the_header_ends_at_its_own_end(deployment: Deployment) -> None:
    seeded = deployment.seeded["applications"]["client_certificate"]
    assertion = sign_with(
        Path(seeded["private_key_file"]).read_bytes(),
        seeded["client_id"],
        f"{deployment.settings.issuer}/odata/query",
        now=deployment.clock.now(),
    )
    deployment.clock.advance(MINUTE - 1)
    assert deployment.whoami(**{"X-ClientCertificate-Token": assertion}) == 200
    deployment.clock.advance(1)
    assert deployment.whoami(**{"X-ClientCertificate-Token": assertion}) == 401
