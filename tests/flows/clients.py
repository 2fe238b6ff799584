"""Small HTTP clients for the flows: the administrator, and the endpoints of the protocol."""

import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import requests

from tests.flows.server import Server

TIMEOUT_SECONDS = 10


class Administrator:
    """Uses the registration endpoints with the seeded administrator's application."""

    def __init__(self, server: Server) -> None:
        self._server = server
        application = server.credentials["admin_application"]
        self._token = get_token(server, application, scope="admin")["access_token"]

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **headers: str
    ) -> requests.Response:
        """Any request below `/admin`."""
        return requests.request(
            method,
            self._server.url(f"/admin{path}"),
            json=body,
            headers={"Authorization": f"Bearer {self._token}", **headers},
            timeout=TIMEOUT_SECONDS,
        )

    def register(self, **fields: object) -> dict[str, Any]:
        """A new application of a fresh name; acts as the seeded user where it must."""
        form: dict[str, Any] = {
            "name": f"Flow {uuid.uuid4()}",
            "grant_type": "client_credentials",
            "allowed_scopes": ["api"],
        } | fields
        if form["grant_type"] != "bearer_token":
            user = self._server.credentials["user"]
            form.setdefault("user_name", user["user_name"])
            form.setdefault("user_domain", user["user_domain"])
        answer = self.send("POST", "/applications", form)
        assert answer.status_code == 201, answer.text
        registered: dict[str, Any] = answer.json()
        return registered


def post_form(server: Server, path: str, **options: Any) -> requests.Response:
    """A form to an endpoint below `/oauth2/server`."""
    return requests.post(server.url(f"/oauth2/server{path}"), timeout=TIMEOUT_SECONDS, **options)


def get_token(server: Server, application: Mapping[str, Any], **parameters: str) -> dict[str, Any]:
    """The answer of the token endpoint to client credentials."""
    answer = post_form(
        server,
        "/token",
        data={"grant_type": "client_credentials", **parameters},
        auth=(application["client_id"], application["client_secret"]),
    )
    assert answer.status_code == 200, answer.text
    token: dict[str, Any] = answer.json()
    return token


def whoami(server: Server, token: str | None = None, **headers: str) -> requests.Response:
    """What the server thinks of a credential."""
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return requests.get(
        server.url("/oauth2/server/whoami"), headers=headers, timeout=TIMEOUT_SECONDS
    )


def introspect(
    server: Server, token: str, application: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What the introspection endpoint tells an application, or the seeded resource server."""
    caller = application or server.credentials["admin_application"]
    answer = post_form(
        server,
        "/introspect",
        data={"token": token},
        auth=(caller["client_id"], caller["client_secret"]),
    )
    assert answer.status_code == 200, answer.text
    described: dict[str, Any] = answer.json()
    return described


def sign(server: Server, audience: str | None = None, **changes: Any) -> str:
    """A JWT of the seeded client-certificate application."""
    application = server.credentials["applications"]["client_certificate"]
    client_id: str = application["client_id"]
    return sign_with(private_key(server), client_id, audience or server.issuer, **changes)


def sign_with(
    key: bytes, client_id: str, audience: str, *, now: int | None = None, **changes: Any
) -> str:
    """A JWT of a client, signed with its RSA key in PEM, for one minute."""
    now = int(time.time()) if now is None else now
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims | changes, key, algorithm="RS256")


def private_key(server: Server) -> bytes:
    """The key of the seeded client-certificate application."""
    application = server.credentials["applications"]["client_certificate"]
    return Path(application["private_key_file"]).read_bytes()
