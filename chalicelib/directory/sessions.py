"""Browser sessions: made at login, found by their cookie, ended on the server (ASVS 5.0 §7).

A cookie is `<user ulid>.<43 characters of secret>`: the first part says what to read and nothing
more, as only the SHA-256 of the whole is stored. All sessions of one user are one record.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_hex, token_urlsafe
from typing import Protocol

from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.consents import UserConsents
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import is_client_id, new_ulid
from chalicelib.oauth.life_cycle import step_seconds
from chalicelib.oauth.model import Application, User
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.oauth.tokens import SECRET_BYTES, USER_PREFIX

# A working day of pauses, and a week after which everybody logs in again.
DEFAULT_IDLE_SECONDS = 8 * 3600
DEFAULT_MAXIMUM_SECONDS = 7 * 24 * 3600
# A person's browsers; the least recently used makes room.
MAXIMUM_SESSIONS = 20
MAXIMUM_USER_AGENT_LENGTH = 200

# Every conflict is the success of another write: so many may come at once.
_TRIES = 50
_EXTEND_TRIES = 3
_KIND = "session"
_COOKIE = re.compile(r"([0-9a-z]{26})\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """One login in one browser; times are epoch seconds.

    `user_epoch` is the user's as read before the password was checked. `ends_at` slides with
    every use, and never past `maximum_ends_at`.
    """

    session_id: str
    user_id: str
    user_epoch: int
    authenticated_at: int
    last_used_at: int
    ends_at: int
    maximum_ends_at: int
    source_ip: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class UserSessions:
    """The record of one user's sessions, by the hash of their cookies; version 0: none is stored.

    `nonce` is that of the newest write: no two writes share one.
    """

    user_id: str
    sessions: Mapping[str, Session] = field(default_factory=dict)
    updated_at: int = 0
    version: int = 0
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class SessionSnapshot:
    """What was read in one batch; None: absent, or not asked for."""

    sessions: UserSessions
    user: User | None
    application: Application | None
    consents: UserConsents | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A valid session and its user as both are now."""

    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes, from which application, and what that person let it have before.

    None: nobody who is logged in; no such application.
    """

    signed_in: SignedIn | None
    application: Application | None
    consented: frozenset[str] = frozenset()


class SessionsChanged(Exception):
    """The record is not as it was read; `current` is it now."""

    def __init__(self, current: UserSessions) -> None:
        super().__init__("the sessions changed")
        self.current = current


class SessionStore(Protocol):
    """Keeps sessions; every write replaces one record. Every method may raise StoreUnavailable."""

    def load(self, user_id: str | None, client_id: str | None = None) -> SessionSnapshot:
        """A user's sessions, that user, and an application: one strongly consistent batch.

        Where both are named the user's consents come with it. Nothing of it is leased.
        """
        ...

    def save(
        self, before: UserSessions, after: UserSessions, event: AuditEvent | None = None
    ) -> None:
        """Write `after`, in one transaction with `event`, if the record is still `before`.

        A record with the nonce of `after` is this call's own success. Never creates a record
        unless `before` was none. Raises SessionsChanged.
        """
        ...


Alter = Callable[[Mapping[str, Session]], Mapping[str, Session] | None]
"""Decides on the sessions as they are; None: there is nothing to write."""


class Sessions:
    """The sessions of everybody. Every method may raise StoreUnavailable."""

    def __init__(
        self,
        store: SessionStore,
        clock: Clock,
        *,
        idle_seconds: int = DEFAULT_IDLE_SECONDS,
        maximum_seconds: int = DEFAULT_MAXIMUM_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._maximum_seconds = maximum_seconds

    def log_in(
        self, user: User, source_ip: str, user_agent: str, replaced_cookie: str | None = None
    ) -> tuple[Session, str]:
        """A new session of a user who was authenticated just now, and the value of its cookie.

        `user` is as the authentication returned it: its epoch is the session's. The session of
        `replaced_cookie`, whosever it is, ends (checklist 15).
        """
        replaced = _parse(replaced_cookie)
        if replaced is not None and replaced.user_id != user.user_id:
            self._end(replaced)
        now = self._clock.now()
        value = f"{user.user_id.removeprefix(USER_PREFIX)}.{token_urlsafe(SECRET_BYTES)}"
        own_hash = _digest(value)
        session = Session(
            session_id=new_ulid(),
            user_id=user.user_id,
            user_epoch=user.token_epoch,
            authenticated_at=now,
            last_used_at=now,
            ends_at=now + min(self._idle_seconds, self._maximum_seconds),
            maximum_ends_at=now + self._maximum_seconds,
            source_ip=source_ip,
            user_agent=_printable(user_agent),
        )

        def with_session(sessions: Mapping[str, Session]) -> Mapping[str, Session]:
            kept = {
                hashed: other
                for hashed, other in sessions.items()
                if now < other.ends_at
                # A session of a later epoch than we know of is none of our business.
                and other.user_epoch >= user.token_epoch
                and (replaced is None or hashed != replaced.hash)
            }
            return _bounded(kept) | {own_hash: session}

        self._change(user.user_id, with_session)
        note(user_id=user.user_id, session_id=session.session_id)
        return session, value

    def find(self, cookie_value: str | None) -> SignedIn | None:
        """The session of a cookie and its user, both read now; one round trip.

        None for anything that is not a valid session: nonsense, an end that has passed, a user
        who is disabled or whose epoch moved on. A use moves the sliding end (one write, at most
        once a step of 1/60 of the idle time, at most 60 s).
        """
        return self.visit(cookie_value, None).signed_in

    def visit(self, cookie_value: str | None, client_id: str | None) -> Visit:
        """As `find`, with an application and the person's consent to it in the same batch."""
        claim = _parse(cookie_value)
        if client_id is not None and not is_client_id(client_id):
            client_id = None
        if claim is None and client_id is None:
            return Visit(None, None)
        snapshot = self._store.load(None if claim is None else claim.user_id, client_id)
        signed_in = None
        if claim is not None and snapshot.user is not None:
            signed_in = self._use(claim, snapshot.sessions, snapshot.user)
        if signed_in is None or snapshot.consents is None or client_id is None:
            return Visit(signed_in, snapshot.application)
        consented = snapshot.consents.scopes_of(client_id, signed_in.user)
        return Visit(signed_in, snapshot.application, consented)

    def end(self, cookie_value: str | None) -> None:
        """End the session of a cookie, if it is one; returns when the write is acknowledged."""
        claim = _parse(cookie_value)
        if claim is not None:
            self._end(claim)

    def list_sessions(self, user_id: str) -> list[Session]:
        """The valid sessions of a user, the last used first."""
        snapshot = self._store.load(user_id)
        user, now = snapshot.user, self._clock.now()
        if user is None:
            return []
        valid = (one for one in snapshot.sessions.sessions.values() if _is_valid(one, user, now))
        return sorted(valid, key=_by_use, reverse=True)

    def end_session(self, user_id: str, session_id: str, actor: Actor) -> bool:
        """End one session of a user; whether there was one. Audited."""
        found = False

        def without(sessions: Mapping[str, Session]) -> Mapping[str, Session] | None:
            nonlocal found
            kept = {key: one for key, one in sessions.items() if one.session_id != session_id}
            if len(kept) == len(sessions):
                return None
            found = True
            return kept

        event = self._event("session.ended", user_id, actor, {"session_id": session_id})
        self._change(user_id, without, event)
        return found

    def end_others(self, user_id: str, session_id: str, actor: Actor) -> None:
        """End every session of a user but one. Audited."""

        def only(sessions: Mapping[str, Session]) -> Mapping[str, Session] | None:
            kept = {key: one for key, one in sessions.items() if one.session_id == session_id}
            return None if len(kept) == len(sessions) else kept

        event = self._event("sessions.ended", user_id, actor, {"kept": session_id})
        self._change(user_id, only, event)

    def end_all(self, user_id: str, actor: Actor) -> None:
        """End every session of a user, also one that a login under way is making. Audited."""
        event = self._event("sessions.ended", user_id, actor, {})
        self._change(user_id, lambda sessions: {} if sessions else None, event)

    def _use(self, claim: "_Claim", record: UserSessions, user: User) -> SignedIn | None:
        """The claimed session if it is valid, its sliding end moved.

        Decides anew when the record changed. An extension lost to a storage fault leaves the
        session as valid as it was proved to be; one that was ended meanwhile is never revived.
        """
        signed_in = None
        for _ in range(_EXTEND_TRIES):
            now = self._clock.now()
            session = _match(claim, record)
            if session is None or not _is_valid(session, user, now):
                return None
            signed_in = SignedIn(session, user)
            note(user_id=user.user_id, session_id=session.session_id)
            if now - session.last_used_at < step_seconds(self._idle_seconds):
                return signed_in
            used = self._used(session, now)
            try:
                sessions = {**record.sessions, claim.hash: used}
                self._store.save(record, _next(record, sessions, now))
            except SessionsChanged as changed:
                record = changed.current
            except StoreUnavailable:
                return signed_in
            else:
                return SignedIn(used, user)
        return signed_in

    def _used(self, session: Session, now: int) -> Session:
        end = min(now + self._idle_seconds, session.maximum_ends_at)
        return replace(session, last_used_at=now, ends_at=max(end, session.ends_at))

    def _end(self, claim: "_Claim") -> None:
        def without(sessions: Mapping[str, Session]) -> Mapping[str, Session] | None:
            kept = {hashed: one for hashed, one in sessions.items() if hashed != claim.hash}
            return None if len(kept) == len(sessions) else kept

        self._change(claim.user_id, without)

    def _change(self, user_id: str, alter: Alter, event: AuditEvent | None = None) -> None:
        """Read, decide and write, until no other write comes in between."""
        record = self._store.load(user_id).sessions
        for _ in range(_TRIES):
            sessions = alter(record.sessions)
            if sessions is None:
                return
            try:
                self._store.save(record, _next(record, sessions, self._clock.now()), event)
            except SessionsChanged as changed:
                record = changed.current
            else:
                return
        raise StoreUnavailable("the sessions keep changing")

    def _event(
        self, action: str, user_id: str, actor: Actor, changes: Mapping[str, object]
    ) -> AuditEvent:
        return AuditEvent(new_ulid(), self._clock.now(), action, user_id, actor, changes)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a cookie says: whose sessions to read, and the hash that must be among them."""

    user_id: str
    hash: str


def _parse(cookie_value: str | None) -> _Claim | None:
    """None for what cannot be a cookie of ours: nothing has to be read to refuse it."""
    match = None if cookie_value is None else _COOKIE.fullmatch(cookie_value)
    if match is None:
        return None
    return _Claim(USER_PREFIX + match[1], _digest(match[0]))


def _digest(cookie_value: str) -> str:
    """SHA-256 over kind and cookie, so that nothing else can be taken for a session."""
    return hashlib.sha256(f"{_KIND}\0{cookie_value}".encode()).hexdigest()


def _match(claim: _Claim, record: UserSessions) -> Session | None:
    """The session with the claimed hash; every stored hash is compared in constant time."""
    found = None
    for hashed, session in record.sessions.items():
        if hmac.compare_digest(hashed, claim.hash):
            found = session
    return found


def _is_valid(session: Session, user: User, now: int) -> bool:
    return (
        user.enabled
        and session.user_id == user.user_id
        and session.user_epoch == user.token_epoch
        and now < session.ends_at <= session.maximum_ends_at
    )


def _next(record: UserSessions, sessions: Mapping[str, Session], now: int) -> UserSessions:
    return replace(
        record,
        sessions=sessions,
        updated_at=now,
        version=record.version + 1,
        nonce=token_hex(16),
    )


def _by_use(session: Session) -> tuple[int, str]:
    return session.last_used_at, session.session_id


def _bounded(sessions: Mapping[str, Session]) -> dict[str, Session]:
    """Room for one more: the least recently used go."""
    ordered = sorted(sessions.items(), key=lambda entry: _by_use(entry[1]))
    return dict(ordered[-(MAXIMUM_SESSIONS - 1) :])


def _printable(user_agent: str) -> str:
    """What a browser calls itself, without what could break a line or an encoding."""
    printable = (character for character in user_agent if character.isprintable())
    return "".join(printable)[:MAXIMUM_USER_AGENT_LENGTH]
