"""A person's grant and the ID token beside its access token, for tests."""

from typing import Any

from chalicelib.oauth.id_token import IdTokens
from chalicelib.oauth.ids import new_client_id, new_ulid, new_user_id
from chalicelib.oauth.model import (
    Application,
    Grant,
    GrantKind,
    GrantType,
    LifeCycle,
    LifeCycleType,
    Login,
)
from tests.fakes.clock import START

ACCESS_TOKEN = "gla_" + "a" * 100
CLIENT_ID = new_client_id()
USER_ID = new_user_id()


def application(algorithm: str = "RS256") -> Application:
    return Application(
        client_id=CLIENT_ID,
        name="Shop",
        grant_type=GrantType.AUTHORIZATION_CODE,
        allowed_scopes=frozenset({"login"}),
        life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, 3600),
        id_token_signed_response_alg=algorithm,
    )


def grant(nonce: str | None = "n-0S6_WzA2Mj", **changes: Any) -> Grant:
    values: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "grant_id": new_ulid(),
        "kind": GrantKind.AUTHORIZATION_CODE,
        "created_at": START,
        "creation_nonce": "c",
        "subject": USER_ID,
        "login": Login(authenticated_at=START - 60, session_id="session", nonce=nonce),
    }
    return Grant(**(values | changes))


def issue(id_tokens: IdTokens, algorithm: str = "RS256", now: int = START) -> str:
    return id_tokens.issue(application(algorithm), grant(), ACCESS_TOKEN, now)
