"""Recorded events of each gateway, and what the gateway makes of the function's answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from chalicelib.protected.authorizers.answers import Unauthorized
from tests.harness import Client, World

EVENTS = Path(__file__).parent / "events"
ARNS = ("methodArn", "routeArn")
KINDS = ("rest_token", "rest_request", "websocket", "http_1", "http_2", "appsync")
WITH_HEADERS = ("rest_request", "websocket", "http_1", "http_2")
WITH_POLICY = ("rest_token", "rest_request", "websocket", "http_1")
# A client without a valid token: an HTTP API says 401 only where there is no header at all.
REFUSED = dict.fromkeys(KINDS, 401) | {"http_1": 403, "http_2": 403}
# A valid token without the scope: AppSync has one answer for both.
FORBIDDEN = dict.fromkeys(KINDS, 403) | {"appsync": 401}

each_kind = pytest.mark.parametrize("kind", KINDS)

Event = dict[str, Any]
Ask = Callable[[Event], Any]


def recorded(name: str, token: str = "nonsense") -> Event:  # noqa: S107 - no token at all
    """An event as it was recorded, with this token in place of the recorded one."""
    text = (EVENTS / f"{name}.json").read_text(encoding="utf-8")
    event: Event = json.loads(text.replace("Bearer TOKEN", f"Bearer {token}"))
    return event


@dataclass(frozen=True)
class Outcome:
    """What a client of the gateway meets, and what the API behind it is told."""

    status: int
    context: dict[str, Any]


def meet(name: str, event: Event, ask: Ask) -> Outcome:
    """Ask the function, and apply its answer as this kind of gateway does."""
    try:
        answer = ask(event)
    except Unauthorized as error:
        knows_the_word = name.startswith(("rest", "websocket")) and str(error) == "Unauthorized"
        return Outcome(401 if knows_the_word else 500, {})
    json.dumps(answer)  # as the Lambda runtime does
    if name == "appsync":
        return _appsync(answer)
    if "isAuthorized" in answer:
        assert name == "http_2"
        assert set(answer) == {"isAuthorized", "context"}
        return Outcome(200 if answer["isAuthorized"] else 403, answer["context"])
    return _policy(event, answer)


def _appsync(answer: Any) -> Outcome:
    assert set(answer) <= {"isAuthorized", "resolverContext", "ttlOverride", "deniedFields"}
    status = 200 if answer["isAuthorized"] is True else 401
    return Outcome(status, answer.get("resolverContext", {}))


def _policy(event: Event, answer: Any) -> Outcome:
    assert set(answer) == {"principalId", "policyDocument", "context"}
    assert answer["principalId"]
    # Neither a null nor a nested value: a REST API answers 500 to those.
    assert all(isinstance(value, str) for value in answer["context"].values())
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    arn = next(event[name] for name in ARNS if name in event)
    allowed = statement["Effect"] == "Allow" and fnmatchcase(arn, statement["Resource"])
    return Outcome(200 if allowed else 403, answer["context"])


class Account:
    """A deployment whose authorizer is asked by an API of each kind."""

    def __init__(self, **chosen: Any) -> None:
        self.world = World()
        self.world.settings = replace(self.world.settings, **chosen)
        self.process = self.world.open_process()
        self.user = self.world.add_user("jdoe")
        self.client = self.add_client()

    def add_client(self, **fields: Any) -> Client:
        return self.world.add_client(user_id=self.user.user_id, **fields)

    def token(self, **form: str) -> str:
        return self.process.get_token(self.client, **form).token

    def ask(self, event: Any) -> Any:
        return self.process.app.handler_map["authorize_requests"](event, None)

    def meet(self, kind: str, token: str) -> Outcome:
        return meet(kind, recorded(kind, token), self.ask)
