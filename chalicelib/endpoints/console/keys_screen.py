"""`/console/keys`: the key ring, and its rotation before its time."""

from chalicelib.administration.key_ring import SigningKeyRing
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.signing_keys import (
    PUBLISHED_SECONDS,
    RETIRING_SECONDS,
    SIGNING_SECONDS,
    KeyState,
    SigningKey,
)
from chalicelib.pages.console.frame import KEYS, Act
from chalicelib.pages.console.keys import KeyRow, KeysPage, RotationPage

ROTATE_PATH = f"{KEYS.path}/rotate"

_FORM = "rotate keys"
_STATES = {
    KeyState.ACTIVE: "Signs",
    KeyState.NEXT: "Published, signs next",
    KeyState.RETIRING: "Signs no more, still verifies",
}
_CONSEQUENCES = (
    "A new key is published for each algorithm, beside those that sign now.",
    "It signs a day from now, so that whoever keeps the published keys has read it by then.",
    "The present keys go on verifying for eight days after that. No ID token becomes invalid.",
)


class KeysScreen:
    """The list, and the button."""

    def __init__(self, desk: Desk, ring: SigningKeyRing, clock: Clock) -> None:
        self._desk = desk
        self._ring = ring
        self._clock = clock

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Every key."""
        keys, order = self._ring.list_keys(), list(_STATES)
        in_order = sorted(keys, key=lambda key: (order.index(key.state), key.algorithm, key.kid))
        page = KeysPage(
            rows=tuple(map(_row, in_order)),
            waiting_until=_waiting_until(keys, self._clock.now()),
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(page)

    def confirm(self, request: Request, visitor: Visitor) -> Response:
        """What a rotation does, and the button that starts it."""
        page = RotationPage(
            heading="Rotate the signing keys?",
            subject="The keys that sign ID tokens",
            consequences=_CONSEQUENCES,
            button="Publish the next keys",
            act=Act(ROTATE_PATH, self._desk.token(visitor, _FORM)),
            back_path=KEYS.path,
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(page)

    def rotate(self, request: Request, visitor: Visitor) -> Response:
        """Publish the next keys. Raises FormRefused, InvalidRequest."""
        self._desk.take(request, visitor, _FORM)
        is_done = self._ring.rotate(visitor.actor)
        return self._desk.done(KEYS.path, "keys-rotated" if is_done else "keys-waiting")


def _row(key: SigningKey) -> KeyRow:
    if key.state is KeyState.NEXT:
        step, at = "Signs", key.created_at + PUBLISHED_SECONDS
    elif key.state is KeyState.ACTIVE:
        step, at = "Gives way to the next", (key.activated_at or key.created_at) + SIGNING_SECONDS
    else:
        step, at = "Is removed", (key.retired_at or key.created_at) + RETIRING_SECONDS
    return KeyRow(
        kid=key.kid,
        algorithm=key.algorithm.value,
        state=_STATES[key.state],
        created_at=key.created_at,
        activated_at=key.activated_at,
        next_step=step,
        next_at=at,
    )


def _waiting_until(keys: tuple[SigningKey, ...], now: int) -> int | None:
    """When published keys sign, where that is still to come."""
    ends = [key.created_at + PUBLISHED_SECONDS for key in keys if key.state is KeyState.NEXT]
    return max((end for end in ends if end > now), default=None)
