"""Each grant and client authentication method, with two client libraries that are not ours."""

import time
import uuid
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import (
    AssertionSession,
    OAuth2Session,
)
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import RSAKey
from jwskate import Jwk
from requests_oauth2client import (
    ClientSecretBasic,
    ClientSecretPost,
    OAuth2Client,
    PrivateKeyJwt,
)

from tests.flows.clients import introspect, post_form, private_key, sign, whoami
from tests.flows.server import Server

WITH_A_SECRET = ["client_credentials", "bearer_token", "all"]


def seeded(server: Server, name: str) -> dict[str, Any]:
    application: dict[str, Any] = server.credentials["applications"][name]
    return application


def library_client(server: Server, auth: Any, session: requests.Session) -> OAuth2Client:
    """A requests-oauth2client client that knows the server by its metadata alone."""
    metadata = session.get(server.url("/.well-known/oauth-authorization-server"), timeout=10).json()
    return OAuth2Client(
        token_endpoint=metadata["token_endpoint"],
        introspection_endpoint=metadata["introspection_endpoint"],
        revocation_endpoint=metadata["revocation_endpoint"],
        issuer=metadata["issuer"],
        auth=auth,
        session=session,
        testing=True,  # allows http on loopback
    )


@pytest.mark.parametrize("name", WITH_A_SECRET)
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_gets_a_token_with_a_secret(server: Server, name: str, method: str) -> None:
    application = seeded(server, name)
    with OAuth2Session(
        application["client_id"],
        application["client_secret"],
        token_endpoint_auth_method=method,
    ) as session:
        token = session.fetch_token(
            server.url("/oauth2/server/token"), grant_type="client_credentials"
        )
        me = session.get(server.url("/oauth2/server/whoami"), timeout=10)
    assert token["token_type"] == "Bearer"
    assert me.json()["client_id"] == application["client_id"]
    assert introspect(server, token["access_token"])["active"] is True


@pytest.mark.parametrize("name", WITH_A_SECRET)
@pytest.mark.parametrize("method", [ClientSecretBasic, ClientSecretPost])
def test_requests_oauth2client_gets_a_token_with_a_secret(
    server: Server, name: str, method: type[ClientSecretBasic | ClientSecretPost]
) -> None:
    application = seeded(server, name)
    auth = method(application["client_id"], application["client_secret"])
    with requests.Session() as session:
        client = library_client(server, auth, session)
        token = client.client_credentials()
        assert whoami(server, token.access_token).status_code == 200
        assert client.introspect_token(token)["active"]
        client.revoke_access_token(token)
        assert not client.introspect_token(token)["active"]
    assert whoami(server, token.access_token).status_code == 401


def test_the_key_pair_alone_is_exchanged_for_a_token(server: Server) -> None:
    for name in ("bearer_token", "all"):
        application = seeded(server, name)
        pair = (application["client_id"], application["client_secret"])
        answer = post_form(server, "/token", auth=pair)
        assert answer.status_code == 200, answer.text
        me = whoami(server, answer.json()["access_token"]).json()
        assert me["client_id"] == application["client_id"]


def test_the_secret_itself_is_a_bearer_token(server: Server) -> None:
    for name in ("bearer_token", "all"):
        application = seeded(server, name)
        me = whoami(server, application["client_secret"])
        assert me.status_code == 200, me.text
        assert me.json()["client_id"] == application["client_id"]


def test_the_secret_of_another_grant_type_is_no_bearer_token(server: Server) -> None:
    assert whoami(server, seeded(server, "client_credentials")["client_secret"]).status_code == 401


def test_authlib_authenticates_with_a_signed_jwt(server: Server) -> None:
    application = seeded(server, "client_certificate")
    # Authlib's own defaults are the token endpoint as audience and an hour of life.
    claims = {"aud": server.issuer, "exp": int(time.time()) + 60}
    with OAuth2Session(
        application["client_id"],
        RSAKey.import_key(private_key(server)),
        token_endpoint_auth_method=PrivateKeyJWT(claims=claims),
    ) as session:
        token = session.fetch_token(
            server.url("/oauth2/server/token"), grant_type="client_credentials"
        )
    described = introspect(server, token["access_token"])
    assert described["active"] is True
    assert described["scope"] == "odata_query"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_requests_oauth2client_authenticates_with_a_signed_jwt(
    server: Server, algorithm: str
) -> None:
    key = Jwk.from_pem(private_key(server)).with_kid_thumbprint()
    client_id = seeded(server, "client_certificate")["client_id"]
    auth = PrivateKeyJwt(client_id, key, alg=algorithm, aud=server.issuer)
    with requests.Session() as session:
        client = library_client(server, auth, session)
        token = client.client_credentials()
        assert client.introspect_token(token)["active"]
        client.revoke_access_token(token)
        assert not client.introspect_token(token)["active"]


def test_authlib_redeems_a_signed_jwt(server: Server) -> None:
    client_id = seeded(server, "client_certificate")["client_id"]
    with AssertionSession(
        token_endpoint=server.url("/oauth2/server/token"),
        issuer=client_id,
        subject=client_id,
        audience=server.issuer,
        key=RSAKey.import_key(private_key(server)),
        header={"alg": "RS256"},
        expires_in=60,
    ) as session:
        me = session.get(server.url("/oauth2/server/whoami"), timeout=10)
    assert me.status_code == 200, me.text
    assert me.json()["grant"] == "client_certificate"


def test_requests_oauth2client_redeems_a_signed_jwt(server: Server) -> None:
    client_id = seeded(server, "client_certificate")["client_id"]
    with requests.Session() as session:
        client = library_client(server, client_id, session)
        token = client.jwt_bearer(sign(server))
    assert introspect(server, token.access_token)["active"] is True


def test_a_signed_jwt_goes_with_each_request(server: Server) -> None:
    assertion = sign(server, f"{server.issuer}/odata/query")
    for _ in range(2):
        me = whoami(server, **{"X-ClientCertificate-Token": assertion})
        assert me.status_code == 200, me.text
        assert me.json()["client_id"] == seeded(server, "client_certificate")["client_id"]


@pytest.mark.checklist("27")
def test_the_jwts_of_header_and_token_endpoint_are_apart(server: Server) -> None:
    for_header = sign(server, f"{server.issuer}/odata/query")
    for_token = sign(server)
    assert whoami(server, **{"X-ClientCertificate-Token": for_token}).status_code == 401
    answer = post_form(
        server,
        "/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": for_header,
        },
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.checklist("31")
def test_a_jti_is_used_once_whichever_way(server: Server) -> None:
    jti = str(uuid.uuid4())
    as_grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
    as_client = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    first = post_form(server, "/token", data={**as_grant, "assertion": sign(server, jti=jti)})
    assert first.status_code == 200, first.text
    second = post_form(
        server, "/token", data={**as_client, "client_assertion": sign(server, jti=jti)}
    )
    assert (second.status_code, second.json()["error"]) == (401, "invalid_client")


def test_a_narrower_scope_is_given_and_a_wider_refused(server: Server) -> None:
    application = seeded(server, "client_credentials")
    pair = (application["client_id"], application["client_secret"])
    form = {"grant_type": "client_credentials", "scope": "api"}
    narrow = post_form(server, "/token", data=form, auth=pair)
    assert narrow.json()["scope"] == "api"
    wide = post_form(server, "/token", data={**form, "scope": "api admin"}, auth=pair)
    assert (wide.status_code, wide.json()["error"]) == (400, "invalid_scope")
