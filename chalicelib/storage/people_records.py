"""The records of people who log in: sessions, consents and attempts, to and from the domain."""

from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.constants import MAP, NUMBER, STRING, STRING_SET

from chalicelib.directory.attempts import Counter
from chalicelib.directory.consents import Consent, UserConsents
from chalicelib.directory.sessions import Session, UserSessions
from chalicelib.oauth.life_cycle import RETENTION_SECONDS
from chalicelib.storage.attributes import Item, TimeToLiveAttribute, WholeNumberAttribute
from chalicelib.storage.tables import InTokens, InUsers, Record
from chalicelib.storage.versioned import VersionedRecord

_NUMBERS = ("user_epoch", "authenticated_at", "last_used_at", "ends_at", "maximum_ends_at")
_TEXTS = ("session_id", "user_id", "source_ip", "user_agent")


class SessionsAttribute(Attribute[Mapping[str, Session]]):
    """Sessions by the hash of their cookies."""

    attr_type = MAP

    def serialize(self, value: Mapping[str, Session]) -> dict[str, dict[str, Item]]:
        return {hashed: {MAP: _written_session(session)} for hashed, session in value.items()}

    def deserialize(self, value: dict[str, dict[str, Item]]) -> Mapping[str, Session]:
        return {hashed: _read_session(entry[MAP]) for hashed, entry in value.items()}


class ConsentsAttribute(Attribute[Mapping[str, Consent]]):
    """Consents by client id."""

    attr_type = MAP

    def serialize(self, value: Mapping[str, Consent]) -> dict[str, dict[str, Item]]:
        return {
            client_id: {
                MAP: {
                    "granted_at": {NUMBER: str(consent.granted_at)},
                    "epoch": {NUMBER: str(consent.epoch)},
                    # DynamoDB has no empty set, so the empty one is absent.
                    **({"scopes": {STRING_SET: sorted(consent.scopes)}} if consent.scopes else {}),
                }
            }
            for client_id, consent in value.items()
        }

    def deserialize(self, value: dict[str, dict[str, Item]]) -> Mapping[str, Consent]:
        return {
            client_id: Consent(
                client_id=client_id,
                scopes=frozenset(entry[MAP].get("scopes", {}).get(STRING_SET, ())),
                granted_at=int(entry[MAP]["granted_at"][NUMBER]),
                epoch=int(entry[MAP].get("epoch", {NUMBER: "0"})[NUMBER]),
            )
            for client_id, entry in value.items()
        }


class SessionsRecord(VersionedRecord, InTokens):
    """`sessions#<user_id>`: the browser sessions of one user; never deleted but by TTL."""

    user_id = UnicodeAttribute()
    sessions = SessionsAttribute()
    updated_at = WholeNumberAttribute()
    expires_at = TimeToLiveAttribute()


class ConsentsRecord(VersionedRecord, InUsers):
    """`consents#<user_id>`: what one user lets applications have."""

    user_id = UnicodeAttribute()
    consents = ConsentsAttribute()


class AttemptsRecord(InTokens):
    """`attempts#user#…#<window>`, `attempts#address#…#<window>`: login attempts in one window.

    Beside these attributes there is one for each part, named by `attempts_part`.
    """

    attempts = WholeNumberAttribute()
    given_back_nonce = UnicodeAttribute(null=True)
    # Of what can be done once alone: whose claim it is.
    claim_nonce = UnicodeAttribute(null=True)
    expires_at = TimeToLiveAttribute()


PEOPLE_RECORDS: tuple[type[Record], ...] = (SessionsRecord, ConsentsRecord, AttemptsRecord)


def sessions_key(user_id: str) -> str:
    """The key of a user's sessions."""
    return f"sessions#{user_id}"


def consents_key(user_id: str) -> str:
    """The key of a user's consents."""
    return f"consents#{user_id}"


def attempts_key(counter: Counter) -> str:
    """The key of a counter; a new window is a new item, so counting needs no condition."""
    return f"attempts#{counter.name}#{counter.window_ends_at}"


def attempts_part(part: str) -> str:
    """The attribute that counts a part: of one item, so that both counts are one atomic step."""
    return f"of_{part}"


def write_sessions(record: UserSessions) -> Item:
    """The item; a day after the last end, or the last change, TTL may delete it."""
    ends = [session.ends_at for session in record.sessions.values()]
    return SessionsRecord.write(
        sessions_key(record.user_id),
        {
            "user_id": record.user_id,
            "sessions": record.sessions,
            "updated_at": record.updated_at,
            "version": record.version,
            "nonce": record.nonce,
            "expires_at": max([record.updated_at, *ends]) + RETENTION_SECONDS,
        },
    )


def read_sessions(item: Item) -> UserSessions:
    """The inverse of `write_sessions`."""
    values = SessionsRecord.read(item)
    del values["expires_at"]
    return UserSessions(**values)


def write_consents(record: UserConsents) -> Item:
    """The item of a user's consents."""
    return ConsentsRecord.write(
        consents_key(record.user_id),
        {
            "user_id": record.user_id,
            "consents": record.consents,
            "version": record.version,
            "nonce": record.nonce,
        },
    )


def read_consents(item: Item) -> UserConsents:
    """The inverse of `write_consents`."""
    return UserConsents(**ConsentsRecord.read(item))


def _written_session(session: Session) -> Item:
    numbers: Item = {name: {NUMBER: str(getattr(session, name))} for name in _NUMBERS}
    return numbers | {name: {STRING: getattr(session, name)} for name in _TEXTS}


def _read_session(written: Item) -> Session:
    values: dict[str, Any] = {name: int(written[name][NUMBER]) for name in _NUMBERS}
    values |= {name: written[name][STRING] for name in _TEXTS}
    return Session(**values)
