"""What the two grants of a person check alike: the client, the grant it presents, its epochs."""

from dataclasses import dataclass
from secrets import token_hex

from chalicelib.audit import Actor, AuditEvent
from chalicelib.oauth.client_authentication import (
    AuthenticatedClient,
    PresentedClient,
    authenticate,
    identify,
)
from chalicelib.oauth.errors import InvalidGrant
from chalicelib.oauth.grants.request import TokenRequest
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.model import Application, Grant, GrantKind, GrantType, User
from chalicelib.oauth.parameters import require
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import Reading, Snapshot, StoreUnavailable
from chalicelib.oauth.tokens import MalformedToken, Token, TokenKind, parse
from chalicelib.oauth.validation import reading_of


@dataclass(frozen=True, slots=True, repr=False)
class PresentedGrant:
    """A client and the code or refresh token that it presents; nothing is believed yet."""

    client: PresentedClient
    value: str
    token: Token

    @property
    def reading(self) -> Reading:
        return reading_of(self.token)


@dataclass(frozen=True, slots=True)
class PersonGrant:
    """A grant of a person, its authenticated application, and the active person."""

    application: Application
    grant: Grant
    user: User


class Replay(Exception):
    """A code or refresh token was presented again: its grant must die (RFC 9700 §4.14)."""


def present(request: TokenRequest, parameter: str, kind: TokenKind) -> PresentedGrant:
    """Take client and token from the form. Raises InvalidClient, InvalidRequest, InvalidGrant."""
    client = request.in_process or identify(request.http, request.parameters)
    value = require(request.parameters, parameter)
    try:
        token = parse(value)
    except MalformedToken as error:
        raise refusal(str(error)) from error
    if token.kind is not kind:
        raise refusal("another kind of token")
    if token.client_id != client.client_id:
        raise refusal("another client's")
    note(grant_id=token.grant_id)
    return PresentedGrant(client, value, token)


def find(request: TokenRequest, presented: PresentedGrant, snapshot: Snapshot) -> PersonGrant:
    """The grant, once its client is authenticated and everybody may still act.

    Whether the token itself is right is not looked at. Raises InvalidClient, InvalidGrant.
    """
    token = presented.token
    application = snapshot.applications.get(token.client_id)
    now = request.clock.now()
    client: AuthenticatedClient = authenticate(
        presented.client, application, request.issuer, now, public=True
    )
    if not client.application.allows(GrantType.AUTHORIZATION_CODE):
        raise refusal("the application logs nobody in any more")
    grant = snapshot.grants.get((token.client_id, token.grant_id))
    if grant is None or grant.kind is not GrantKind.AUTHORIZATION_CODE:
        raise refusal("no such grant")
    if grant.subject is None or grant.subject != token.subject:
        raise refusal("another subject")
    user = snapshot.users.get(grant.subject)
    if user is None:
        raise refusal("unknown user")
    return PersonGrant(client.application, grant, user)


def validate_alive(found: PersonGrant) -> None:
    """The grant is not revoked and its epochs are those of now. Raises InvalidGrant."""
    if found.grant.revoked_at is not None:
        raise refusal("grant revoked")
    if not found.user.enabled:
        raise refusal("user disabled")
    if found.grant.application_epoch != found.application.token_epoch:
        raise refusal("application epoch passed")
    if found.grant.user_epoch != found.user.token_epoch:
        raise refusal("user epoch passed")
    if found.grant.consent_epoch != found.user.consent_epoch(found.application.client_id):
        raise refusal("consent withdrawn")


def end_replayed(request: TokenRequest, presented: PresentedGrant, what: str) -> None:
    """Revoke the grant, and tell the audit trail, once; `what` was presented again.

    The event follows the revocation, which never waits or fails for it: where it is lost, the
    log line has the same to say. Raises StoreUnavailable where nothing was revoked.
    """
    token, now = presented.token, request.clock.now()
    key = (token.client_id, token.grant_id)
    note(replayed=what)
    if not request.store.revoke(key, now, token_hex(16), of_person=True):
        return
    actor = Actor(token.client_id, None, None, request.http.source_ip)
    changes = {"replayed": what, "grant_id": token.grant_id, "user_id": token.subject}
    event = AuditEvent(new_ulid(), now, "grant.replayed", token.client_id, actor, changes)
    try:
        request.store.report(event)
    except StoreUnavailable:
        note(audit="not written")


def refusal(detail: str) -> InvalidGrant:
    """One answer for every reason; the reason is for the log."""
    return InvalidGrant("The grant is not valid.", detail=detail)
