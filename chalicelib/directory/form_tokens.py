"""Tokens of forms that are accepted once each, while other forms of the same person stay open.

`BrowserForms` puts every open form out of date at once, which suits a login. Who works in
several tabs needs each form to be its own: a token carries when it was shown and a nonce, and
its use is counted (OWASP ASVS 5.0 §3.5).
"""

import hashlib
import re
from secrets import token_hex, token_urlsafe

from chalicelib.directory.attempts import AttemptStore, Counter
from chalicelib.directory.csrf import FormRefused, csrf_token, verify_csrf
from chalicelib.oauth.clock import Clock

# A working day: whoever comes back to a form the next morning opens it again.
LIFETIME_SECONDS = 12 * 3600
CLOCK_SKEW_SECONDS = 60

_NONCE_BYTES = 16
_TOKEN = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})")


class FormTokens:
    """Issues tokens under the secret of a session, and takes them back."""

    def __init__(self, counters: AttemptStore, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock

    def issue(self, session: str, purpose: str, *bound: str) -> str:
        """A token for a form of this purpose, holding these values."""
        shown_at, nonce = str(self._clock.now()), token_urlsafe(_NONCE_BYTES)
        return f"{shown_at}.{nonce}.{csrf_token(session, purpose, shown_at, nonce, *bound)}"

    def verify(self, session: str, purpose: str, token: str | None, *bound: str) -> Counter:
        """For a form that changes nothing, as often as it is sent; how its uses are counted.

        Raises FormRefused for a token that is absent, old, of another session or other values.
        """
        match = None if token is None else _TOKEN.fullmatch(token)
        if token is None or match is None:
            raise FormRefused
        shown_at, nonce, mac = match.groups()
        verify_csrf(session, purpose, mac, shown_at, nonce, *bound)
        ends_at = int(shown_at) + LIFETIME_SECONDS
        # The key is the caller's own secret: a token may be one that nobody issued.
        if not int(shown_at) - CLOCK_SKEW_SECONDS <= self._clock.now() < ends_at:
            raise FormRefused
        digest = hashlib.sha256(token.encode("ascii")).hexdigest()
        return Counter(f"form#{digest}", ends_at, most=1)

    def consume(self, session: str, purpose: str, token: str | None, *bound: str) -> None:
        """Accept a form, the first time alone. Raises FormRefused, StoreUnavailable."""
        counter = self.verify(session, purpose, token, *bound)
        if not self._counters.claim(counter, token_hex(16)):
            raise FormRefused
