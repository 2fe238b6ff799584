"""A lease may only say yes: a refusal that rests on memory is decided again on a fresh read."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.stores import Reading, RecordReader, Snapshot

Decision = TypeVar("Decision")


def decide_on(
    store: RecordReader, reading: Reading, decide: Callable[[Snapshot], Decision]
) -> Decision:
    """What `decide` makes of the reading; `decide` is pure and refuses by raising OAuthError.

    Raises what `decide` raises, and StoreUnavailable.
    """
    snapshot = store.read(reading)
    try:
        return decide(snapshot)
    except OAuthError:
        if not snapshot.leased:
            raise
    return decide(store.read(reading, fresh=True))
