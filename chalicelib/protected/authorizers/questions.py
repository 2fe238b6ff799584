"""What a gateway asks an authorizer, read from the event of each kind.

The decision depends on the credential, the API and its stage, and on nothing else of the
request: so a gateway that keeps the answer for a credential can apply it to every method.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.protected.authorizers.requirements import Scopes, split_names

SCOPE_VARIABLE = "grantline_scope"
ANSWER_VARIABLE = "grantline_answer"

_ARN = re.compile(
    r"(arn:[a-z-]+:execute-api:[a-z0-9-]*:\d*:([0-9A-Za-z]+)/([^/*?]+))(?:/.*)?", re.DOTALL
)
_IAM = "iam"


class Gateway(StrEnum):
    """Who asks; each wants another answer."""

    REST_TOKEN = "rest token"
    REST_REQUEST = "rest request"
    HTTP_1 = "http 1.0"
    HTTP_2 = "http 2.0"
    APPSYNC = "appsync"


class UnknownEvent(ValueError):
    """Not an event that we know; the gateway turns the failure into a refusal."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request for a decision.

    `credential` is the bearer token, None where none can be read from the event, and
    `credential_fault` then says why, for the log. `stage_arn` covers one stage of one API; None
    for AppSync. `scopes` are those of a stage variable, None without one, empty where it names
    none: then nobody is let in. `policy`: the gateway wants an IAM policy.
    """

    gateway: Gateway
    api_id: str
    credential: str | None
    credential_fault: str = ""
    stage_arn: str | None = None
    scopes: Scopes | None = None
    policy: bool = True
    request_id: str = ""


def read_event(event: object) -> Question:
    """The question in an authorizer's event. Raises UnknownEvent."""
    if not isinstance(event, Mapping):
        raise UnknownEvent("not an authorizer's event")
    if event.get("type") == "TOKEN":
        return _of_rest_token(event)
    if event.get("type") == "REQUEST":
        return _of_request(event)
    if "authorizationToken" in event and "type" not in event:
        return _of_appsync(event)
    raise UnknownEvent("not an authorizer's event")


def _of_rest_token(event: Mapping[str, object]) -> Question:
    stage_arn, api_id = _stage_of(event.get("methodArn"))
    credential, fault = _bearer(_texts([event.get("authorizationToken")]))
    return Question(Gateway.REST_TOKEN, api_id, credential, fault, stage_arn)


def _of_request(event: Mapping[str, object]) -> Question:
    version = event.get("version")
    gateways = {"1.0": Gateway.HTTP_1, "2.0": Gateway.HTTP_2}
    gateway = Gateway.REST_REQUEST if version is None else gateways.get(str(version))
    if gateway is None:
        raise UnknownEvent("an event of an unknown version")
    stage_arn, api_id = _stage_of(
        event.get("routeArn" if gateway is Gateway.HTTP_2 else "methodArn")
    )
    values = _authorizations(event)
    credential, fault = _bearer(values)
    if credential is not None and not _is_identity(event.get("identitySource"), values[0]):
        # A gateway that caches under another value would give this answer to others.
        credential, fault = None, "the Authorization header is no identity source"
    variables = _mapping(event.get("stageVariables"))
    return Question(
        gateway,
        api_id,
        credential,
        fault,
        stage_arn,
        scopes=_scopes_of(variables),
        policy=gateway is not Gateway.HTTP_2 or variables.get(ANSWER_VARIABLE) == _IAM,
        request_id=_request_id(event),
    )


def _of_appsync(event: Mapping[str, object]) -> Question:
    api_id = _mapping(event.get("requestContext")).get("apiId")
    if not isinstance(api_id, str) or not api_id:
        raise UnknownEvent("an event without an API")
    values = _texts([event.get("authorizationToken")])
    # Clients of AppSync send a Lambda authorizer's token as it is, or as a bearer token.
    with_scheme = [value if " " in value else f"Bearer {value}" for value in values]
    credential, fault = _bearer(with_scheme)
    return Question(
        Gateway.APPSYNC, api_id, credential, fault, policy=False, request_id=_request_id(event)
    )


def _scopes_of(variables: Mapping[str, object]) -> Scopes | None:
    if SCOPE_VARIABLE not in variables:
        return None
    return frozenset(split_names(" ".join(_texts([variables[SCOPE_VARIABLE]]))))


def _stage_of(arn: object) -> tuple[str, str]:
    """The part of an ARN that names the stage, and the API's id; the caller writes the rest."""
    match = _ARN.fullmatch(arn) if isinstance(arn, str) else None
    if match is None:
        raise UnknownEvent("an event without a method's ARN")
    return match[1], match[2]


def _authorizations(event: Mapping[str, object]) -> list[str]:
    """Every value of the Authorization header."""
    several = _mapping(event.get("multiValueHeaders"))
    if several:
        lists = [value for name, value in several.items() if name.lower() == "authorization"]
        return _texts([value for entry in lists if isinstance(entry, list) for value in entry])
    headers = _mapping(event.get("headers"))
    return _texts([value for name, value in headers.items() if name.lower() == "authorization"])


def _bearer(values: Sequence[str]) -> tuple[str | None, str]:
    """The token of the only Authorization header (RFC 6750 §2.1), or what is wrong."""
    if len(values) != 1:
        return None, "no credential" if not values else "more than one credential"
    scheme, _, token = values[0].partition(" ")
    if scheme.lower() != "bearer":
        return None, "not the Bearer scheme"
    return token.strip(" "), ""


def _is_identity(source: object, value: str) -> bool:
    """Whether the header is what an HTTP API knows its caller by; REST APIs do not say."""
    if source is None:
        return True
    named = source.split(",") if isinstance(source, str) else source
    return isinstance(named, list) and value in [
        entry.strip() for entry in named if isinstance(entry, str)
    ]


def _request_id(event: Mapping[str, object]) -> str:
    request_id = _mapping(event.get("requestContext")).get("requestId")
    return request_id if isinstance(request_id, str) else ""


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _texts(values: Sequence[object]) -> list[str]:
    return [value for value in values if isinstance(value, str)]
