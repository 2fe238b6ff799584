"""The function that rotates the signing keys: run by a schedule every hour, and by command.

Its event is `{}`, or `{"start": true}` to publish the next keys before their time.
"""

import time
from collections.abc import Callable

from aws_lambda_powertools import Logger

from chalicelib.endpoints.adapter import Budget
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.signing_keys import KeyRing, SigningKey

Rotation = Callable[[object, object], dict[str, object]]


def rotation(ring: KeyRing, clock: Clock, logger: Logger, budget: Budget, issuer: str) -> Rotation:
    """The function. What it raises, Lambda counts as an error and the schedule tries again."""

    def rotate_keys(event: object, _context: object) -> dict[str, object]:
        """Take the step that is due; answers with what changed and with every key."""
        start = _start(event)
        if not issuer:
            raise RuntimeError("GRANTLINE_ISSUER is not set")
        started = time.perf_counter()
        with budget() as calls:
            changed = ring.rotate(clock.now(), start=start)
            keys = ring.ensure().keys
        changes = [
            {"kid": key.kid, "alg": key.algorithm.value, "state": key.state or "removed"}
            for key in changed
        ]
        line = {
            "changes": changes,
            "latency_ms": round((time.perf_counter() - started) * 1000, 1),
            "aws_calls": calls.calls,
        }
        logger.info("rotation", extra=line)
        return {"changes": changes, "keys": [_view(key) for key in keys]}

    return rotate_keys


def _start(event: object) -> bool:
    """Whether the event asks for a start. Raises ValueError: a slip must not look like success."""
    if event == {}:
        return False
    if not isinstance(event, dict) or event.keys() != {"start"} or event["start"] is not True:
        raise ValueError('the event is {} or {"start": true}')
    return True


def _view(key: SigningKey) -> dict[str, object]:
    """A key as an administrator sees it; times are epoch seconds."""
    return {
        "kid": key.kid,
        "alg": key.algorithm.value,
        "state": key.state.value,
        "created_at": key.created_at,
        "activated_at": key.activated_at,
        "retired_at": key.retired_at,
    }
