"""People's grants for tests: codes as the authorization endpoint makes them."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from chalicelib.oauth.authorization_endpoint import AuthorizationEndpoint, Person
from chalicelib.oauth.authorization_request import validate_request, validate_target
from chalicelib.oauth.model import GrantType, RedirectStrategy, User
from chalicelib.oauth.redirect_strategy import hash_redirect_uri
from tests.harness import Client, Reply, World

REDIRECT_URI = "https://client.example/callback"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
TOKEN = "/oauth2/server/token"


def web_client(world: World, **fields: Any) -> Client:
    """A web application with the scopes API and LOGIN."""
    values: dict[str, Any] = {
        "allowed_scopes": frozenset({"api", "login"}),
        "redirect_strategy": RedirectStrategy.WEB_APPLICATION,
        "redirect_uri_hashes": frozenset({hash_redirect_uri(REDIRECT_URI)}),
    }
    grant_type = fields.pop("grant_type", GrantType.AUTHORIZATION_CODE)
    return world.add_client(grant_type, **(values | fields))


def authorization(client: Client, **changes: str | None) -> dict[str, str]:
    """The parameters of an authorization request; a change to None leaves one out."""
    parameters: Mapping[str, str | None] = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid profile api offline_access",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def code_for(world: World, client: Client, user: User, **changes: str | None) -> str:
    """A code, as if the person had logged in this moment and said yes."""
    now = world.clock.now()
    parameters = authorization(client, **changes)
    request = validate_request(validate_target(client.application, parameters), parameters)
    endpoint = AuthorizationEndpoint(world.stores.grants, world.clock, world.settings.issuer)
    person = Person(user, "session-1", now, user.token_epoch)
    return endpoint.issue_code(request, person).parameters["code"]


def exchange(world: World, client: Client, code: str, **changes: str | None) -> Reply:
    """The answer to a token request for this code."""
    form: Mapping[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        "client_id": client.client_id if client.application.public else None,
        **changes,
    }
    return _post(world, client, form)


def refresh(world: World, client: Client, token: str, **changes: str | None) -> Reply:
    """The answer to a refresh with this token."""
    form: Mapping[str, str | None] = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": client.client_id if client.application.public else None,
        **changes,
    }
    return _post(world, client, form)


def _post(world: World, client: Client, form: Mapping[str, str | None]) -> Reply:
    headers = {} if client.application.public else client.basic
    sent = {name: value for name, value in form.items() if value is not None}
    return world.process.post_form(TOKEN, sent, headers)
