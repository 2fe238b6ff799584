"""What every grant works on."""

from dataclasses import dataclass

from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request
from chalicelib.oauth.stores import GrantStore


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """A token request whose form is parsed; nothing in it is believed yet."""

    http: Request
    parameters: dict[str, str]
    store: GrantStore
    clock: Clock
    issuer: str
