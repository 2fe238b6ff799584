"""The cookies of people's browsers: how they are named, read, set and cleared (RFC 6265bis).

`__Host-` binds a cookie to this very host and path `/`, so that no neighbour can plant one; it
needs https. Local development over http on loopback has plain names.
"""

from dataclasses import dataclass

from chalicelib.oauth.messages import Request

# Browsers send at most 4 KiB a cookie; whoever sends far more is not asked what is in it.
MAXIMUM_HEADER_LENGTH = 16 * 1024

_HOST_PREFIX = "__Host-"


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie, sent back by this browser to this host alone, and never shown to scripts."""

    name: str
    secure: bool

    def read(self, request: Request) -> str | None:
        """The value that the browser sent; None where there is none, or two that differ."""
        header = ";".join(request.headers.get("cookie", ()))
        if len(header) > MAXIMUM_HEADER_LENGTH:
            return None
        pairs = (part.strip().partition("=") for part in header.split(";"))
        values = {value for name, _, value in pairs if name == self.name}
        return values.pop() if len(values) == 1 else None

    def set(self, value: str, maximum_age_seconds: int | None = None) -> str:
        """The `Set-Cookie` that stores a value, without an age until the browser closes.

        How long it is worth anything the server decides.
        """
        age = "" if maximum_age_seconds is None else f" Max-Age={maximum_age_seconds};"
        return f"{self.name}={value};{age} {self._attributes()}"

    def clear(self) -> str:
        """The `Set-Cookie` that makes the browser forget the cookie."""
        return f"{self.name}=; Max-Age=0; {self._attributes()}"

    def _attributes(self) -> str:
        return "Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if self.secure else "")


def session_cookie(issuer: str) -> Cookie:
    """Says who is logged in."""
    return _cookie("grantline-session", issuer)


def prelogin_cookie(issuer: str) -> Cookie:
    """Binds a login form to the browser that it was shown in, before anybody is known."""
    return _cookie("grantline-prelogin", issuer)


def console_cookie(issuer: str) -> Cookie:
    """Holds the console's access token. Not `Strict`: a link from a mail must find it too."""
    return _cookie("grantline-console", issuer)


def console_login_cookie(issuer: str) -> Cookie:
    """Binds a login of the console to the browser in which it was begun."""
    return _cookie("grantline-console-login", issuer)


def _cookie(name: str, issuer: str) -> Cookie:
    secure = issuer.startswith("https://")
    return Cookie(_HOST_PREFIX + name if secure else name, secure)
