"""Keys that seal where a list goes on: made once a deployment, in clear in memory alone."""

from secrets import token_bytes
from typing import Protocol

from chalicelib.oauth.signing_keys import KeyProtector

KEY_BYTES = 32


class SecretStore(Protocol):
    """Keeps a deployment's secrets, each encrypted. Every method may raise StoreUnavailable."""

    def load(self, name: str) -> bytes | None:
        """What is stored, strongly consistent."""
        ...

    def create(self, name: str, encrypted: bytes) -> bytes:
        """Put if absent; what is stored then, be it `encrypted` or an earlier one."""
        ...


class DeploymentKey:
    """The key of one issuer for one purpose; a call reads it once and keeps it."""

    def __init__(
        self, store: SecretStore, protector: KeyProtector, issuer: str, purpose: str
    ) -> None:
        self._store = store
        self._protector = protector
        self._name = f"{purpose}#{issuer}"
        self._context = {"issuer": issuer, "purpose": purpose}
        self._key: bytes | None = None

    def __call__(self) -> bytes:
        """Raises StoreUnavailable, also when KMS does not answer."""
        if self._key is None:
            encrypted = self._store.load(self._name) or self._create()
            self._key = self._protector.decrypt(encrypted, self._context)
        return self._key

    def _create(self) -> bytes:
        encrypted = self._protector.encrypt(token_bytes(KEY_BYTES), self._context)
        return self._store.create(self._name, encrypted)
