"""The exchange of an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6)."""

import hmac
from dataclasses import replace
from secrets import token_hex

from chalicelib.oauth import life_cycle, pkce, scope
from chalicelib.oauth.errors import InvalidGrant
from chalicelib.oauth.grants import person
from chalicelib.oauth.grants.person import PersonGrant, PresentedGrant, Replay, refusal
from chalicelib.oauth.grants.request import TokenRequest
from chalicelib.oauth.leasing import decide_on
from chalicelib.oauth.model import Code, Grant
from chalicelib.oauth.person_tokens import (
    Successors,
    derive,
    describe,
    first_refresh,
    new_family,
    with_access_token,
)
from chalicelib.oauth.redirect_strategy import hash_redirect_uri
from chalicelib.oauth.stores import GrantChanged, Snapshot
from chalicelib.oauth.tokens import TokenKind, digest

GRANT_TYPE = "authorization_code"
PARAMETERS = frozenset({"code", "redirect_uri", "code_verifier"})


def exchange(request: TokenRequest) -> dict[str, object]:
    """The tokens of a code, once; a second exchange kills them. Raises OAuthError."""
    presented = person.present(request, "code", TokenKind.CODE)
    try:
        found = decide_on(
            request.store,
            presented.reading,
            lambda snapshot: _decide(request, presented, snapshot),
        )
        return _exchange(request, presented, found)
    except Replay:
        person.end_replayed(request, presented, "code")
        raise refusal("the code was used before") from None


def _decide(request: TokenRequest, presented: PresentedGrant, snapshot: Snapshot) -> PersonGrant:
    """The checks, in order; only what is right, PKCE included, counts as a replay."""
    found = person.find(request, presented, snapshot)
    code = _matching_code(request, presented, found.grant)
    if not pkce.matches(code.code_challenge, request.parameters.get("code_verifier")):
        raise refusal("the code_verifier does not fit")
    if code.used_at is not None:
        raise Replay
    if not life_cycle.is_live(code.ends_at, request.clock.now()):
        raise refusal("the code ended")
    person.validate_alive(found)
    return found


def _matching_code(request: TokenRequest, presented: PresentedGrant, grant: Grant) -> Code:
    code = grant.code
    if code is None or not hmac.compare_digest(code.hash, presented.token.hash):
        raise refusal("no such code")
    uri = request.parameters.get("redirect_uri")
    if code.redirect_uri_hash is None:
        if uri is not None:
            raise refusal("the authorization request named no redirect_uri")
    elif uri is None or not hmac.compare_digest(code.redirect_uri_hash, hash_redirect_uri(uri)):
        raise refusal("another redirect_uri")
    return code


def _exchange(
    request: TokenRequest, presented: PresentedGrant, found: PersonGrant
) -> dict[str, object]:
    before, now, nonce = found.grant, request.clock.now(), token_hex(32)
    offline = scope.OFFLINE_ACCESS in before.scopes
    family = new_family(presented.value, nonce) if offline else None
    successors = derive(presented.value, nonce, before, family)
    after = _used(before, successors, family, now, nonce)
    answer = describe(successors, after, after.access_tokens[digest(successors.access_token)], now)
    if scope.OPENID in before.scopes:
        # Before the write: a key ring out of reach leaves the code to be tried again.
        answer["id_token"] = request.id_tokens.issue(
            found.application, after, successors.access_token, now
        )
    try:
        request.store.advance(before, after)
    except GrantChanged as changed:
        current = changed.current
        if current is not None and current.code is not None and current.code.used_at is not None:
            raise Replay from None
        raise _lost(current) from None
    return answer


def _used(before: Grant, successors: Successors, family: str | None, now: int, nonce: str) -> Grant:
    """The grant after its exchange."""
    after = with_access_token(before, successors.access_token, None, now)
    refresh = None
    if family is not None and successors.refresh_token is not None:
        refresh = first_refresh(successors.refresh_token, family, before)
    code = None if before.code is None else replace(before.code, used_at=now)
    return replace(
        after, code=code, refresh_tokens=refresh, version=before.version + 1, nonce=nonce
    )


def _lost(current: Grant | None) -> InvalidGrant:
    return refusal("the grant is gone" if current is None else "the grant was revoked meanwhile")
