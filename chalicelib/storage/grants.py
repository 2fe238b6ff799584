"""Grants in the table `tokens`: one item each, every step one conditional update of it."""

from contextlib import suppress
from dataclasses import replace

from pynamodb.expressions.operand import Path

from chalicelib.audit import AuditEvent
from chalicelib.oauth import life_cycle
from chalicelib.oauth.model import Grant
from chalicelib.oauth.stores import (
    GrantChanged,
    GrantExists,
    GrantKey,
    Reading,
    Snapshot,
    StoreUnavailable,
)
from chalicelib.storage import keys, mapping
from chalicelib.storage.attributes import Item
from chalicelib.storage.audit import put_event
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.database import Database, Put, Update
from chalicelib.storage.leases import MACHINE_KINDS, Leases, Moment
from chalicelib.storage.reader import Reader
from chalicelib.storage.records import GrantRecord

# Once as expected, once more for a signed JWT that outlasts the day that a tombstone is kept.
_REVOKE_TRIES = 2


class Grants:
    """Fulfils `GrantStore`."""

    def __init__(self, database: Database, leases: Leases, retention_days: int) -> None:
        self._database = database
        self._leases = leases
        self._retention_days = retention_days
        self._reader = Reader(database, leases)

    def read(self, reading: Reading, *, fresh: bool = False) -> Snapshot:
        return self._reader.read(reading, fresh=fresh)

    def create(self, grant: Grant) -> None:
        since = self._leases.moment()
        item = mapping.write_grant(grant)
        try:
            self._database.write(Put(GrantRecord, item, GrantRecord.key.does_not_exist()))
        except ConditionFailed as failed:
            current = _read(failed.item)
            if current is None or current.creation_nonce != grant.creation_nonce:
                raise GrantExists from failed
            # Our own put, whose answer was lost; it may have changed since, so no lease.
            return
        self._keep(grant, since)

    def extend(
        self, grant: Grant, token_hash: str | None, ends_at: int, now: int, nonce: str
    ) -> None:
        since = self._leases.moment()
        extended = _extended(grant, token_hash, ends_at, nonce)
        path = _end_path(token_hash)
        actions = [
            path.set(_end(extended, token_hash)),
            GrantRecord.version.set(extended.version),
            GrantRecord.nonce.set(nonce),
        ]
        delete_at = life_cycle.delete_at(extended)
        if delete_at is not None:
            actions.append(GrantRecord.expires_at.set(delete_at))
        condition = (
            GrantRecord.key.exists()
            & (GrantRecord.version == grant.version)
            & GrantRecord.revoked_at.does_not_exist()
            & (path > now)
        )
        key = keys.grant_key(grant.client_id, grant.grant_id)
        try:
            self._database.write(Update(GrantRecord, key, tuple(actions), condition))
        except ConditionFailed as failed:
            self._leases.grants.drop((grant.client_id, grant.grant_id))
            current = _read(failed.item)
            if current is None or current.nonce != nonce:
                raise GrantChanged(current) from failed
            return
        self._keep(extended, since)

    def advance(self, before: Grant, after: Grant) -> None:
        item = mapping.write_grant(after)
        unchanged = GrantRecord.key.exists() & (GrantRecord.version == before.version)
        try:
            self._database.write(Put(GrantRecord, item, unchanged))
        except ConditionFailed as failed:
            current = _read(failed.item)
            if current is None or current.nonce != after.nonce:
                raise GrantChanged(current) from failed

    def revoke(self, key: GrantKey, now: int, nonce: str, *, of_person: bool = False) -> bool:
        expires_at = now + life_cycle.RETENTION_SECONDS
        for _ in range(_REVOKE_TRIES):
            ended = True
            try:
                self._database.write(_revocation(key, now, nonce, expires_at))
            except ConditionFailed as failed:
                current = _read(failed.item)
                if current is None:
                    return False
                if current.revoked_at is None:
                    expires_at = life_cycle.delete_revoked_at(current, now)
                    continue
                # With our nonce it is our own write, whose answer was lost.
                ended = current.nonce == nonce
            # Another process may have revoked it a moment ago, so that case waits as well.
            self._leases.grants.drop(key)
            if not of_person:
                self._leases.settle()
            return ended
        raise StoreUnavailable("the grant could not be revoked")

    def report(self, event: AuditEvent) -> None:
        # An event of this id is this very call, whose answer was lost.
        with suppress(ConditionFailed):
            self._database.write(put_event(event, self._retention_days))

    def _keep(self, grant: Grant, since: Moment) -> None:
        if grant.kind in MACHINE_KINDS:
            self._leases.grants.keep((grant.client_id, grant.grant_id), grant, since)


def _read(item: Item | None) -> Grant | None:
    return None if item is None else mapping.read_grant(item)


def _end_path(token_hash: str | None) -> Path:
    if token_hash is None:
        return Path(GrantRecord.ends_at)
    return Path(GrantRecord.access_tokens)[token_hash]["ends_at"]


def _end(grant: Grant, token_hash: str | None) -> int | None:
    return grant.ends_at if token_hash is None else grant.access_tokens[token_hash].ends_at


def _extended(grant: Grant, token_hash: str | None, ends_at: int, nonce: str) -> Grant:
    """The grant as an extension leaves it; an end never moves back. Raises GrantChanged."""
    changed = replace(grant, version=grant.version + 1, nonce=nonce)
    if token_hash is None:
        return replace(changed, ends_at=max(ends_at, grant.ends_at or 0))
    token = grant.access_tokens.get(token_hash)
    if token is None:
        raise GrantChanged(grant)
    later = replace(token, ends_at=max(ends_at, token.ends_at or 0))
    return replace(changed, access_tokens={**grant.access_tokens, token_hash: later})


def _revocation(key: GrantKey, now: int, nonce: str, expires_at: int) -> Update:
    """Revoke what exists and is not revoked, unless a JWT's bound is later than `expires_at`."""
    bound = expires_at - life_cycle.ASSERTION_RETENTION_SECONDS
    return Update(
        GrantRecord,
        keys.grant_key(*key),
        actions=(
            GrantRecord.revoked_at.set(now),
            GrantRecord.expires_at.set(expires_at),
            GrantRecord.version.set(GrantRecord.version + 1),
            GrantRecord.nonce.set(nonce),
        ),
        condition=(
            GrantRecord.key.exists()
            & GrantRecord.revoked_at.does_not_exist()
            & (
                GrantRecord.assertion_ends_at.does_not_exist()
                | (GrantRecord.assertion_ends_at <= bound)
            )
        ),
    )
