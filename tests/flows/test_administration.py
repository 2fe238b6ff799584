"""An administrator's day: register, rotate, cut, disable, revoke, replace, and what it ends."""

import time
import uuid
from typing import Any

import pytest
import requests

from chalicelib.local import certificate
from tests.flows.clients import (
    TIMEOUT_SECONDS,
    Administrator,
    get_token,
    introspect,
    post_form,
    sign_with,
    whoami,
)
from tests.flows.server import Server


@pytest.fixture(name="admin", scope="module")
def admin_fixture(server: Server) -> Administrator:
    return Administrator(server)


def token_of(server: Server, application: dict[str, Any]) -> str:
    token: str = get_token(server, application)["access_token"]
    return token


def is_dead(server: Server, token: str) -> bool:
    return whoami(server, token).status_code == 401 and introspect(server, token) == {
        "active": False
    }


def test_a_registered_application_gets_and_uses_a_token(
    server: Server, admin: Administrator
) -> None:
    application = admin.register(token_lifetime_minutes=5)
    token = get_token(server, application)
    assert token["expires_in"] == 300
    me = whoami(server, token["access_token"]).json()
    assert me["client_id"] == application["client_id"]
    assert me["user_name"] == server.credentials["user"]["user_name"]


def test_the_secret_is_shown_once(admin: Administrator) -> None:
    application = admin.register()
    secret = application["client_secret"]
    path = f"/applications/{application['client_id']}"
    for method, where in (("GET", path), ("GET", "/applications"), ("GET", f"{path}/audit")):
        assert secret not in admin.send(method, where).text
    patched = admin.send("PATCH", path, {"description": "changed"})
    assert patched.status_code == 200
    assert secret not in patched.text


@pytest.mark.checklist("38")
def test_a_rotated_secret_overlaps_and_a_cut_one_ends_at_once(
    server: Server, admin: Administrator
) -> None:
    old = admin.register()
    path = f"/applications/{old['client_id']}/secrets"
    rotated = admin.send("POST", path, {"overlap_seconds": 600}).json()
    new = {"client_id": old["client_id"], "client_secret": rotated["client_secret"]}
    assert old["client_secret"] != new["client_secret"]
    tokens = [token_of(server, old), token_of(server, new)]
    assert admin.send("POST", path, {"overlap_seconds": 600}).status_code == 409

    cut = admin.send("DELETE", f"{path}/{old['secrets'][0]['secret_id']}")
    assert cut.status_code == 200, cut.text
    refused = post_form(
        server,
        "/token",
        data={"grant_type": "client_credentials"},
        auth=(old["client_id"], old["client_secret"]),
    )
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert all(is_dead(server, token) for token in tokens)
    assert not is_dead(server, token_of(server, new))


def test_a_rotation_without_overlap_ends_the_old_secret(
    server: Server, admin: Administrator
) -> None:
    old = admin.register(grant_type="bearer_token", allowed_scopes=["user_sync"])
    assert whoami(server, old["client_secret"]).status_code == 200
    path = f"/applications/{old['client_id']}/secrets"
    rotated = admin.send("POST", path, {"overlap_seconds": 0})
    assert rotated.status_code == 201, rotated.text
    assert whoami(server, old["client_secret"]).status_code == 401
    assert whoami(server, rotated.json()["client_secret"]).status_code == 200


@pytest.mark.checklist("50")
def test_a_disabled_application_is_refused_and_its_tokens_stay_dead(
    server: Server, admin: Administrator
) -> None:
    application = admin.register(grant_type="all", **REDIRECTING)
    path = f"/applications/{application['client_id']}"
    token = token_of(server, application)
    assert admin.send("POST", f"{path}/disable").status_code == 200
    assert is_dead(server, token)
    assert is_dead(server, application["client_secret"])
    assert post_form(server, "/token", auth=_pair(application)).status_code == 401
    assert admin.send("POST", f"{path}/enable").status_code == 200
    assert is_dead(server, token)
    assert not is_dead(server, token_of(server, application))


@pytest.mark.checklist("50")
def test_a_disabled_user_takes_tokens_along(server: Server, admin: Administrator) -> None:
    name = {"user_name": f"u{uuid.uuid4().hex}", "user_domain": "domain"}
    user = admin.send("POST", "/users", name).json()
    application = admin.register(**name)
    token = token_of(server, application)
    assert admin.send("POST", f"/users/{user['id']}/disable").status_code == 200
    assert is_dead(server, token)
    assert post_form(server, "/token", auth=_pair(application)).status_code in {400, 401}
    assert admin.send("POST", f"/users/{user['id']}/enable").status_code == 200
    assert is_dead(server, token)
    assert not is_dead(server, token_of(server, application))


def test_revoking_tokens_ends_them_and_the_secret_as_bearer(
    server: Server, admin: Administrator
) -> None:
    application = admin.register(grant_type="bearer_token", allowed_scopes=["user_sync"])
    token = token_of(server, application)
    path = f"/applications/{application['client_id']}/revoke-tokens"
    assert admin.send("POST", path).status_code == 200
    assert is_dead(server, token)
    assert is_dead(server, application["client_secret"])
    # The secret still authenticates its client.
    assert not is_dead(server, token_of(server, application))


@pytest.mark.checklist("35")
def test_a_replaced_certificate_takes_its_jwts_and_tokens_along(
    server: Server, admin: Administrator
) -> None:
    old, new = (certificate.generate(f"Flow {n}", int(time.time())) for n in range(2))
    application = admin.register(
        grant_type="client_certificate",
        allowed_scopes=["odata_query"],
        certificate=old.certificate.decode("ascii"),
    )
    client_id = application["client_id"]
    assert application["client_secret"] is None
    assert application["certificate"]["days_left"] >= 363
    token = _redeem(server, client_id, old.private_key).json()["access_token"]
    path = f"/applications/{client_id}/certificate"
    replaced = admin.send("PUT", path, {"certificate": new.certificate.decode("ascii")})
    assert replaced.status_code == 200, replaced.text
    assert is_dead(server, token)
    refused = _redeem(server, client_id, old.private_key)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert _redeem(server, client_id, new.private_key).status_code == 200
    uploaded = admin.send("GET", path, Accept="application/x-pem-file, application/pkix-cert")
    assert uploaded.content == new.certificate


def test_a_deleted_application_is_gone_with_its_tokens(
    server: Server, admin: Administrator
) -> None:
    application = admin.register()
    path = f"/applications/{application['client_id']}"
    token = token_of(server, application)
    assert admin.send("DELETE", path).status_code == 204
    assert is_dead(server, token)
    assert admin.send("GET", path).status_code == 404
    # Its name is free again, and its history stays.
    admin.register(name=application["name"])
    actions = [event["action"] for event in admin.send("GET", f"{path}/audit").json()["items"]]
    assert actions == ["application.deleted", "application.created"]


def test_a_stale_version_changes_nothing(admin: Administrator) -> None:
    application = admin.register()
    path = f"/applications/{application['client_id']}"
    etag = admin.send("GET", path).headers["ETag"]
    first = admin.send("PATCH", path, {"description": "one"}, **{"If-Match": etag})
    assert first.status_code == 200
    second = admin.send("PATCH", path, {"description": "two"}, **{"If-Match": etag})
    assert second.status_code == 412
    assert admin.send("GET", path).json()["description"] == "one"


def test_every_wrong_field_is_named_at_once(admin: Administrator) -> None:
    answer = admin.send(
        "POST",
        "/applications",
        {"name": "", "grant_type": "client_credentials", "website": "http://x", "unknown": 1},
    )
    assert answer.status_code == 400
    body = answer.json()
    assert body["error"] == "invalid_request"
    assert {"name", "website", "unknown"} <= set(body["fields"])


def test_a_taken_name_is_a_409(admin: Administrator) -> None:
    application = admin.register()
    answer = admin.send(
        "POST",
        "/applications",
        {
            "name": application["name"].upper(),
            "grant_type": "bearer_token",
            "allowed_scopes": ["api"],
        },
    )
    assert answer.status_code == 409
    assert set(answer.json()["fields"]) == {"name"}


def test_the_openapi_document_is_served(server: Server) -> None:
    document = requests.get(server.url("/admin/openapi.json"), timeout=TIMEOUT_SECONDS).json()
    assert document["openapi"].startswith("3.1")
    assert "/admin/applications" in document["paths"]


REDIRECTING = {
    "redirect_strategy": "web_application",
    "redirect_uris": ["https://client.example/callback"],
}


def _pair(application: dict[str, Any]) -> tuple[str, str]:
    return application["client_id"], application["client_secret"]


def _redeem(server: Server, client_id: str, private_key: bytes) -> requests.Response:
    assertion = sign_with(private_key, client_id, server.issuer)
    return post_form(
        server,
        "/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": assertion,
        },
    )
