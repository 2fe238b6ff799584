"""Is this access token, or bearer application's secret, valid now, and for what (RFC 6750 §2)."""

import hmac
from dataclasses import dataclass, replace
from secrets import token_hex

from chalicelib.oauth import life_cycle, scope
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import InvalidToken
from chalicelib.oauth.leasing import decide_on
from chalicelib.oauth.model import (
    AccessToken,
    Application,
    BuiltIn,
    Grant,
    GrantKind,
    GrantType,
    Secret,
    User,
)
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import GrantChanged, GrantStore, Reading, Snapshot, StoreUnavailable
from chalicelib.oauth.tokens import MalformedToken, Token, TokenKind, parse

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Access:
    """A valid credential: who calls and what it opens now.

    `scopes` are the granted ones within the application's and the user's rights of this
    moment. `ends_at` is epoch seconds, None: never. `grant` is None for a JWT sent in a header.
    """

    application: Application
    user: User | None
    scopes: frozenset[str]
    kind: GrantKind
    issued_at: int
    ends_at: int | None
    grant: Grant | None = None

    @property
    def of_console(self) -> bool:
        """Whether it counts at the console alone, and there only within its browser session."""
        return self.application.built_in is BuiltIn.CONSOLE

    @property
    def user_label(self) -> str | None:
        r"""The user acted as, written `domain\user`."""
        return None if self.user is None else f"{self.user.user_domain}\\{self.user.user_name}"


class TokenValidator:
    """Validates what is sent as `Authorization: Bearer` in one round trip."""

    def __init__(self, store: GrantStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def validate(self, value: str, *, use: bool = True) -> Access:
        """The access that a token or bearer secret gives now.

        `use` extends a sliding life (design, "Extend"). Raises InvalidToken for everything
        that is not valid, StoreUnavailable when that cannot be known.
        """
        try:
            token = parse(value)
        except MalformedToken as error:
            raise InvalidToken(detail=str(error)) from error
        note(client_id=token.client_id, grant_id=token.grant_id)
        snapshot, access = decide_on(
            self._store,
            reading_of(token),
            lambda snapshot: (snapshot, decide(token, snapshot, self._clock.now())),
        )
        if token.kind is TokenKind.SECRET:
            note(secret_id=token.grant_id)
        return self.extend(token, snapshot, access) if use else access

    def extend(self, token: Token, snapshot: Snapshot, access: Access) -> Access:
        """Move a sliding end for this use of a token found valid in `snapshot`.

        Decides anew when the grant changed, three times. Raises InvalidToken when the change
        was its end; an extension lost to a storage fault leaves the end as it was.
        """
        for _ in range(_TRIES):
            now = self._clock.now()
            grant, end = access.grant, _end_of_use(access, token, now)
            if grant is None or end is None:
                return access
            token_hash = None if access.kind is GrantKind.BEARER_SECRET else token.hash
            try:
                self._store.extend(grant, token_hash, end, now, token_hex(16))
            except GrantChanged as changed:
                snapshot = _with_grant(snapshot, token, changed.current)
                access = decide(token, snapshot, now)
            except StoreUnavailable:
                # The token was proved valid; only its extension is lost.
                return access
            else:
                return replace(access, ends_at=_effective_end(access, token, end))
        return access


def reading_of(token: Token) -> Reading:
    """What has to be read to judge a token: its grant, application and user, in one batch."""
    return Reading(
        clients=frozenset({token.client_id}),
        users=frozenset() if token.subject is None else frozenset({token.subject}),
        grants=frozenset({(token.client_id, token.grant_id)}),
        # A secret outlives a change of the acting user, so it cannot name that user.
        acting_user_of=token.client_id if token.kind is TokenKind.SECRET else None,
    )


def find_secret(application: Application, digest: str, now: int) -> Secret | None:
    """The application's live secret with this hash; every stored hash is compared."""
    found = None
    for secret in application.secrets:
        if hmac.compare_digest(secret.hash, digest) and life_cycle.is_live(secret.ends_at, now):
            found = secret
    return found


def acting_user(user_id: str | None, snapshot: Snapshot) -> User | None:
    """The active user acted as; None where the application acts as itself. Raises InvalidToken."""
    if user_id is None:
        return None
    user = snapshot.users.get(user_id)
    if user is None:
        raise InvalidToken(detail="unknown user")
    if not user.enabled:
        raise InvalidToken(detail="user disabled")
    return user


def rights(granted: frozenset[str], application: Application, user: User | None) -> frozenset[str]:
    """Granted, within what application and user may have now (checklist 49).

    An application that acts as itself has no person's rights, so never `admin`.
    """
    held = scope.user_rights(() if user is None else user.roles)
    return granted & application.allowed_scopes & held


def person_rights(granted: frozenset[str], application: Application, user: User) -> frozenset[str]:
    """As `rights`, of a person who logged in."""
    held = scope.user_rights(user.roles, person=True)
    return granted & scope.with_login(application.allowed_scopes) & held


def _token_rights(
    token: AccessToken, grant: Grant, application: Application, user: User | None
) -> frozenset[str]:
    granted = grant.scopes if token.scopes is None else grant.scopes & token.scopes
    if grant.kind is GrantKind.AUTHORIZATION_CODE and user is not None:
        return person_rights(granted, application, user)
    return rights(granted, application, user)


def decide(token: Token, snapshot: Snapshot, now: int) -> Access:
    """The checks, in order; each refusal says why in the log alone. Raises InvalidToken."""
    application = snapshot.applications.get(token.client_id)
    if application is None:
        raise InvalidToken(detail="unknown application")
    if not application.enabled:
        raise InvalidToken(detail="application disabled")
    grant = snapshot.grants.get((token.client_id, token.grant_id))
    if grant is None:
        raise InvalidToken(detail="no such grant")
    if grant.revoked_at is not None:
        raise InvalidToken(detail="grant revoked")
    if token.subject != grant.subject:
        raise InvalidToken(detail="the token names another subject")
    if token.kind is TokenKind.SECRET:
        return _decide_secret(token, application, grant, snapshot, now)
    if token.kind is not TokenKind.ACCESS:
        raise InvalidToken(detail="not an access token")
    live = _live_access_token(token, grant, now)
    user = acting_user(grant.subject, snapshot)
    _validate_epochs(grant, application, user)
    return Access(
        application=application,
        user=user,
        scopes=_token_rights(live, grant, application, user),
        kind=grant.kind,
        issued_at=live.issued_at,
        ends_at=live.ends_at,
        grant=grant,
    )


def _validate_epochs(grant: Grant, application: Application, user: User | None) -> None:
    """Nothing was ended for the whole application, user or consent. Raises InvalidToken."""
    if grant.application_epoch != application.token_epoch:
        raise InvalidToken(detail="application epoch passed")
    if user is None:
        return
    if grant.user_epoch != user.token_epoch:
        raise InvalidToken(detail="user epoch passed")
    is_persons = grant.kind is GrantKind.AUTHORIZATION_CODE
    if is_persons and grant.consent_epoch != user.consent_epoch(grant.client_id):
        raise InvalidToken(detail="consent withdrawn")


def _live_access_token(token: Token, grant: Grant, now: int) -> AccessToken:
    """The record of this very token, compared in constant time."""
    for stored, access_token in grant.access_tokens.items():
        if hmac.compare_digest(stored, token.hash):
            if not life_cycle.is_live(access_token.ends_at, now):
                raise InvalidToken(detail="token ended")
            return access_token
    raise InvalidToken(detail="the grant has no such token")


def _decide_secret(
    token: Token, application: Application, grant: Grant, snapshot: Snapshot, now: int
) -> Access:
    """A client secret used as the bearer token itself (design, "Bearer secrets")."""
    if grant.kind is not GrantKind.BEARER_SECRET:
        raise InvalidToken(detail="not a bearer secret's grant")
    if not application.allows(GrantType.BEARER_TOKEN):
        raise InvalidToken(detail="not a bearer application")
    secret = find_secret(application, token.hash, now)
    if secret is None or secret.secret_id != token.grant_id:
        raise InvalidToken(detail="no such secret")
    if secret.bearer_revoked:
        raise InvalidToken(detail="bearer use revoked")
    if not life_cycle.is_live(grant.ends_at, now):
        raise InvalidToken(detail="bearer use ended")
    user = acting_user(application.user_id, snapshot)
    return Access(
        application=application,
        user=user,
        # Those of its making: an older, perhaps endless, secret gains nothing by a wider scope.
        scopes=rights(grant.scopes, application, user),
        kind=GrantKind.BEARER_SECRET,
        issued_at=secret.created_at,
        ends_at=_earlier(grant.ends_at, secret.ends_at),
        grant=grant,
    )


def _end_of_use(access: Access, token: Token, now: int) -> int | None:
    """The end that this use writes, or None when it writes nothing."""
    grant = access.grant
    if grant is None:
        return None
    stored = _stored_end(grant, token)
    if stored is None:
        return None
    return life_cycle.extended_end(grant.life_cycle, grant.created_at, stored, now)


def _stored_end(grant: Grant, token: Token) -> int | None:
    if grant.kind is GrantKind.BEARER_SECRET:
        return grant.ends_at
    return grant.access_tokens[token.hash].ends_at


def _effective_end(access: Access, token: Token, end: int) -> int | None:
    """What the caller is told: a bearer secret also ends at its own end date."""
    secrets = access.application.secrets if token.kind is TokenKind.SECRET else ()
    own = next((secret.ends_at for secret in secrets if secret.hash == token.hash), None)
    return _earlier(end, own)


def _with_grant(snapshot: Snapshot, token: Token, grant: Grant | None) -> Snapshot:
    """The snapshot with its grant as a failed write showed it."""
    key = (token.client_id, token.grant_id)
    grants = {} if grant is None else {key: grant}
    return replace(snapshot, grants=grants)


def _earlier(one: int | None, other: int | None) -> int | None:
    ends = [end for end in (one, other) if end is not None]
    return min(ends, default=None)
