"""The database as far as its health is asked."""

from tests.fakes.memory import FakeMemory


class FakeDatabase:
    """What `healthz` asks."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def check_health(self) -> None:
        with self._memory:
            pass
