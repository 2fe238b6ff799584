"""Issuing an access token: one grant record, put if absent (RFC 6749 §5.1)."""

from dataclasses import dataclass
from secrets import token_hex

from chalicelib.oauth import life_cycle, scope
from chalicelib.oauth.certificate_assertion import VerifiedAssertion
from chalicelib.oauth.errors import UnauthorizedClient
from chalicelib.oauth.ids import assertion_grant_id, new_ulid
from chalicelib.oauth.model import AccessToken, Application, Grant, GrantKind, User
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import GrantCreator, Snapshot
from chalicelib.oauth.tokens import TokenKind, digest, mint, new_secret


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a grant decided: who gets a token, acting as whom, for which scopes."""

    application: Application
    user: User | None
    scopes: frozenset[str]
    kind: GrantKind
    assertion: VerifiedAssertion | None = None


def acting_user_of(application: Application, snapshot: Snapshot) -> User | None:
    """The active user that the application's tokens act as; None: the application itself.

    Raises UnauthorizedClient when that user is gone or disabled.
    """
    if application.user_id is None:
        return None
    user = snapshot.users.get(application.user_id)
    if user is None or not user.enabled:
        raise UnauthorizedClient(
            "The application may not act now.", detail="its user is gone or disabled"
        )
    return user


def issue(authorization: Authorization, store: GrantCreator, now: int) -> dict[str, object]:
    """Create the grant with its first access token; the answer of RFC 6749 §5.1.

    `expires_in` is left out for a token that never ends. Raises GrantExists when the signed
    JWT was used before, StoreUnavailable.
    """
    application, user = authorization.application, authorization.user
    assertion = authorization.assertion
    grant_id = new_ulid()
    if assertion is not None:
        grant_id = assertion_grant_id(application.client_id, assertion.jti)
    subject = None if user is None else user.user_id
    token = mint(TokenKind.ACCESS, application.client_id, subject, grant_id, new_secret())
    ends_at = life_cycle.first_end(application.life_cycle, created_at=now, now=now)
    nonce = token_hex(16)
    store.create(
        Grant(
            client_id=application.client_id,
            grant_id=grant_id,
            kind=authorization.kind,
            created_at=now,
            creation_nonce=nonce,
            nonce=nonce,
            subject=subject,
            scopes=authorization.scopes,
            application_epoch=application.token_epoch,
            user_epoch=0 if user is None else user.token_epoch,
            life_cycle=application.life_cycle,
            access_tokens={digest(token): AccessToken(issued_at=now, ends_at=ends_at)},
            assertion_ends_at=None if assertion is None else assertion.ends_at,
        )
    )
    note(grant_id=grant_id, subject=subject)
    answer: dict[str, object] = {
        "access_token": token,
        "token_type": "Bearer",
        "scope": scope.render(authorization.scopes),
    }
    if ends_at is not None:
        answer["expires_in"] = ends_at - now
    return answer
