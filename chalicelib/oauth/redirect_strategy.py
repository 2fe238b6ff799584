"""Where a code may go: web application, title bar of a browser, port of the localhost."""

import hashlib
import hmac
import re

from chalicelib.oauth.model import Application, RedirectStrategy

TITLE_BAR_REDIRECT_URI = "bz:oauth:2.0:server:mobiletitlebarbrowser"
MAXIMUM_REDIRECT_URI_LENGTH = 500
MAXIMUM_PORT = 65_535

# The form offers https; a server of one's own on the loopback interface speaks http (RFC 8252).
_LOOPBACK = re.compile(
    r"(?:https://localhost|http://127\.0\.0\.1|http://\[::1\]):([1-9][0-9]{0,4})/"
)


def hash_redirect_uri(uri: str) -> str:
    """SHA-256, hex: how a redirect URI is kept where only equality matters."""
    return hashlib.sha256(uri.encode("utf-8")).hexdigest()


def is_registered(application: Application, uri: str) -> bool:
    """Whether this exact string is a redirect URI of the application.

    Strings are compared, never parsed (RFC 9700 §4.1.3): only a loopback port may vary, and
    only where the application left it open (RFC 8252 §7.3).
    """
    if len(uri) > MAXIMUM_REDIRECT_URI_LENGTH:
        return False
    strategy = application.redirect_strategy
    if strategy is RedirectStrategy.WEB_APPLICATION:
        presented = hash_redirect_uri(uri)
        return any(
            hmac.compare_digest(presented, registered)
            for registered in application.redirect_uri_hashes
        )
    if strategy is RedirectStrategy.MOBILE_TITLE_BAR_BROWSER:
        return uri == TITLE_BAR_REDIRECT_URI
    if strategy is RedirectStrategy.MOBILE_LOCALHOST_PORT:
        return _is_loopback(uri, application.localhost_port)
    return False


def _is_loopback(uri: str, port: int | None) -> bool:
    match = _LOOPBACK.fullmatch(uri)
    if match is None:
        return False
    presented = int(match.group(1))
    return presented <= MAXIMUM_PORT if port is None else presented == port
