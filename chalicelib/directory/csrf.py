"""Tokens that show that a form was ours and shown in this very browser (OWASP ASVS 5.0 §3.5).

A token is an HMAC under a secret that only this browser and we know: the value of its session
cookie or, before login, of the pre-login cookie. Nothing is stored, and a new session at login
makes every earlier token worthless.
"""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64encode
from secrets import token_urlsafe

from chalicelib.oauth.errors import OAuthError

_LABEL = b"grantline csrf 1"
_SECRET_BYTES = 32
_PRELOGIN_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class FormRefused(OAuthError):
    """The form's token is absent, or of another browser, session or purpose.

    The code is Grantline's own: it stays on our page and in the log.
    """

    error = "form_out_of_date"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "Nothing was changed. Open it again, and repeat what you did.",
            detail="no valid CSRF token",
        )


def new_prelogin_secret() -> str:
    """The value of a pre-login cookie: 256 bits of the operating system's randomness."""
    return token_urlsafe(_SECRET_BYTES)


def is_prelogin_secret(value: str | None) -> bool:
    """Whether a cookie has the form of a value of ours; whatever has not is replaced."""
    return value is not None and _PRELOGIN_SECRET.fullmatch(value) is not None


def csrf_token(secret: str, purpose: str, *bound: str) -> str:
    """The token for a form; 43 characters that need no escaping in HTML.

    `secret`: the value of the session cookie or of the pre-login cookie. `purpose` names the
    form. `bound`: what must come back as it was shown, such as the request in hidden fields.
    """
    # The key is derived so that nothing shown in a page is an HMAC under the cookie itself.
    key = hmac.digest(secret.encode("utf-8", "surrogatepass"), _LABEL, hashlib.sha256)
    message = json.dumps([purpose, *bound]).encode("ascii")
    digest = hmac.digest(key, message, hashlib.sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def verify_csrf(secret: str | None, purpose: str, token: str | None, *bound: str) -> None:
    """Compare in constant time; None stands for what was not sent. Raises FormRefused."""
    if not secret or not token:
        raise FormRefused
    expected = csrf_token(secret, purpose, *bound).encode("ascii")
    if not hmac.compare_digest(expected, token.encode("utf-8", "surrogatepass")):
        raise FormRefused
