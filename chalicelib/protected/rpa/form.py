"""The body of a callback: the fields of Automation Anywhere's, each with its rule.

What the Control Room sends of a deployment: `userId`, `deploymentId`, `status` and, where the
bot has output variables, `botOutput`. Its versions differ in the rest, so unknown fields are
kept as they come: consumers get the whole body.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chalicelib.administration.fields import read_fields
from chalicelib.administration.refusals import FieldsRefused
from chalicelib.oauth.ids import new_ulid
from chalicelib.protected.rpa.model import Callback

MAXIMUM_ID_LENGTH = 128
MAXIMUM_FIELDS = 64
# An entry of PutEvents holds 256 KB; what comes as 64 KiB may grow a little when written again.
MAXIMUM_CONTENT_BYTES = 128 * 1024
# Variables nest: lists in dictionaries in lists, each three levels of JSON.
MAXIMUM_DEPTH = 32

_Id = Annotated[str, Field(pattern=rf"^[0-9A-Za-z._~-]{{1,{MAXIMUM_ID_LENGTH}}}$")]
_Status = Annotated[str, Field(pattern=r"^[0-9A-Za-z._ -]{1,64}$")]


def _user_id(value: object) -> object:
    if isinstance(value, str) and len(value) > MAXIMUM_ID_LENGTH:
        raise ValueError(f"must be at most {MAXIMUM_ID_LENGTH} characters long")
    number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if value is not None and not isinstance(value, str) and not number:
        raise ValueError("must be a text or a whole number that is not negative")
    return value


class CallbackForm(BaseModel):
    """A callback, with the names that the Control Room gives its fields."""

    model_config = ConfigDict(
        extra="allow", strict=True, frozen=True, hide_input_in_errors=True, populate_by_name=False
    )

    deployment_id: Annotated[_Id, Field(alias="deploymentId")]
    status: _Status
    user_id: Annotated[str | int | None, BeforeValidator(_user_id), Field(alias="userId")] = None
    bot_output: Annotated[dict[str, object] | None, Field(alias="botOutput")] = None


_STAND_INS = {"deploymentId": "stands-in", "status": "stands in"}


def read_callback(
    values: Mapping[str, object], client_id: str, now: int, claim: tuple[str, int]
) -> Callback:
    """The callback in a body, received `now` of an application, under a claim and its end.

    Raises FieldsRefused.
    """
    if len(values) > MAXIMUM_FIELDS:
        raise FieldsRefused({"body": f"must have at most {MAXIMUM_FIELDS} fields"})
    form, refused = read_fields(CallbackForm, values, _STAND_INS)
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    content = canonical.encode("utf-8")
    if len(content) > MAXIMUM_CONTENT_BYTES:
        refused["body"] = f"must be at most {MAXIMUM_CONTENT_BYTES} bytes long"
    if refused:
        raise FieldsRefused(refused)
    nonce, claimed_until = claim
    return Callback(
        client_id=client_id,
        deployment_id=form.deployment_id,
        event_id=new_ulid(),
        received_at=now,
        bot_status=form.status,
        user_id=None if form.user_id is None else str(form.user_id),
        content=dict(values),
        content_hash=hashlib.sha256(content).hexdigest(),
        claim=nonce,
        claimed_until=claimed_until,
    )
