"""What the registration endpoints refuse with; the class fixes the HTTP status.

    OAuthError
    ├── FieldsRefused            400  RFC 6749 §5.2, RFC 7591 §3.2.2
    │   ├── FieldsTaken          409
    │   └── FieldsKept           409
    ├── NotFound                 404
    ├── Conflict                 409
    │   └── Deleted              409
    ├── NotAllowed               403
    ├── VersionMismatch          412  RFC 9110 §13.1.1
    └── UnsupportedMediaType     415

The codes without an RFC are Grantline's own.
"""

from collections.abc import Mapping

from chalicelib.oauth.errors import InvalidRequest, OAuthError

INVALID_REDIRECT_URI = "invalid_redirect_uri"


class FieldsRefused(InvalidRequest):
    """Fields break a rule; `fields` names every one with its reason, never its value.

    `error` is `invalid_request`, or the code of RFC 7591 §3.2.2 where the fault is that alone.
    """

    def __init__(self, fields: Mapping[str, str], *, error: str = InvalidRequest.error) -> None:
        super().__init__("Some fields are not valid.", detail=f"refused: {', '.join(fields)}")
        self.error = error
        self.fields = dict(fields)

    def body(self) -> dict[str, object]:
        return {**super().body(), "fields": self.fields}


class FieldsTaken(FieldsRefused):
    """A field must be unique and another record has its value."""

    status = 409

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(fields)
        self.description = "The value of a field is taken."


class FieldsKept(FieldsRefused):
    """A field keeps its value for whoever asks; somebody else may change it."""

    status = 409

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(fields, error=Conflict.error)
        self.description = "A field is not yours to change."


class NotFound(OAuthError):
    """Nothing has this id."""

    error = "not_found"
    status = 404

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.")


class Conflict(OAuthError):
    """The record is in a state, or was changed in a moment, that does not allow this."""

    error = "conflict"
    status = 409


class Deleted(Conflict):
    """The record is kept for the record alone; nothing changes it."""


class NotAllowed(OAuthError):
    """Only an administrator may do this."""

    error = "access_denied"
    status = 403


class VersionMismatch(OAuthError):
    """`If-Match` names another version than the present one."""

    error = "version_mismatch"
    status = 412

    def __init__(self) -> None:
        super().__init__("The record is of another version; read it again.")


class UnsupportedMediaType(OAuthError):
    """The body is of a type that this endpoint does not read."""

    error = "unsupported_media_type"
    status = 415

    def __init__(self, accepted: str) -> None:
        super().__init__(f"The body must be of type {accepted}.")
