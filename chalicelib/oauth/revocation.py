"""Token revocation (RFC 7009)."""

import hmac
from secrets import token_hex

from chalicelib.oauth.caller import TokenQuestion, read_question
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.model import Grant, GrantKind
from chalicelib.oauth.person_tokens import hash_family
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import GrantStore, Reading, Snapshot
from chalicelib.oauth.tokens import Token, TokenKind


class RevocationEndpoint:
    """Lets an application revoke its own tokens."""

    def __init__(self, store: GrantStore, clock: Clock, issuer: str) -> None:
        self._store = store
        self._clock = clock
        self._issuer = issuer

    def __call__(self, request: Request) -> Response:
        """200 once the grant behind the token is dead, and for a token that never lived.

        Another application's token is left alone (RFC 7009 §2.1, checklist 47).
        Raises InvalidClient, InvalidRequest, and StoreUnavailable rather than a false 200.
        """
        question = read_question(request, self._store, self._clock, self._issuer, public=True)
        token = question.token
        if token is None or token.client_id != question.client.application.client_id:
            note(outcome="ignored")
            return Response(200, {})
        if self._belongs(token, question):
            key = (token.client_id, token.grant_id)
            grant = question.snapshot.grants.get(key)
            of_person = grant is not None and grant.kind is GrantKind.AUTHORIZATION_CODE
            self._store.revoke(key, self._clock.now(), token_hex(16), of_person=of_person)
            note(grant_id=token.grant_id)
        return Response(200, {})

    def _belongs(self, token: Token, question: TokenQuestion) -> bool:
        """Whether the grant named in the token really issued it, ended or revoked as it may be."""
        if _issued(token, question.snapshot):
            return True
        if not question.snapshot.leased:
            return False
        reading = Reading(
            clients=frozenset({token.client_id}),
            grants=frozenset({(token.client_id, token.grant_id)}),
        )
        return _issued(token, self._store.read(reading, fresh=True))


def _issued(token: Token, snapshot: Snapshot) -> bool:
    grant = snapshot.grants.get((token.client_id, token.grant_id))
    if grant is None:
        return False
    presented = token.hash if token.family is None else hash_family(token.family)
    return any(hmac.compare_digest(stored, presented) for stored in _hashes(token, grant, snapshot))


def _hashes(token: Token, grant: Grant, snapshot: Snapshot) -> list[str]:
    """What the grant has stored of this kind; rotated refresh tokens share their family."""
    if token.kind is TokenKind.REFRESH:
        return [] if grant.refresh_tokens is None else [grant.refresh_tokens.family]
    if token.kind is TokenKind.CODE:
        return [] if grant.code is None else [grant.code.hash]
    if token.kind is TokenKind.SECRET:
        application = snapshot.applications.get(token.client_id)
        return [] if application is None else [secret.hash for secret in application.secrets]
    return list(grant.access_tokens)
