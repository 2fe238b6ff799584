"""What every grant works on."""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.oauth.client_authentication import PresentedClient
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request
from chalicelib.oauth.model import Application, Grant
from chalicelib.oauth.stores import GrantStore


class IdTokens(Protocol):
    """Signs ID tokens (OpenID Connect Core §2)."""

    def issue(self, application: Application, grant: Grant, access_token: str, now: int) -> str:
        """The ID token of a person's grant. Raises StoreUnavailable, never leaves it unsigned."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """A token request whose form is parsed; nothing in it is believed yet.

    `in_process` is the client that calls from within this process; None: whoever sent `http`.
    """

    http: Request
    parameters: dict[str, str]
    store: GrantStore
    id_tokens: IdTokens
    clock: Clock
    issuer: str
    in_process: PresentedClient | None = None
