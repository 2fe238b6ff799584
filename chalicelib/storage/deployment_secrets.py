"""Random bytes that all processes of a deployment share, in the table `signing_keys`."""

from base64 import b64decode, b64encode

from pynamodb.attributes import UnicodeAttribute

from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.database import Database, Put
from chalicelib.storage.tables import SIGNING_KEYS, InSigningKeys


class DeploymentSecretRecord(InSigningKeys):
    """`secret#<name>`: random bytes, encrypted with KMS; never changed."""

    # In Base64.
    encrypted = UnicodeAttribute()


class DeploymentSecrets:
    """Fulfils `SecretStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, name: str) -> bytes | None:
        key = (SIGNING_KEYS, secret_key(name))
        item = self._database.read([key]).get(key)
        return None if item is None else b64decode(item["encrypted"]["S"])

    def create(self, name: str, encrypted: bytes) -> bytes:
        values = {"encrypted": b64encode(encrypted).decode("ascii")}
        item = DeploymentSecretRecord.write(secret_key(name), values)
        condition = DeploymentSecretRecord.key.does_not_exist()
        try:
            self._database.write(Put(DeploymentSecretRecord, item, condition))
        except ConditionFailed as failed:
            if failed.item is None:
                raise StoreUnavailable("PutItem: the secret is gone") from failed
            return b64decode(failed.item["encrypted"]["S"])
        return encrypted


def secret_key(name: str) -> str:
    """The key of a deployment's secret."""
    return f"secret#{name}"
