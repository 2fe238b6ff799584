"""Refresh tokens: rotated, repeatable for a minute, and deadly when replayed (RFC 9700 §4.14.2)."""

import hmac
from dataclasses import replace
from secrets import token_hex

from chalicelib.oauth import life_cycle, scope
from chalicelib.oauth.errors import InvalidScope
from chalicelib.oauth.grants import person
from chalicelib.oauth.grants.person import PersonGrant, PresentedGrant, Replay, refusal
from chalicelib.oauth.grants.request import TokenRequest
from chalicelib.oauth.leasing import decide_on
from chalicelib.oauth.model import Grant, RefreshTokens
from chalicelib.oauth.person_tokens import (
    Successors,
    derive,
    describe,
    hash_family,
    with_access_token,
)
from chalicelib.oauth.stores import GrantChanged, Snapshot
from chalicelib.oauth.tokens import TokenKind, digest

GRANT_TYPE = "refresh_token"
PARAMETERS = frozenset({"refresh_token", "scope"})

GRACE_SECONDS = 60
_TRIES = 3


def exchange(request: TokenRequest) -> dict[str, object]:
    """New tokens for a refresh token; for a minute after, the same ones again.

    Raises OAuthError, StoreUnavailable.
    """
    presented = person.present(request, "refresh_token", TokenKind.REFRESH)
    try:
        for _ in range(_TRIES):
            found = decide_on(
                request.store,
                presented.reading,
                lambda snapshot: _decide(request, presented, snapshot),
            )
            scopes = _narrowed(request.parameters.get("scope"), found.grant.scopes)
            if not _is_current(presented, found.grant):
                # The answer says its own scope, which a repeat cannot change any more.
                return _repeated(request, presented, found.grant)
            try:
                return _rotated(request, presented, found, scopes)
            except GrantChanged:
                # Another request rotated, extended or revoked: what is right is decided anew.
                continue
    except Replay:
        person.end_replayed(request, presented, "refresh_token")
        raise refusal("an old refresh token of the family") from None
    raise refusal("the grant keeps changing")


def _decide(request: TokenRequest, presented: PresentedGrant, snapshot: Snapshot) -> PersonGrant:
    """The checks, in order: what is returned holds the token as current, or within its grace."""
    found = person.find(request, presented, snapshot)
    refresh, token = found.grant.refresh_tokens, presented.token
    if refresh is None or token.family is None:
        raise refusal("no refresh token was issued")
    if not hmac.compare_digest(refresh.family, hash_family(token.family)):
        raise refusal("not of this family")
    now = request.clock.now()
    if not hmac.compare_digest(refresh.current, token.hash) and not _in_grace(
        refresh, token.hash, now
    ):
        raise Replay
    if not life_cycle.is_live(refresh.ends_at, now):
        raise refusal("the refresh token ended")
    person.validate_alive(found)
    return found


def _in_grace(refresh: RefreshTokens, presented: str, now: int) -> bool:
    if refresh.previous is None or refresh.rotated_at is None:
        return False
    return (
        hmac.compare_digest(refresh.previous, presented)
        and now - refresh.rotated_at <= GRACE_SECONDS
    )


def _is_current(presented: PresentedGrant, grant: Grant) -> bool:
    return grant.refresh_tokens is not None and hmac.compare_digest(
        grant.refresh_tokens.current, presented.token.hash
    )


def _rotated(
    request: TokenRequest,
    presented: PresentedGrant,
    found: PersonGrant,
    scopes: frozenset[str] | None,
) -> dict[str, object]:
    """Rotate: one conditional write; `scopes` None: all of the grant's. Raises GrantChanged."""
    before, now, nonce = found.grant, request.clock.now(), token_hex(32)
    successors = derive(presented.value, nonce, before, presented.token.family)
    after = with_access_token(before, successors.access_token, scopes, now)
    after = replace(
        after,
        refresh_tokens=_next(before.refresh_tokens, successors, now, nonce),
        version=before.version + 1,
        nonce=nonce,
    )
    request.store.advance(before, after)
    return describe(successors, after, after.access_tokens[digest(successors.access_token)], now)


def _repeated(request: TokenRequest, presented: PresentedGrant, grant: Grant) -> dict[str, object]:
    """The answer that was given before, without a write."""
    refresh = grant.refresh_tokens
    if refresh is None or refresh.rotation_nonce is None:
        raise refusal("nothing to repeat")
    successors = derive(presented.value, refresh.rotation_nonce, grant, presented.token.family)
    token = grant.access_tokens.get(digest(successors.access_token))
    if token is None:
        raise refusal("the access token of that answer is gone")
    return describe(successors, grant, token, request.clock.now())


def _next(
    before: RefreshTokens | None, successors: Successors, now: int, nonce: str
) -> RefreshTokens:
    if before is None or successors.refresh_token is None:
        raise ValueError("a rotation has a refresh token before and after")
    return replace(
        before,
        current=digest(successors.refresh_token),
        previous=before.current,
        rotated_at=now,
        rotation_nonce=nonce,
    )


def _narrowed(requested: str | None, granted: frozenset[str]) -> frozenset[str] | None:
    """The scopes of this access token, None: all of the grant's (RFC 6749 §6).

    Some clients say once more what they asked for at the login, where it was passed over as well.
    """
    if requested is None:
        return None
    scopes = scope.parse(scope.without_unknown(requested))
    if not scopes <= granted:
        raise InvalidScope("The scope asks for more than was granted.")
    return scopes
