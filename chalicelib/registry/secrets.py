"""Client secrets: made, rotated with an overlap, cut at once; stored as a hash, shown once."""

from dataclasses import dataclass, field, replace
from secrets import token_hex

from chalicelib.administration.refusals import Conflict, NotFound
from chalicelib.audit import Actor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.life_cycle import first_end, is_live
from chalicelib.oauth.model import Application, Grant, GrantKind, Secret
from chalicelib.oauth.tokens import TokenKind, digest, mint, new_secret
from chalicelib.registry.changes import Change, Changes, without_tokens
from chalicelib.registry.grant_types import bears_its_secret, has_secret
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import ApplicationStore

MAXIMUM_LIVE_SECRETS = 2


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A client secret at the only moment at which its value is known."""

    stored: Secret
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The application after a rotation and, this once, its new client secret."""

    registration: Registration
    secret: NewSecret


def new_client_secret(client_id: str, now: int) -> NewSecret:
    """A `gls_` secret of 256 random bits, without an end."""
    secret_id = new_ulid()
    value = mint(TokenKind.SECRET, client_id, None, secret_id, new_secret())
    return NewSecret(Secret(secret_id, digest(value), created_at=now), value)


def bearer_grant(application: Application, secret: Secret) -> Grant:
    """The grant behind a secret's use as a bearer token; its life is fixed from the start."""
    nonce = token_hex(16)
    made = secret.created_at
    return Grant(
        client_id=application.client_id,
        grant_id=secret.secret_id,
        kind=GrantKind.BEARER_SECRET,
        created_at=made,
        creation_nonce=nonce,
        scopes=application.allowed_scopes,
        application_epoch=application.token_epoch,
        life_cycle=application.life_cycle,
        ends_at=first_end(application.life_cycle, made, made),
        nonce=nonce,
    )


class ClientSecrets:
    """Rotates and cuts client secrets. Every method may raise StoreUnavailable."""

    def __init__(self, store: ApplicationStore, clock: Clock) -> None:
        self._changes = Changes(store, clock)

    def rotate(
        self, client_id: str, overlap_seconds: int, actor: Actor, if_version: int | None = None
    ) -> Rotated:
        """A new secret; the present one ends after the overlap.

        Raises NotFound, VersionMismatch, Conflict where more than two would be live.
        """
        made: list[NewSecret] = []

        def alter(before: Registration, now: int) -> Change:
            application = before.application
            if not has_secret(application.grant_type, public=application.public):
                raise Conflict("An application of this kind has no client secret.")
            kept = _overlapping(application, overlap_seconds, now)
            if len(kept) >= MAXIMUM_LIVE_SECRETS:
                raise Conflict("Two secrets are live; cut one or wait for its end.")
            secret = new_client_secret(client_id, now)
            made.append(secret)
            grants: tuple[Grant, ...] = ()
            if bears_its_secret(application.grant_type):
                grants = (bearer_grant(application, secret.stored),)
            after = replace(application, secrets=(*kept, secret.stored))
            return Change(
                replace(before, application=after),
                "secret.created",
                {"secret_id": secret.stored.secret_id, "overlap_seconds": overlap_seconds},
                new_grants=grants,
                ended_grants=_gone(application, after),
            )

        registration = self._changes.change(client_id, alter, actor, if_version)
        return Rotated(registration, made[-1])

    def cut(
        self, client_id: str, secret_id: str, actor: Actor, if_version: int | None = None
    ) -> Registration:
        """End a secret now, and every token of the application with it; the last one too.

        Raises NotFound, VersionMismatch, Conflict.
        """

        def alter(before: Registration, now: int) -> Change:
            application = before.application
            kept = tuple(s for s in application.secrets if s.secret_id != secret_id)
            if kept == application.secrets:
                raise NotFound("secret")
            after = replace(without_tokens(application, now), secrets=kept)
            return Change(
                replace(before, application=after),
                "secret.cut",
                {"secret_id": secret_id},
                ended_grants=(secret_id,),
            )

        return self._changes.change(client_id, alter, actor, if_version)


def _overlapping(application: Application, overlap_seconds: int, now: int) -> tuple[Secret, ...]:
    """The secrets still live once the overlap has begun, each with its end."""
    latest = now + overlap_seconds
    ending = (
        replace(secret, ends_at=latest if secret.ends_at is None else min(secret.ends_at, latest))
        for secret in application.secrets
    )
    return tuple(secret for secret in ending if is_live(secret.ends_at, now))


def _gone(before: Application, after: Application) -> tuple[str, ...]:
    """Ids of the secrets that a change leaves out; their grants end with them."""
    kept = {secret.secret_id for secret in after.secrets}
    return tuple(s.secret_id for s in before.secrets if s.secret_id not in kept)
