"""What each grant type of the form uses; everything else it refuses."""

from chalicelib.oauth.model import GrantType, RedirectStrategy

ACTING_AS_A_USER = frozenset(
    {GrantType.CLIENT_CREDENTIALS, GrantType.CLIENT_CERTIFICATE, GrantType.ALL}
)
REDIRECTING = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.ALL})
BEARING_THEIR_SECRET = frozenset({GrantType.BEARER_TOKEN, GrantType.ALL})


MOBILE = frozenset(
    {RedirectStrategy.MOBILE_TITLE_BAR_BROWSER, RedirectStrategy.MOBILE_LOCALHOST_PORT}
)


def has_secret(grant_type: GrantType, *, public: bool) -> bool:
    """Whether an application of this kind can keep and use a client secret.

    A certificate takes its place; a public client, mobile or in a page, cannot keep one
    (RFC 8252 §8.4). `all` has one for its other grants.
    """
    if grant_type is GrantType.AUTHORIZATION_CODE:
        return not public
    return grant_type is not GrantType.CLIENT_CERTIFICATE


def bears_its_secret(grant_type: GrantType) -> bool:
    """Whether the secret itself is a bearer token (design, "Bearer token" (2))."""
    return grant_type in BEARING_THEIR_SECRET
