"""What each scope opens, in the words of the person who is asked."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.oauth import scope


@dataclass(frozen=True, slots=True)
class ScopeText:
    """What a scope lets an application do, and how administrators know it.

    `grave` is what reaches beyond the person's own.
    """

    name: str
    label: str
    text: str
    grave: bool = False


_TEXTS = (
    ScopeText(scope.ADMIN, "ADMIN", "manage applications, users and their rights", grave=True),
    ScopeText(scope.USER_SYNC, "USER SYNC", "create, change and disable users", grave=True),
    ScopeText(scope.API, "API", "read and change business data in your name"),
    ScopeText(scope.LOGIN, "LOGIN", "let you in with the account you have here"),
    ScopeText(scope.ODATA_QUERY, "ODATA QUERY", "read business data for queries and reports"),
    ScopeText(scope.RPA, "RPA", "hand in the results of software robots"),
    ScopeText(scope.OPENID, "Identity", "recognise you when you come back"),
    ScopeText(scope.PROFILE, "Profile", "see your name and user name"),
    ScopeText(scope.EMAIL, "E-mail", "see your e-mail address"),
    ScopeText(
        scope.OFFLINE_ACCESS, "Offline access", "keep this access while you are not using it"
    ),
)


def scope_texts(scopes: Iterable[str]) -> tuple[ScopeText, ...]:
    """The texts of these scopes, what is grave first."""
    asked = set(scopes)
    return tuple(text for text in _TEXTS if text.name in asked)
