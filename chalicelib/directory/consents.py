"""Consents: what a person let an application have, remembered and withdrawn (OIDC Core §3.1.2.4).

All consents of one user are one record. Withdrawing one also moves the user on to the next epoch of
that application, so that codes and tokens of the epoch before fail at their next use.
"""

from collections.abc import Mapping
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
    """The scopes that a user agreed to for one application; `granted_at` is when last, in seconds.

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

    def save(
        self, before: UserConsents, after: UserConsents, event: AuditEvent | None = None
    ) -> None:
        """Write `after`, in one transaction with `event`, if the record is still `before`.

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


class Consents:
    """The consents of everybody. Every method may raise StoreUnavailable."""

    def __init__(self, store: ConsentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def remember(
        self, user: User, client_id: str, scopes: frozenset[str], source_ip: str = ""
    ) -> None:
        """Add scopes to what the user agreed to, in the epoch that `user` was read in.

        Audited where it is more than before: an application may ask at each of its logins.
        """
        record = self._store.load(user.user_id)
        for _ in range(_TRIES):
            known = record.scopes_of(client_id, user)
            now, epoch = self._clock.now(), user.consent_epoch(client_id)
            others = {key: one for key, one in record.consents.items() if key != client_id}
            given = Consent(client_id, scopes | known, now, epoch)
            after = _next(record, _bounded(others) | {client_id: given})
            event = None if scopes <= known else _given(user, given, source_ip)
            try:
                self._store.save(record, after, event)
            except ConsentsChanged as changed:
                record = changed.current
            else:
                return
        raise StoreUnavailable("the consents keep changing")

    def withdraw(
        self, user_id: str, client_id: str, actor: Actor, *, also_unasked: bool = False
    ) -> bool:
        """Forget a consent and end what was issued under it; whether there was one. Audited.

        At the next request its codes, access and refresh tokens fail, and the user is asked
        again. Sessions, and what other applications hold, go on. `also_unasked`: where no consent
        is remembered as well, because nobody had to be asked or there was no more room.
        """
        changes = {"client_id": client_id}
        now = self._clock.now()
        event = AuditEvent(new_ulid(), now, "consent.withdrawn", user_id, actor, changes)
        for _ in range(_TRIES):
            record, user = self._store.load_with_user(user_id)
            if user is None or not (also_unasked or client_id in record.consents):
                return False
            # One that does not count goes too: its epoch may be the user's again one day.
            kept = {
                key: one
                for key, one in record.consents.items()
                if key != client_id and record.scopes_of(key, user)
            }
            moved_on = replace(without_consent(user, client_id), version=user.version + 1)
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


def _given(user: User, consent: Consent, source_ip: str) -> AuditEvent:
    actor = Actor(None, user.user_id, f"{user.user_domain}\\{user.user_name}", source_ip)
    changes = {"client_id": consent.client_id, "scopes": sorted(consent.scopes)}
    return AuditEvent(new_ulid(), consent.granted_at, "consent.given", user.user_id, actor, changes)


def _next(record: UserConsents, consents: Mapping[str, Consent]) -> UserConsents:
    return replace(record, consents=consents, version=record.version + 1, nonce=token_hex(16))


def _by_age(consent: Consent) -> tuple[int, str]:
    return consent.granted_at, consent.client_id


def _bounded(consents: Mapping[str, Consent]) -> dict[str, Consent]:
    """Room for one more: the oldest go."""
    ordered = sorted(consents.items(), key=lambda entry: _by_age(entry[1]))
    return dict(ordered[-(MAXIMUM_CONSENTS - 1) :])
