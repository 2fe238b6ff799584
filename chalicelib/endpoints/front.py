"""What every endpoint that a browser meets works with."""

from dataclasses import dataclass

from chalicelib.directory.cookies import Cookie
from chalicelib.directory.form_tokens import FormTokens
from chalicelib.directory.sessions import Sessions, SignedIn
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

    def take_form(
        self, forms: FormTokens, session_value: str, purpose: str, token: str | None, *bound: str
    ) -> SignedIn | None:
        """Accept a form once; who sent it, or None where that session is over.

        Nothing is written for a session that is none: its value, and so the token, may be anybody's
        own. Raises FormRefused, StoreUnavailable.
        """
        forms.verify(session_value, purpose, token, *bound)
        signed_in = self.sessions.find(session_value)
        if signed_in is not None:
            forms.consume(session_value, purpose, token, *bound)
        return signed_in

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
