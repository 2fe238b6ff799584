"""The client that asks about or revokes a token: read and authenticated with that token at once."""

from dataclasses import dataclass
from secrets import token_hex

from chalicelib.oauth.client_authentication import (
    AuthenticatedClient,
    authenticate,
    identify,
)
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import InvalidClient
from chalicelib.oauth.ids import assertion_grant_id
from chalicelib.oauth.leasing import decide_on
from chalicelib.oauth.messages import Request
from chalicelib.oauth.model import Grant, GrantKind
from chalicelib.oauth.parameters import parse_form, require
from chalicelib.oauth.stores import GrantExists, GrantStore, Reading, Snapshot
from chalicelib.oauth.tokens import MalformedToken, Token, parse
from chalicelib.oauth.validation import reading_of


@dataclass(frozen=True, slots=True)
class TokenQuestion:
    """An authenticated client and the token it presents; None: no token of ours at all."""

    client: AuthenticatedClient
    token: Token | None
    snapshot: Snapshot


def read_question(
    request: Request, store: GrantStore, clock: Clock, issuer: str, *, public: bool = False
) -> TokenQuestion:
    """Authenticate the caller and read what its `token` needs, in one batch.

    `public` lets a public application in by its client_id alone.
    A JWT that authenticates the caller is used up by it (checklist 31).
    Raises OAuthError, StoreUnavailable.
    """
    parameters = parse_form(request)
    presented = identify(request, parameters)
    token = _parse(require(parameters, "token"))
    reading = _reading(presented.client_id, token)

    def decide(snapshot: Snapshot) -> TokenQuestion:
        application = snapshot.applications.get(presented.client_id)
        client = authenticate(presented, application, issuer, clock.now(), public=public)
        return TokenQuestion(client, token, snapshot)

    question = decide_on(store, reading, decide)
    _consume_assertion(question.client, store, clock.now())
    return question


def _parse(value: str) -> Token | None:
    try:
        return parse(value)
    except MalformedToken:
        return None


def _reading(client_id: str, token: Token | None) -> Reading:
    if token is None:
        return Reading(clients=frozenset({client_id}))
    of_token = reading_of(token)
    return Reading(
        clients=of_token.clients | {client_id},
        users=of_token.users,
        grants=of_token.grants,
        acting_user_of=of_token.acting_user_of,
    )


def _consume_assertion(client: AuthenticatedClient, store: GrantStore, now: int) -> None:
    """Put the record that makes the caller's JWT single-use. Raises InvalidClient."""
    assertion = client.assertion
    if assertion is None:
        return
    nonce = token_hex(16)
    record = Grant(
        client_id=assertion.client_id,
        grant_id=assertion_grant_id(assertion.client_id, assertion.jti),
        kind=GrantKind.ASSERTION,
        created_at=now,
        creation_nonce=nonce,
        nonce=nonce,
        assertion_ends_at=assertion.ends_at,
    )
    try:
        store.create(record)
    except GrantExists:
        raise InvalidClient(detail="the JWT was used before") from None
