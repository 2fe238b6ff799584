"""One way to change a registration: read, decide, write if nothing changed in between."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from chalicelib.administration.refusals import Conflict, FieldsTaken, NotFound, VersionMismatch
from chalicelib.audit import Actor, AuditEvent
from chalicelib.oauth.certificate_assertion import MAXIMUM_CLOCK_SKEW_SECONDS
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.model import Application, Grant, GrantType
from chalicelib.registry.built_in import refusal as built_in_refusal
from chalicelib.registry.built_in import validate_lifetime_alone
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import (
    ApplicationChanged,
    ApplicationStore,
    CertificateTaken,
    NameTaken,
)

_Result = TypeVar("_Result")

TRIES = 3
# What is allowed of built-in applications too: it changes nothing but what they issued.
REVOKING = "application.tokens_revoked"
NAME_TAKEN = {"name": "is the name of another application"}
CERTIFICATE_TAKEN = {"certificate": "is held by another application"}


@dataclass(frozen=True, slots=True)
class Change:
    """What to write: the registration after it, and what the audit event says of it."""

    after: Registration
    action: str
    changes: Mapping[str, object] = field(default_factory=dict)
    new_grants: tuple[Grant, ...] = ()
    ended_grants: tuple[str, ...] = ()


Alter = Callable[[Registration, int], Change | None]
"""Decides on a change of what was read at a time; None: it is so already."""


class Changes:
    """Loads and changes registrations under their version."""

    def __init__(self, store: ApplicationStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def load(self, client_id: str) -> Registration:
        """Raises NotFound, StoreUnavailable."""
        registration = self._store.load(client_id)
        if registration is None:
            raise NotFound("application")
        return registration

    def change(
        self, client_id: str, alter: Alter, actor: Actor, if_version: int | None = None
    ) -> Registration:
        """Change an application of this version, or, where none is named, of any.

        Raises NotFound, VersionMismatch, FieldsTaken, Conflict after three lost races, and
        whatever `alter` raises.
        """

        def write(before: Registration) -> Registration:
            now = self._clock.now()
            change = alter(before, now)
            if change is None:
                self._store.settle()
                return before
            if change.action != REVOKING:
                validate_lifetime_alone(before, change.after)
            after = _next_version(before, change.after, now)
            event = event_of(change.action, client_id, actor, now, change.changes)
            with_taken(
                lambda: self._store.replace(
                    before,
                    after,
                    event,
                    new_grants=change.new_grants,
                    ended_grants=change.ended_grants,
                )
            )
            return after

        return self._retried(client_id, if_version, write)

    def delete(self, client_id: str, actor: Actor, if_version: int | None) -> None:
        """Remove an application of this version, or of any. Raises as `change` does."""

        def remove(before: Registration) -> None:
            if before.application.built_in is not None:
                raise built_in_refusal()
            event = event_of("application.deleted", client_id, actor, self._clock.now(), {})
            self._store.delete(before, event)

        self._retried(client_id, if_version, remove)

    def _load_settled(self, client_id: str) -> Registration:
        try:
            return self.load(client_id)
        except NotFound:
            self._store.settle()
            raise

    def _retried(
        self, client_id: str, if_version: int | None, step: Callable[[Registration], _Result]
    ) -> _Result:
        for _ in range(TRIES):
            before = self._load_settled(client_id)
            if if_version is not None and if_version != before.application.version:
                raise VersionMismatch
            try:
                return step(before)
            except ApplicationChanged:
                continue
            except NotFound:
                # What is gone may have been taken away a moment ago.
                self._store.settle()
                raise
        if if_version is not None:
            raise VersionMismatch
        raise Conflict("The application is being changed by others; try again.")


def with_taken(write: Callable[[], None]) -> None:
    """Do a write and name the field whose value is taken. Raises FieldsTaken."""
    try:
        write()
    except NameTaken:
        raise FieldsTaken(NAME_TAKEN) from None
    except CertificateTaken:
        raise FieldsTaken(CERTIFICATE_TAKEN) from None


def event_of(
    action: str, target: str, actor: Actor, now: int, changes: Mapping[str, object]
) -> AuditEvent:
    """The audit event of a write that happens now."""
    return AuditEvent(new_ulid(), now, action, target, actor, changes)


def without_tokens(
    application: Application, now: int, skew_seconds: int = MAXIMUM_CLOCK_SKEW_SECONDS
) -> Application:
    """The application when everything issued to it until now is void (design, "Epochs").

    JWTs that were not redeemed, or are sent in a header, have no grant; those made until now, by a
    clock up to `skew_seconds` ahead of ours as well, are refused by their time.
    """
    from_moment = application.assertions_valid_from
    if application.grant_type is GrantType.CLIENT_CERTIFICATE:
        from_moment = max(from_moment, now + skew_seconds)
    return replace(
        application,
        token_epoch=application.token_epoch + 1,
        assertions_valid_from=from_moment,
    )


def _next_version(before: Registration, after: Registration, now: int) -> Registration:
    application = replace(after.application, version=before.application.version + 1)
    return replace(after, application=application, updated_at=now)
