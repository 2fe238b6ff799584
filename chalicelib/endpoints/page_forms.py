"""Forms that come back from the browser in which we showed them, as we showed them, once.

Each is bound to the form cookie of its browser, and to the session where there is one. Once a
form was accepted the browser gets a new form cookie, so that no form is accepted twice.
"""

from dataclasses import dataclass

from chalicelib.directory.cookies import Cookie
from chalicelib.directory.csrf import (
    csrf_token,
    is_prelogin_secret,
    new_prelogin_secret,
    verify_csrf,
)
from chalicelib.oauth.messages import Request


@dataclass(frozen=True, slots=True)
class OpenForm:
    """A form to show: the secret of its browser, and the `Set-Cookie` that hands it out."""

    secret: str
    cookies: tuple[str, ...]

    def token(self, purpose: str, *bound: str, session: str | None = None) -> str:
        """The token to show in a form of this purpose, holding these values."""
        if session is None:
            return csrf_token(self.secret, purpose, *bound)
        return csrf_token(session, purpose, self.secret, *bound)


class BrowserForms:
    """Opens forms and takes them back."""

    def __init__(self, cookie: Cookie) -> None:
        self._cookie = cookie

    def open(self, request: Request) -> OpenForm:
        """A form for the browser that asks."""
        secret = self._cookie.read(request)
        if secret is not None and is_prelogin_secret(secret):
            return OpenForm(secret, ())
        secret = new_prelogin_secret()
        return OpenForm(secret, (self._cookie.set(secret),))

    def verify(
        self,
        request: Request,
        token: str | None,
        purpose: str,
        *bound: str,
        session: str | None = None,
    ) -> None:
        """Raises FormRefused for a token that is absent, foreign, used, or of other values."""
        secret = self._cookie.read(request)
        if session is None:
            verify_csrf(secret, purpose, token, *bound)
        else:
            verify_csrf(session, purpose, token, secret or "", *bound)

    def renew(self) -> str:
        """The `Set-Cookie` after which every form shown before is out of date."""
        return self._cookie.set(new_prelogin_secret())
