"""`GrantStore` in memory."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from chalicelib.audit import AuditEvent
from chalicelib.oauth.model import Grant
from chalicelib.oauth.stores import GrantChanged, GrantExists, GrantKey, Reading, Snapshot
from tests.fakes.memory import FakeMemory

_Key = TypeVar("_Key")
_Item = TypeVar("_Item")


class FakeGrants:
    """Fulfils `GrantStore`; never leases."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def read(self, reading: Reading, *, fresh: bool = False) -> Snapshot:
        del fresh
        with self._memory:
            clients, users = set(reading.clients), set(reading.users)
            if reading.acting_user_of is not None:
                clients.add(reading.acting_user_of)
                application = self._memory.application(reading.acting_user_of)
                if application is not None and application.user_id is not None:
                    users.add(application.user_id)
            return Snapshot(
                applications=_present(clients, self._memory.application),
                users=_present(users, self._memory.user),
                grants=_present(reading.grants, self._memory.grants.get),
            )

    def create(self, grant: Grant) -> None:
        key = (grant.client_id, grant.grant_id)
        with self._memory:
            current = self._memory.grants.get(key)
            if current is None:
                self._memory.grants[key] = grant
            elif current.creation_nonce != grant.creation_nonce:
                raise GrantExists

    def extend(
        self, grant: Grant, token_hash: str | None, ends_at: int, now: int, nonce: str
    ) -> None:
        key = (grant.client_id, grant.grant_id)
        with self._memory:
            current = self._memory.grants.get(key)
            if current is not None and current.nonce == nonce:
                return
            if current is None or current.version != grant.version or current.revoked_at:
                raise GrantChanged(current)
            if token_hash is None:
                stored, changed = current.ends_at, replace(current, ends_at=ends_at)
            elif token_hash in current.access_tokens:
                token = current.access_tokens[token_hash]
                stored = token.ends_at
                later = replace(token, ends_at=max(ends_at, stored or 0))
                tokens = {**current.access_tokens, token_hash: later}
                changed = replace(current, access_tokens=tokens)
            else:
                raise GrantChanged(current)
            if stored is None or stored <= now:
                raise GrantChanged(current)
            if changed.ends_at is not None and current.ends_at is not None:
                changed = replace(changed, ends_at=max(changed.ends_at, current.ends_at))
            self._memory.grants[key] = replace(changed, version=current.version + 1, nonce=nonce)

    def advance(self, before: Grant, after: Grant) -> None:
        key = (before.client_id, before.grant_id)
        with self._memory:
            current = self._memory.grants.get(key)
            if current is not None and current.nonce == after.nonce:
                return
            if current is None or current.version != before.version:
                raise GrantChanged(current)
            self._memory.grants[key] = after

    def revoke(self, key: GrantKey, now: int, nonce: str, *, of_person: bool = False) -> bool:
        del of_person
        with self._memory:
            current = self._memory.grants.get(key)
            if current is not None and current.revoked_at is None:
                self._memory.grants[key] = replace(
                    current, revoked_at=now, version=current.version + 1, nonce=nonce
                )
                return True
            return current is not None and current.nonce == nonce

    def report(self, event: AuditEvent) -> None:
        with self._memory:
            self._memory.events[event.event_id] = event


def _present(
    keys: set[_Key] | frozenset[_Key], find: Callable[[_Key], _Item | None]
) -> dict[_Key, _Item]:
    return {key: value for key in keys if (value := find(key)) is not None}
