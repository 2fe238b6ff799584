"""What every endpoint that a browser meets works with."""

from dataclasses import dataclass

from chalicelib.directory.cookies import Cookie
from chalicelib.directory.sessions import Sessions
from chalicelib.endpoints.page_answers import Answers
from chalicelib.endpoints.page_forms import BrowserForms
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.id_token import HintRefused, IdTokens, VerifiedHint
from chalicelib.oauth.messages import Request
from chalicelib.oauth.request_log import note


@dataclass(frozen=True, slots=True)
class Front:
    """The sessions and their cookie, the forms, the answers, and what clients hint at."""

    sessions: Sessions
    session_cookie: Cookie
    forms: BrowserForms
    answers: Answers
    id_tokens: IdTokens
    clock: Clock

    def session_value(self, request: Request) -> str | None:
        """The value of the session cookie, which nobody has looked at yet."""
        return self.session_cookie.read(request)

    def verify_hint(self, hint: str | None) -> VerifiedHint | None:
        """What an ID token of ours says, expired or not; None for anything else.

        One that cannot be verified says nothing: it may have outlived the key that signed it.
        """
        if hint is None:
            return None
        try:
            return self.id_tokens.verify_hint(hint, self.clock.now())
        except HintRefused as error:
            note(id_token_hint=str(error))
            return None
