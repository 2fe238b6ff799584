"""Consents: what a person let an application have, remembered and withdrawn (OIDC Core §3.1.2.4).

All consents of one user are one record. Withdrawing one also moves the user on to the next epoch of
that application, so that codes and tokens of the epoch before fail at their next use.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Protocol

from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.model import without_consent
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.model import User
from chalicelib.oauth.stores import StoreUnavailable

# The oldest makes room: whoever uses so many applications is asked again by one of them.
MAXIMUM_CONSENTS = 100

# Every conflict is the success of another write: so many may come at once.
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Consent:
    """The scopes that a user agreed to for one application; `granted_at` is epoch seconds.

    It counts while `epoch` is the user's of that application: a consent read a moment before it
    was withdrawn is none beside the user read a moment after.
    """

    client_id: str
    scopes: frozenset[str]
    granted_at: int
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class UserConsents:
    """The record of one user's consents, by client id; version 0: none is stored."""

    user_id: str
    consents: Mapping[str, Consent] = field(default_factory=dict)
    version: int = 0
    nonce: str = ""

    def scopes_of(self, client_id: str, user: User) -> frozenset[str]:
        """What the user agreed to for an application; nothing where never asked, or withdrawn."""
        consent = self.consents.get(client_id)
        if consent is None or consent.epoch != user.consent_epoch(client_id):
            return frozenset()
        return consent.scopes


class ConsentsChanged(Exception):
    """The record is not as it was read; `current` is it now."""

    def __init__(self, current: UserConsents) -> None:
        super().__init__("the consents changed")
        self.current = current


class WithdrawalRaced(Exception):
    """Consents or user are not as they were read; nothing was written."""


class ConsentStore(Protocol):
    """Keeps consents; every write replaces one record. Every method may raise StoreUnavailable."""

    def load(self, user_id: str) -> UserConsents:
        """Strongly consistent; one round trip."""
        ...

    def load_with_user(self, user_id: str) -> tuple[UserConsents, User | None]:
        """Both strongly consistent, though not of one moment; one round trip."""
        ...

    def save(self, before: UserConsents, after: UserConsents) -> None:
        """Write `after` if the record is still `before`.

        A record with the nonce of `after` is this call's own success. Raises ConsentsChanged.
        """
        ...

    def withdraw(
        self,
        before: tuple[UserConsents, User],
        after: tuple[UserConsents, User],
        event: AuditEvent,
    ) -> None:
        """Write consents and user, in one transaction with `event`, if both are still `before`.

        Returns only when no lease of the user stands for rights that the write took away.
        Raises WithdrawalRaced.
        """
        ...


Alter = Callable[[Mapping[str, Consent]], Mapping[str, Consent] | None]
"""Decides on the consents as they are; None: there is nothing to write."""


class Consents:
    """The consents of everybody. Every method may raise StoreUnavailable."""

    def __init__(self, store: ConsentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def remember(self, user: User, client_id: str, scopes: frozenset[str]) -> None:
        """Add scopes to what the user agreed to, in the epoch that `user` was read in."""
        now, epoch = self._clock.now(), user.consent_epoch(client_id)

        def with_consent(consents: Mapping[str, Consent]) -> Mapping[str, Consent] | None:
            known = UserConsents(user.user_id, consents).scopes_of(client_id, user)
            if scopes <= known:
                return None
            others = {key: one for key, one in consents.items() if key != client_id}
            return _bounded(others) | {client_id: Consent(client_id, scopes | known, now, epoch)}

        self._change(user.user_id, with_consent)

    def withdraw(self, user_id: str, client_id: str, actor: Actor) -> bool:
        """Forget a consent and end what was issued under it; whether there was one. Audited.

        At the next request its codes, access and refresh tokens fail, and the user is asked
        again. Sessions, and what other applications hold, go on.
        """
        changes = {"client_id": client_id}
        now = self._clock.now()
        event = AuditEvent(new_ulid(), now, "consent.withdrawn", user_id, actor, changes)
        for _ in range(_TRIES):
            record, user = self._store.load_with_user(user_id)
            if user is None or client_id not in record.consents:
                return False
            moved_on = replace(without_consent(user, client_id), version=user.version + 1)
            kept = {
                key: one
                for key, one in record.consents.items()
                # Where the epochs began anew, an old one would count again.
                if key != client_id and moved_on.token_epoch == user.token_epoch
            }
            try:
                self._store.withdraw((record, user), (_next(record, kept), moved_on), event)
            except WithdrawalRaced:
                continue
            return True
        raise StoreUnavailable("the consents keep changing")

    def list_consents(self, user_id: str) -> list[Consent]:
        """Every consent of a user that counts, the newest first."""
        record, user = self._store.load_with_user(user_id)
        if user is None:
            return []
        valid = (one for one in record.consents.values() if record.scopes_of(one.client_id, user))
        return sorted(valid, key=_by_age, reverse=True)

    def _change(self, user_id: str, alter: Alter) -> None:
        """Read, decide and write, until no other write comes in between."""
        record = self._store.load(user_id)
        for _ in range(_TRIES):
            consents = alter(record.consents)
            if consents is None:
                return
            try:
                self._store.save(record, _next(record, consents))
            except ConsentsChanged as changed:
                record = changed.current
            else:
                return
        raise StoreUnavailable("the consents keep changing")


def _next(record: UserConsents, consents: Mapping[str, Consent]) -> UserConsents:
    return replace(record, consents=consents, version=record.version + 1, nonce=token_hex(16))


def _by_age(consent: Consent) -> tuple[int, str]:
    return consent.granted_at, consent.client_id


def _bounded(consents: Mapping[str, Consent]) -> dict[str, Consent]:
    """Room for one more: the oldest go."""
    ordered = sorted(consents.items(), key=lambda entry: _by_age(entry[1]))
    return dict(ordered[-(MAXIMUM_CONSENTS - 1) :])
