"""People log in: whole journeys with independent clients against the running server."""

import hashlib
import json
import shutil
import subprocess
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwk
from joserfc import jwt as joserfc_jwt
from requests_oauth2client import OAuth2Client

from tests.flows.server import Server
from tests.flows.visitor import TIMEOUT_SECONDS, Visitor

NODE = Path(__file__).parents[1] / "browser" / "node"
SCOPE = "openid profile email api offline_access"
VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def discovered(server: Server) -> dict[str, Any]:
    url = server.url("/.well-known/openid-configuration")
    document: dict[str, Any] = requests.get(url, timeout=TIMEOUT_SECONDS).json()
    return document


def application(server: Server, name: str = "authorization_code") -> dict[str, Any]:
    found: dict[str, Any] = server.credentials["applications"][name]
    return found


def visit(server: Server, url: str, decision: str = "allow") -> Visitor:
    """Open, log in, answer the consent page where there is one."""
    visitor = Visitor(server.issuer)
    visitor.open(url)
    visitor.log_in(server.credentials["user"])
    if 'name="decision"' in visitor.html:
        visitor.submit({"decision": decision})
    return visitor


def request_url(server: Server, app: dict[str, Any], **changes: str) -> str:
    parameters = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": app["redirect_uri"],
        "scope": SCOPE,
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{discovered(server)['authorization_endpoint']}?{urlencode(parameters)}"


def id_token_claims(
    server: Server, app: dict[str, Any], tokens: dict[str, Any], nonce: str
) -> dict[str, Any]:
    """Verified, signature and claims, by libraries that know nothing of ours."""
    document = requests.get(discovered(server)["jwks_uri"], timeout=TIMEOUT_SECONDS).json()
    keys = jwk.KeySet.import_key_set(document)
    token = joserfc_jwt.decode(tokens["id_token"], keys, algorithms=["RS256", "ES256"])
    claims = CodeIDToken(
        token.claims,
        token.header,
        {"iss": {"value": server.issuer}, "aud": {"value": app["client_id"]}},
        {"nonce": nonce, "client_id": app["client_id"], "access_token": tokens["access_token"]},
    )
    claims.validate(leeway=10)
    return dict(claims)


def test_authlib_logs_a_person_in_refreshes_and_asks_userinfo(server: Server) -> None:
    app, document = application(server), discovered(server)
    client = OAuth2Session(
        app["client_id"],
        app["client_secret"],
        scope=SCOPE,
        redirect_uri=app["redirect_uri"],
        code_challenge_method="S256",
    )
    url, state = client.create_authorization_url(
        document["authorization_endpoint"], code_verifier=VERIFIER, nonce="nonce-2"
    )
    visitor = visit(server, url)
    assert visitor.answer["state"] == state
    assert visitor.answer["iss"] == server.issuer
    token = client.fetch_token(
        document["token_endpoint"], authorization_response=visitor.url, code_verifier=VERIFIER
    )
    claims = id_token_claims(server, app, token, "nonce-2")
    person = client.get(document["userinfo_endpoint"]).json()
    assert person["sub"] == claims["sub"]
    assert person["email"] == "jdoe@example.com"
    refreshed = client.refresh_token(document["token_endpoint"])
    assert refreshed["refresh_token"] != token["refresh_token"]


def test_requests_oauth2client_logs_a_person_in_through_a_public_application(
    server: Server,
) -> None:
    app = application(server, "public")
    client = OAuth2Client.from_discovery_endpoint(
        server.url("/.well-known/openid-configuration"),
        client_id=app["client_id"],
        redirect_uri=app["redirect_uri"],
        testing=True,
    )
    request = client.authorization_request(scope=SCOPE)
    visitor = visit(server, str(request))
    token = client.authorization_code(request.validate_callback(visitor.url))
    assert client.userinfo(token)["preferred_username"] == "domain\\jdoe"
    assert client.refresh_token(token).access_token != token.access_token


def test_whoever_says_no_is_told_to_the_client(server: Server) -> None:
    visitor = visit(server, request_url(server, application(server, "public")), decision="deny")
    assert (visitor.answer["error"], visitor.answer["state"]) == ("access_denied", "state-1")


def test_form_post_carries_the_code_in_a_form(server: Server) -> None:
    url = request_url(server, application(server), response_mode="form_post", prompt="consent")
    visitor = visit(server, url)
    action, held = visitor.form
    assert action == application(server)["redirect_uri"]
    assert held["state"] == "state-1"
    assert held["code"].startswith("glc_")
    assert held["iss"] == server.issuer


def test_a_logout_ends_the_session_on_the_server(server: Server) -> None:
    app, document = application(server), discovered(server)
    visitor = visit(server, request_url(server, app))
    form = {
        "grant_type": "authorization_code",
        "code": visitor.answer["code"],
        "redirect_uri": app["redirect_uri"],
        "code_verifier": VERIFIER,
    }
    token = requests.post(
        document["token_endpoint"],
        data=form,
        auth=(app["client_id"], app["client_secret"]),
        timeout=TIMEOUT_SECONDS,
    ).json()
    visitor.open(request_url(server, app, prompt="none"))
    assert "code" in visitor.answer
    query = {
        "id_token_hint": token["id_token"],
        "post_logout_redirect_uri": "https://client.example/goodbye",
        "state": "bye",
    }
    visitor.open(f"{document['end_session_endpoint']}?{urlencode(query)}")
    assert visitor.url == "https://client.example/goodbye?state=bye"
    visitor.open(request_url(server, app, prompt="none"))
    assert visitor.answer["error"] == "login_required"


def node_or_skip() -> str:
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules").is_dir():
        pytest.skip("Node.js or its packages are not installed")
    return node


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_openid_client_logs_a_person_in(server: Server, mode: str, algorithm: str) -> None:
    """Discovery, code with PKCE, ID token, userinfo, refresh and logout in JavaScript."""
    node, app = node_or_skip(), application(server)
    _sign_with(server, app, algorithm)
    arguments = {
        "issuer": server.issuer,
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "redirect_uri": app["redirect_uri"],
        "algorithm": algorithm,
        "mode": mode,
    }
    with subprocess.Popen(  # noqa: S603 - a client of the test's own
        [node, "openid-client.mjs", json.dumps(arguments)],
        cwd=NODE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith(server.issuer), process.communicate()[1]
        visitor = visit(server, url)
        answer = visitor.form[1] if mode == "form_post" else visitor.answer
        out, errors = process.communicate(json.dumps(answer) + "\n", timeout=60)
    assert process.returncode == 0, errors
    said = json.loads(out)
    assert said["algorithm"] == algorithm
    assert said["preferred_username"] == "domain\\jdoe"
    assert said["refreshed"] is True
    assert said["logout"].startswith(discovered(server)["end_session_endpoint"])
    visitor.open(said["logout"])
    visitor.open(request_url(server, app, prompt="none"))
    assert visitor.answer["error"] == "login_required"


def _sign_with(server: Server, app: dict[str, Any], algorithm: str) -> None:
    admin = server.credentials["admin_application"]
    token = requests.post(
        discovered(server)["token_endpoint"],
        data={"grant_type": "client_credentials", "scope": "admin"},
        auth=(admin["client_id"], admin["client_secret"]),
        timeout=TIMEOUT_SECONDS,
    ).json()["access_token"]
    changed = requests.patch(
        server.url(f"/admin/applications/{app['client_id']}"),
        json={"id_token_signed_response_alg": algorithm},
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT_SECONDS,
    )
    assert changed.status_code == 200, changed.text
