"""`CertificateFiles` in memory."""

from chalicelib.oauth.stores import StoreUnavailable
from tests.fakes.memory import FakeMemory


class FakeCertificateFiles:
    """Fulfils `CertificateFiles`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def save(self, file_sha256: str, content: bytes, media_type: str) -> None:
        del media_type
        with self._memory:
            self._memory.files[file_sha256] = content

    def load(self, file_sha256: str) -> bytes:
        with self._memory:
            if file_sha256 not in self._memory.files:
                raise StoreUnavailable("no such file")
            return self._memory.files[file_sha256]
