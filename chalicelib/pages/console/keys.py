"""The keys that sign ID tokens, on screen."""

from dataclasses import dataclass
from typing import ClassVar

from chalicelib.pages.console.frame import KEYS, ConfirmPage, ConsolePage


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key; times are epoch seconds, None: not yet. `next_step` is what comes at `next_at`."""

    kid: str
    algorithm: str
    state: str
    created_at: int
    activated_at: int | None
    next_step: str
    next_at: int


@dataclass(frozen=True, slots=True)
class KeysPage(ConsolePage):
    """All keys, those that sign first. `waiting_until`: the next ones are there already."""

    TEMPLATE: ClassVar[str] = "console/keys.html"
    SECTION: ClassVar[str] = KEYS.key

    rows: tuple[KeyRow, ...]
    waiting_until: int | None


@dataclass(frozen=True, slots=True)
class RotationPage(ConfirmPage):
    """Asks before the next keys are published."""

    SECTION: ClassVar[str] = KEYS.key
