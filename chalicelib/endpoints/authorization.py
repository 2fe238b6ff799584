"""The function that API Gateway and AppSync call before they let a request in."""

import time
from collections.abc import Callable

from aws_lambda_powertools import Logger

from chalicelib.endpoints.adapter import Budget
from chalicelib.endpoints.metering import Metering
from chalicelib.oauth import request_log
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.protected.authorizers.answers import Answer, answer
from chalicelib.protected.authorizers.decision import Authorizer
from chalicelib.protected.authorizers.questions import Question, read_event

Authorization = Callable[[object, object], Answer]


class AuthorizerUnavailable(Exception):
    """Storage did not answer: every gateway turns a failure into a refusal (500)."""


def authorization(
    authorizer: Authorizer,
    clock: Clock,
    logger: Logger,
    budget: Budget,
    *,
    ttl_seconds: int,
    metering: Metering | None,
) -> Authorization:
    """The function; `ttl_seconds` is how long AppSync may keep an answer."""

    def authorize_requests(event: object, _context: object) -> Answer:
        """Decide for one event. Raises UnknownEvent, Unauthorized, AuthorizerUnavailable."""
        started = time.perf_counter()
        question = read_event(event)
        with request_log.collect() as fields, budget() as calls:
            try:
                decision = authorizer.decide(question)
            except StoreUnavailable as error:
                fields.update(outcome="temporarily_unavailable", reason=str(error))
                raise AuthorizerUnavailable("storage does not answer") from None
            finally:
                line = _line(question) | {
                    "latency_ms": round((time.perf_counter() - started) * 1000, 1),
                    "aws_calls": calls.calls,
                    "read_units": calls.read_units,
                    "write_units": calls.write_units,
                    "outcome": "ok",
                }
                logger.info("authorization", extra=line | fields)
        if metering is not None:
            metering.decided(line | fields, is_admitted=decision.refusal is None)
        return answer(question, decision, ttl_seconds=ttl_seconds, now=clock.now())

    return authorize_requests


def _line(question: Question) -> dict[str, object]:
    return {
        "gateway": question.gateway.value,
        "api_id": question.api_id,
        "request_id": question.request_id,
    }
