"""Form parameters of a POST: bounded, each at most once (RFC 6749 §3.1, §3.2, appendix B)."""

from urllib.parse import parse_qsl

from chalicelib.oauth.errors import ContentTooLarge, InvalidRequest
from chalicelib.oauth.messages import MAXIMUM_BODY_BYTES, Request

MAXIMUM_PARAMETERS = 50
MAXIMUM_VALUE_LENGTH = 16 * 1024
_FORM = "application/x-www-form-urlencoded"


def parse_form(request: Request, *, maximum_length: int = MAXIMUM_VALUE_LENGTH) -> dict[str, str]:
    """The parameters of the body by name; one sent without a value counts as left out.

    `maximum_length` is how many characters a value may have.
    Raises InvalidRequest for another content type or charset, a parameter sent twice or in the
    URL (where it would be logged), and anything over the limits; ContentTooLarge for the body.
    """
    if request.query:
        raise InvalidRequest("Parameters belong in the body, not in the URL.")
    if len(request.body) > MAXIMUM_BODY_BYTES:
        raise ContentTooLarge("The body is over 64 KiB.")
    if not request.body:
        return {}
    _validate_content_type(request.header("content-type") or "")
    try:
        pairs = parse_qsl(
            request.body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAXIMUM_PARAMETERS,
        )
    except ValueError as error:
        raise InvalidRequest("The body is not a form.", detail=type(error).__name__) from None
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name in parameters:
            raise InvalidRequest("A parameter was sent more than once.")
        if len(value) > maximum_length:
            raise InvalidRequest("A parameter is too long.")
        parameters[name] = value
    return {name: value for name, value in parameters.items() if value}


def require(parameters: dict[str, str], name: str) -> str:
    """The value of a parameter that must be there. Raises InvalidRequest naming it."""
    value = parameters.get(name)
    if value is None:
        raise InvalidRequest(f"The parameter {name} is missing.")
    return value


def _validate_content_type(value: str) -> None:
    media_type, _, rest = value.partition(";")
    if media_type.strip().lower() != _FORM:
        raise InvalidRequest(f"The content type must be {_FORM}.")
    name, _, charset = rest.strip().partition("=")
    if name.strip().lower() == "charset" and charset.strip(' "').lower() != "utf-8":
        raise InvalidRequest("The charset must be UTF-8.")
