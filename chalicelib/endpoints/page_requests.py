"""Parameters of people's requests, and how they travel through the forms of a login."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

from chalicelib.oauth.errors import InvalidRequest
from chalicelib.oauth.messages import Request
from chalicelib.oauth.parameters import MAXIMUM_PARAMETERS, MAXIMUM_VALUE_LENGTH, parse_form

# What a request for authorization may say; anything else is left behind (RFC 6749 §3.1).
AUTHORIZATION = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
)
# RP-Initiated Logout 1.0 §2.
LOGOUT = ("client_id", "post_logout_redirect_uri", "state", "id_token_hint")

# Asked once: the login that was just done is the answer to them.
_ANSWERED_BY_LOGIN = frozenset({"login", "select_account"})


def read_parameters(request: Request) -> dict[str, str]:
    """The parameters of a GET's query or a POST's form; an empty one counts as left out.

    Raises InvalidRequest for one that is repeated (RFC 6749 §3.1) or over the limits.
    """
    if request.method == "POST":
        return parse_form(request)
    if len(request.query) > MAXIMUM_PARAMETERS:
        raise InvalidRequest("There are too many parameters.")
    parameters: dict[str, str] = {}
    for name, values in request.query.items():
        if any("\ud800" <= one <= "\udfff" for one in "".join((name, *values))):
            raise InvalidRequest("A parameter holds half a character.")
        if len(values) != 1:
            raise InvalidRequest("A parameter was sent more than once.")
        if len(values[0]) > MAXIMUM_VALUE_LENGTH:
            raise InvalidRequest("A parameter is too long.")
        if values[0]:
            parameters[name] = values[0]
    return parameters


def pack(parameters: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The named parameters as one query string, in a fixed order."""
    kept = {name: parameters[name] for name in names if name in parameters}
    return urlencode(kept, quote_via=quote, safe="")


def unpack(text: str) -> dict[str, str]:
    """What `pack` was given. Raises InvalidRequest for what it never made."""
    try:
        return dict(parse_qsl(text, strict_parsing=True, errors="strict")) if text else {}
    except ValueError:
        raise InvalidRequest("The form is malformed.") from None


def after_login(parameters: Mapping[str, str]) -> dict[str, str]:
    """The request as it goes on once the person logged in because of it.

    `max_age` is fulfilled as well, and one of 0 would ask for ever; the hint of an ID token
    has had its say. The client learns of another user, and of the age, from its ID token.
    """
    left = {
        name: value
        for name, value in parameters.items()
        if name not in ("prompt", "max_age", "id_token_hint")
    }
    prompts = [
        name for name in parameters.get("prompt", "").split(" ") if name not in _ANSWERED_BY_LOGIN
    ]
    prompt = " ".join(prompts)
    return left | ({"prompt": prompt} if prompt else {})


def with_another_user(parameters: Mapping[str, str]) -> dict[str, str]:
    """The request asking for another account than the one that is logged in."""
    left = {name: value for name, value in parameters.items() if name != "login_hint"}
    prompts = {"select_account", *parameters.get("prompt", "").split(" ")} - {"", "none"}
    return left | {"prompt": " ".join(sorted(prompts))}


def split_login_hint(hint: str) -> tuple[str, str]:
    r"""User name and domain of `domain\user` or `user@domain`; the domain is "" in neither."""
    domain, backslash, name = hint.partition("\\")
    if backslash:
        return name, domain
    name, at, domain = hint.rpartition("@")
    return (name, domain) if at and name else (hint, "")
