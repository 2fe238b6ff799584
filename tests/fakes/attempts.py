"""`AttemptStore` in memory."""

from chalicelib.directory.attempts import Count, Counter
from tests.fakes.memory import FakeMemory


class FakeAttempts:
    """Fulfils `AttemptStore`."""

    def __init__(self, memory: FakeMemory) -> None:
        self._memory = memory

    def count(self, counter: Counter) -> Count:
        with self._memory:
            counts = self._memory.attempts.setdefault((counter.name, counter.window_ends_at), {})
            after = {name: counts.get(name, 0) + 1 for name in _counted(counter)}
            if counts.get("", 0) < counter.most:
                counts |= after
            return Count(after[""], after.get(counter.part or "none", 0))

    def claim(self, counter: Counter, nonce: str) -> bool:
        with self._memory:
            key = (counter.name, counter.window_ends_at)
            return self._memory.claims.setdefault(key, nonce) == nonce

    def give_back(self, counter: Counter, nonce: str) -> None:
        with self._memory:
            key = (counter.name, counter.window_ends_at)
            counts = self._memory.attempts.setdefault(key, {})
            is_new = self._memory.given_back.get(key) != nonce
            if is_new and all(counts.get(name, 0) > 0 for name in _counted(counter)):
                counts |= {name: counts[name] - 1 for name in _counted(counter)}
                self._memory.given_back[key] = nonce


def _counted(counter: Counter) -> list[str]:
    """The names of a counter's whole and of its part."""
    return [""] if counter.part is None else ["", counter.part]
