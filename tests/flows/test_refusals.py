"""What a client sees when it is refused: the standard's shape, and nothing more."""

import pytest
import requests

from tests.flows.clients import TIMEOUT_SECONDS, get_token, post_form, whoami
from tests.flows.server import Server

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def pair(server: Server, name: str = "client_credentials") -> tuple[str, str]:
    application = server.credentials["applications"][name]
    return application["client_id"], application["client_secret"]


def test_a_refusal_of_the_token_endpoint_is_rfc_6749s(server: Server) -> None:
    answer = post_form(
        server, "/token", data={"grant_type": "client_credentials"}, auth=(pair(server)[0], "no")
    )
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.checklist("5")
@pytest.mark.parametrize("grant_type", ["password", "implicit", "x"])
def test_a_grant_that_is_not_served_is_refused(server: Server, grant_type: str) -> None:
    answer = post_form(server, "/token", data={"grant_type": grant_type}, auth=pair(server))
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.checklist("8")
def test_a_parameter_sent_twice_is_refused(server: Server) -> None:
    body = "grant_type=client_credentials&grant_type=client_credentials"
    answer = post_form(server, "/token", data=body, headers=FORM, auth=pair(server))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.checklist("24")
def test_two_credentials_are_refused(server: Server) -> None:
    client_id, secret = pair(server)
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
    }
    answer = post_form(server, "/token", data=form, auth=(client_id, secret))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_missing_token_is_challenged_without_an_error(server: Server) -> None:
    answer = whoami(server)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="grantline"'


def test_a_wrong_token_is_challenged_with_rfc_6750s_error(server: Server) -> None:
    answer = whoami(server, "nonsense")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_without_the_scope_is_told_which(server: Server) -> None:
    application = server.credentials["applications"]["client_credentials"]
    token = get_token(server, application)["access_token"]
    answer = requests.get(
        server.url("/admin/applications"),
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT_SECONDS,
    )
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert 'scope="admin"' in answer.headers["WWW-Authenticate"]


@pytest.mark.checklist("61")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_a_wrong_verb_is_a_405(server: Server, method: str) -> None:
    answer = requests.request(method, server.url("/oauth2/server/token"), timeout=TIMEOUT_SECONDS)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.checklist("61")
@pytest.mark.parametrize("size", [64 * 1024 + 1, 10_000_001])
def test_a_large_body_is_a_413(server: Server, size: int) -> None:
    answer = post_form(server, "/token", data=b"a" * size, headers=FORM)
    assert answer.status_code == 413


@pytest.mark.checklist("61")
def test_another_content_type_is_refused(server: Server) -> None:
    answer = post_form(server, "/token", json={"grant_type": "client_credentials"})
    assert 400 <= answer.status_code < 500
    assert "error" in answer.json()


@pytest.mark.checklist("60")
def test_spoofed_headers_change_nothing(server: Server) -> None:
    spoofed = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
    }
    path = "/.well-known/oauth-authorization-server"
    answer = requests.get(server.url(path), headers=spoofed, timeout=TIMEOUT_SECONDS)
    assert "evil" not in answer.text
    assert answer.json()["issuer"] == server.issuer
