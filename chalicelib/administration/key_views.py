"""Signing keys as JSON: what an administrator reads; never a private half, encrypted or not."""

from chalicelib.administration.views import Time, View, rfc3339
from chalicelib.oauth.signing_keys import KeyState, SigningKey


class KeyView(View):
    """A key that signs ID tokens, will sign them, or did; null: not yet."""

    kid: str
    alg: str
    state: KeyState
    created_at: Time
    activated_at: Time | None
    retired_at: Time | None


class KeyListView(View):
    """Every key that is published; `next` is always null."""

    items: list[KeyView]
    next: str | None
    count: int


def key_view(key: SigningKey) -> KeyView:
    """The JSON of a key."""
    return KeyView(
        kid=key.kid,
        alg=key.algorithm.value,
        state=key.state,
        created_at=rfc3339(key.created_at),
        activated_at=None if key.activated_at is None else rfc3339(key.activated_at),
        retired_at=None if key.retired_at is None else rfc3339(key.retired_at),
    )
