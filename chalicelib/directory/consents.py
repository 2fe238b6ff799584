"""Consents: what a person let an application have, remembered and withdrawn (OIDC Core §3.1.2.4).

All consents of one user are one record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Protocol

from chalicelib.audit import Actor, AuditEvent
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.stores import StoreUnavailable

# The oldest makes room: whoever uses so many applications is asked again by one of them.
MAXIMUM_CONSENTS = 100

# Every conflict is the success of another write: so many may come at once.
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Consent:
    """The scopes that a user agreed to for one application; `granted_at` is epoch seconds."""

    client_id: str
    scopes: frozenset[str]
    granted_at: int


@dataclass(frozen=True, slots=True)
class UserConsents:
    """The record of one user's consents, by client id; version 0: none is stored."""

    user_id: str
    consents: Mapping[str, Consent] = field(default_factory=dict)
    version: int = 0
    nonce: str = ""

    def scopes_of(self, client_id: str) -> frozenset[str]:
        """What the user agreed to for an application; nothing where never asked."""
        consent = self.consents.get(client_id)
        return frozenset() if consent is None else consent.scopes


class ConsentsChanged(Exception):
    """The record is not as it was read; `current` is it now."""

    def __init__(self, current: UserConsents) -> None:
        super().__init__("the consents changed")
        self.current = current


class ConsentStore(Protocol):
    """Keeps consents; every write replaces one record. Every method may raise StoreUnavailable."""

    def load(self, user_id: str) -> UserConsents:
        """Strongly consistent; one round trip."""
        ...

    def save(
        self, before: UserConsents, after: UserConsents, event: AuditEvent | None = None
    ) -> None:
        """Write `after`, in one transaction with `event`, if the record is still `before`.

        A record with the nonce of `after` is this call's own success. Raises ConsentsChanged.
        """
        ...


Alter = Callable[[Mapping[str, Consent]], Mapping[str, Consent] | None]
"""Decides on the consents as they are; None: there is nothing to write."""


class Consents:
    """The consents of everybody. Every method may raise StoreUnavailable."""

    def __init__(self, store: ConsentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def covers(self, user_id: str, client_id: str, scopes: frozenset[str]) -> bool:
        """Whether the user agreed to every one of these scopes for this application."""
        return scopes <= self._store.load(user_id).scopes_of(client_id)

    def remember(self, user_id: str, client_id: str, scopes: frozenset[str]) -> None:
        """Add scopes to what the user agreed to."""
        now = self._clock.now()

        def with_consent(consents: Mapping[str, Consent]) -> Mapping[str, Consent] | None:
            known = UserConsents(user_id, consents).scopes_of(client_id)
            if scopes <= known:
                return None
            others = {key: one for key, one in consents.items() if key != client_id}
            return _bounded(others) | {client_id: Consent(client_id, scopes | known, now)}

        self._change(user_id, with_consent)

    def withdraw(self, user_id: str, client_id: str, actor: Actor) -> bool:
        """Forget a consent, so that the user is asked again; whether there was one. Audited.

        What the application holds already lives on: revoking is another act.
        """
        found = False

        def without(consents: Mapping[str, Consent]) -> Mapping[str, Consent] | None:
            nonlocal found
            if client_id not in consents:
                return None
            found = True
            return {key: one for key, one in consents.items() if key != client_id}

        changes = {"client_id": client_id}
        now = self._clock.now()
        event = AuditEvent(new_ulid(), now, "consent.withdrawn", user_id, actor, changes)
        self._change(user_id, without, event)
        return found

    def list_consents(self, user_id: str) -> list[Consent]:
        """Every consent of a user, the newest first."""
        return sorted(self._store.load(user_id).consents.values(), key=_by_age, reverse=True)

    def _change(self, user_id: str, alter: Alter, event: AuditEvent | None = None) -> None:
        """Read, decide and write, until no other write comes in between."""
        record = self._store.load(user_id)
        for _ in range(_TRIES):
            consents = alter(record.consents)
            if consents is None:
                return
            after = replace(
                record, consents=consents, version=record.version + 1, nonce=token_hex(16)
            )
            try:
                self._store.save(record, after, event)
            except ConsentsChanged as changed:
                record = changed.current
            else:
                return
        raise StoreUnavailable("the consents keep changing")


def _by_age(consent: Consent) -> tuple[int, str]:
    return consent.granted_at, consent.client_id


def _bounded(consents: Mapping[str, Consent]) -> dict[str, Consent]:
    """Room for one more: the oldest go."""
    ordered = sorted(consents.items(), key=lambda entry: _by_age(entry[1]))
    return dict(ordered[-(MAXIMUM_CONSENTS - 1) :])
