"""The answer that each gateway wants, and what it passes on to the API behind it.

Sources: API Gateway Developer Guide, "Output from an API Gateway Lambda authorizer" and "Control
access to HTTP APIs with AWS Lambda authorizers"; AppSync Developer Guide, "AWS_LAMBDA
authorization".
"""

from chalicelib.oauth import scope
from chalicelib.oauth.errors import InvalidToken
from chalicelib.oauth.validation import Access
from chalicelib.protected.authorizers.decision import Decision
from chalicelib.protected.authorizers.questions import Gateway, Question

Answer = dict[str, object]

_REST = (Gateway.REST_TOKEN, Gateway.REST_REQUEST)
# What a policy calls a caller that it knows nothing of; nobody is let in by this name.
_NOBODY = "nobody"


class Unauthorized(Exception):
    """A REST API answers 401 to an authorizer that fails with exactly this message."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def answer(question: Question, decision: Decision, *, ttl_seconds: int, now: int) -> Answer:
    """What to return for a decision made at `now`. Raises Unauthorized.

    `ttl_seconds` is how long AppSync may keep a yes; never beyond the token's end.
    """
    if question.gateway in _REST and isinstance(decision.refusal, InvalidToken):
        raise Unauthorized
    if question.gateway is Gateway.APPSYNC:
        return _for_appsync(decision, ttl_seconds, now)
    if not question.policy:
        return _simple(decision)
    return _policy(question, decision)


def context_of(access: Access) -> dict[str, str]:
    """What the API behind the gateway is told; every value is a text, as REST APIs require.

    `sub` is the user, or the application where it acts as itself (RFC 7662 §2.2). What there is
    not (a user, an end) is left out: no gateway passes on a null.
    """
    user = access.user
    known = {
        "client_id": access.application.client_id,
        "sub": _principal(access),
        "scope": scope.render(access.scopes),
        "grant": access.kind.value,
        "user_id": None if user is None else user.user_id,
        "user_name": None if user is None else user.user_name,
        "user_domain": None if user is None else user.user_domain,
        "expires_at": None if access.ends_at is None else str(access.ends_at),
    }
    return {name: value for name, value in known.items() if value is not None}


def _policy(question: Question, decision: Decision) -> Answer:
    """An IAM policy over the whole stage.

    A gateway keeps the policy for the credential and applies it to whatever that calls next: one
    over the method alone would refuse every other method until it is forgotten. Since nothing
    but the stage decides, the stage is what may be kept.
    """
    access, allowed = decision.access, decision.refusal is None
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if allowed else "Deny",
        "Resource": f"{question.stage_arn}/*",
    }
    return {
        "principalId": _NOBODY if access is None else _principal(access),
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context_of(access) if access is not None and allowed else {},
    }


def _simple(decision: Decision) -> Answer:
    if decision.access is None or decision.refusal is not None:
        return {"isAuthorized": False, "context": {}}
    return {"isAuthorized": True, "context": context_of(decision.access)}


def _for_appsync(decision: Decision, ttl_seconds: int, now: int) -> Answer:
    """`ttlOverride` takes the place of the API's own setting, and a no is never kept."""
    access = decision.access
    if access is None or decision.refusal is not None:
        return {"isAuthorized": False, "ttlOverride": 0}
    left = ttl_seconds if access.ends_at is None else min(ttl_seconds, access.ends_at - now)
    return {
        "isAuthorized": True,
        "resolverContext": context_of(access),
        "deniedFields": list(decision.denied_fields),
        "ttlOverride": max(0, left),
    }


def _principal(access: Access) -> str:
    return access.application.client_id if access.user is None else access.user.user_id
