"""The tokens of a person's grant: derived, so that an answer can be repeated without storing it.

Every token of a step is HMAC-SHA256(credential presented, nonce of the step and kind). The
same credential and the nonce in the record give the same answer again; either alone gives
nothing (design, "Refresh").
"""

import hashlib
import hmac
from dataclasses import dataclass, replace

from chalicelib.oauth import life_cycle, scope
from chalicelib.oauth.model import AccessToken, Grant, LifeCycle, LifeCycleType, RefreshTokens
from chalicelib.oauth.tokens import FAMILY_BYTES, TokenKind, digest, encode_family, mint

MAXIMUM_ACCESS_TOKENS = 4
REFRESH_LIFETIME_SECONDS = 90 * 86_400


@dataclass(frozen=True, slots=True, repr=False)
class Successors:
    """The tokens that one step gives; `refresh_token` None without `offline_access`."""

    access_token: str
    refresh_token: str | None


def derive(presented: str, nonce: str, grant: Grant, family: str | None) -> Successors:
    """The successors of a presented code or refresh token; the same for the same arguments."""
    access_token = mint(
        TokenKind.ACCESS,
        grant.client_id,
        grant.subject,
        grant.grant_id,
        _hmac(presented, nonce, TokenKind.ACCESS.value),
    )
    if family is None:
        return Successors(access_token, None)
    refresh_token = mint(
        TokenKind.REFRESH,
        grant.client_id,
        grant.subject,
        grant.grant_id,
        _hmac(presented, nonce, TokenKind.REFRESH.value),
        family=family,
    )
    return Successors(access_token, refresh_token)


def new_family(code: str, nonce: str) -> str:
    """The family of a grant's refresh tokens, made with the first of them."""
    return encode_family(_hmac(code, nonce, "family")[:FAMILY_BYTES])


def with_access_token(
    grant: Grant, access_token: str, scopes: frozenset[str] | None, now: int
) -> Grant:
    """The grant with one more live access token; a fifth puts out the one that ends soonest."""
    ends_at = life_cycle.first_end(grant.life_cycle, grant.created_at, now)
    live = {
        token_hash: token
        for token_hash, token in grant.access_tokens.items()
        if life_cycle.is_live(token.ends_at, now)
    }
    while len(live) >= MAXIMUM_ACCESS_TOKENS:
        del live[min(live, key=lambda token_hash: _order(live[token_hash]))]
    live[digest(access_token)] = AccessToken(now, ends_at, scopes)
    return replace(grant, access_tokens=live)


def first_refresh(refresh_token: str, family: str, grant: Grant) -> RefreshTokens:
    """The record of a grant's first refresh token; its end is that of all that follow.

    A sliding maximum bounds refresh tokens as well (design, "Ends").
    """
    return RefreshTokens(
        current=digest(refresh_token),
        family=hash_family(family),
        ends_at=grant.created_at + _refresh_lifetime(grant.life_cycle),
    )


def hash_family(family: str) -> str:
    """SHA-256 of the part that all refresh tokens of a grant share."""
    return digest(f"family:{family}")


def describe(
    successors: Successors, grant: Grant, token: AccessToken, now: int
) -> dict[str, object]:
    """The answer of RFC 6749 §5.1."""
    answer: dict[str, object] = {
        "access_token": successors.access_token,
        "token_type": "Bearer",
        "scope": scope.render(grant.scopes if token.scopes is None else token.scopes),
    }
    if token.ends_at is not None:
        answer["expires_in"] = token.ends_at - now
    if successors.refresh_token is not None:
        answer["refresh_token"] = successors.refresh_token
    return answer


def _refresh_lifetime(cycle: LifeCycle) -> int:
    if cycle.kind is LifeCycleType.SLIDING and cycle.maximum_seconds is not None:
        return min(REFRESH_LIFETIME_SECONDS, cycle.maximum_seconds)
    return REFRESH_LIFETIME_SECONDS


def _order(token: AccessToken) -> float:
    return float("inf") if token.ends_at is None else token.ends_at


def _hmac(presented: str, nonce: str, purpose: str) -> bytes:
    message = f"{nonce}\0{purpose}".encode("ascii")
    return hmac.new(presented.encode("ascii"), message, hashlib.sha256).digest()
