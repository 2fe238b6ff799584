"""The Content-Security-Policy of a page: nothing from elsewhere, nothing written into the page."""

from collections.abc import Collection
from urllib.parse import urlsplit


def content_security_policy(
    form_targets: Collection[str] = (), *, script: bool = False, connect: bool = False
) -> str:
    """The policy of a page whose forms lead, by their answers' redirects too, to these URIs.

    Chromium holds every redirect that follows a form against `form-action`, those of a client's
    own callback too, so the origins that the answer passes through have to be named.
    """
    sources = ["'self'", *(source for uri in form_targets if (source := _source(uri)))]
    directives = ["default-src 'none'", "style-src 'self'", "img-src 'self'"]
    if script:
        directives.append("script-src 'self'")
    if connect:
        directives.append("connect-src 'self'")
    directives += [
        f"form-action {' '.join(dict.fromkeys(sources))}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    return "; ".join(directives)


def _source(uri: str) -> str | None:
    """The origin of an http or https URI; None for a scheme that no form is sent to."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return None
    # The grammar of sources has no IPv6 address (CSP 3 §2.3.1): the scheme must do.
    if parts.netloc.startswith("["):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"
