"""Key rings in the table `signing_keys`: one item each, every step one conditional put of it."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from chalicelib.audit import AuditEvent
from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.signing_keys import KeyState, SigningKey, SigningKeys
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.attributes import Item
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.database import Database, Put
from chalicelib.storage.records import KeyRingRecord
from chalicelib.storage.tables import SIGNING_KEYS
from chalicelib.storage.transactions import commit


class KeyRings:
    """Fulfils `SigningKeyStore`."""

    def __init__(self, database: Database, retention_days: int) -> None:
        self._database = database
        self._retention_days = retention_days

    def load(self, issuer: str) -> SigningKeys | None:
        key = (SIGNING_KEYS, ring_key(issuer))
        item = self._database.read([key]).get(key)
        return None if item is None else read_ring(item)

    def create(self, keys: SigningKeys) -> SigningKeys:
        condition = KeyRingRecord.key.does_not_exist()
        return self._put(keys, Put(KeyRingRecord, write_ring(keys), condition))

    def replace(
        self, before: SigningKeys, after: SigningKeys, event: AuditEvent | None = None
    ) -> SigningKeys:
        condition = KeyRingRecord.key.exists() & (KeyRingRecord.version == before.version)
        put = Put(KeyRingRecord, write_ring(after), condition)
        if event is None:
            return self._put(after, put)
        if not commit(self._database, {"ring": put}, event, self._retention_days):
            return after
        stored = self.load(after.issuer)
        if stored is None:
            raise StoreUnavailable("TransactWriteItems: the key ring is gone")
        return stored

    def _put(self, keys: SigningKeys, put: Put) -> SigningKeys:
        """What is stored then; a put whose answer was lost finds its own ring there."""
        try:
            self._database.write(put)
        except ConditionFailed as failed:
            if failed.item is None:
                raise StoreUnavailable("PutItem: the key ring is gone") from failed
            return read_ring(failed.item)
        return keys


def ring_key(issuer: str) -> str:
    """The key of an issuer's ring: another issuer, another ring."""
    return f"ring#{issuer}"


def write_ring(ring: SigningKeys) -> Item:
    """The item of a ring."""
    return KeyRingRecord.write(
        ring_key(ring.issuer),
        {
            "issuer": ring.issuer,
            "version": ring.version,
            "keys": {key.kid: _written(key) for key in ring.keys},
        },
    )


def read_ring(item: Item) -> SigningKeys:
    """The inverse of `write_ring`; the order of the keys is kept."""
    values = KeyRingRecord.read(item)
    keys = tuple(_read(kid, written) for kid, written in values["keys"].items())
    return SigningKeys(values["issuer"], keys, values["version"])


def _written(key: SigningKey) -> dict[str, object]:
    return {
        "algorithm": key.algorithm.value,
        "state": key.state.value,
        "created_at": key.created_at,
        "activated_at": key.activated_at,
        "retired_at": key.retired_at,
        "public_jwk": dict(key.public_jwk),
        "encrypted_private_key": b64encode(key.encrypted_private_key).decode("ascii"),
    }


def _read(kid: str, written: Mapping[str, Any]) -> SigningKey:
    return SigningKey(
        kid=kid,
        algorithm=Algorithm(written["algorithm"]),
        state=KeyState(written["state"]),
        created_at=written["created_at"],
        activated_at=written["activated_at"],
        retired_at=written["retired_at"],
        public_jwk=written["public_jwk"],
        encrypted_private_key=b64decode(written["encrypted_private_key"]),
    )
