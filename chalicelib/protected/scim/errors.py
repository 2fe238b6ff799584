"""Refusals of the rooms below as errors of RFC 7644 §3.12."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from scim2_models import (
    ConflictException,
    Error,
    ForbiddenException,
    InvalidCursorException,
    InvalidValueException,
    NotFoundException,
    PreconditionFailedException,
    SCIMException,
    UniquenessException,
)

from chalicelib.administration.refusals import (
    Conflict,
    Deleted,
    FieldsRefused,
    FieldsTaken,
    NotAllowed,
    NotFound,
    VersionMismatch,
)
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.messages import Response
from chalicelib.oauth.request_log import note
from chalicelib.paging import InvalidCursor

SCIM_TYPE = "application/scim+json"

# What a field of the directory is called in SCIM.
_NAMES = {
    "user_name": "userName",
    "user_domain": "domain",
    "external_id": "externalId",
    "email": "emails",
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "display_name": "displayName",
}


@contextmanager
def refusals() -> Iterator[None]:
    """Raise as a SCIM error what the directory refuses inside."""
    try:
        yield
    except FieldsTaken as refused:
        raise UniquenessException(detail=_reasons(refused.fields)) from None
    except FieldsRefused as refused:
        raise InvalidValueException(detail=_reasons(refused.fields)) from None
    except Deleted:
        # Between reading and writing; SCIM hides who was deleted.
        raise NotFoundException(detail="There is no such user") from None
    except NotFound as refused:
        raise NotFoundException(detail=refused.description) from None
    except NotAllowed as refused:
        raise ForbiddenException(detail=refused.description) from None
    except VersionMismatch:
        raise PreconditionFailedException from None
    except Conflict as refused:
        raise ConflictException(detail=refused.description) from None
    except InvalidCursor:
        raise InvalidCursorException from None


def in_plain_words(error: SCIMException) -> SCIMException:
    """The error, without what the library that validates says about itself."""
    lines = str(error).splitlines()
    if not any(line.endswith("]") and "[type=" in line for line in lines):
        return error
    # "1 validation error for User", the attribute, what is wrong, and where to read more.
    name = re.sub("_([a-z])", lambda match: match[1].upper(), lines[1].strip())
    return InvalidValueException(detail=f"{name[:200]} has a value of another type")


def refuse(error: OAuthError) -> Response:
    """The refusal of what is around SCIM in its shape, and for the log; status and headers stay."""
    note(outcome=error.error, reason=error.detail)
    body = Error(status=error.status, detail=error.description).model_dump()
    return Response(error.status, body, {**error.headers(), "Content-Type": SCIM_TYPE})


def _reasons(fields: Mapping[str, str]) -> str:
    return "; ".join(f"{_NAMES.get(name, name)} {reason}" for name, reason in fields.items())
