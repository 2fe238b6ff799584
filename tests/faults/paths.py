"""The way through all schedules, depth first, leaving out those that differ in nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field

Place = tuple[str, str]
"""(table, key)"""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a step touched; two steps that touch nothing in common can be swapped.

    `moves_world`: it changed the time or anything at all. `starts` and `finishes`: an operation
    began or ended in it, whose order tells whether one came after the answer of the other.
    """

    mover: str
    reads: frozenset[Place] = frozenset()
    writes: frozenset[Place] = frozenset()
    starts: bool = False
    finishes: bool = False
    moves_world: bool = False
    is_fault: bool = False

    def depends_on(self, other: "Footprint") -> bool:
        """Whether the order of the two steps can matter."""
        return bool(
            self.mover == other.mover
            or self.moves_world
            or other.moves_world
            or (self.is_fault and other.is_fault)
            or (self.finishes and other.starts)
            or (self.starts and other.finishes)
            or self.writes & (other.reads | other.writes)
            or self.reads & other.writes
        )


@dataclass(slots=True)
class _Node:
    """A choice on the present path: what was tried here, and what need not be."""

    options: list[str]
    asleep: dict[str, Footprint]
    choice: int
    tried: dict[str, Footprint] = field(default_factory=dict)

    def next_choice(self, start: int) -> int | None:
        """The first option from `start` on that is not asleep."""
        for index in range(start, len(self.options)):
            if self.options[index] not in self.asleep:
                return index
        return None


class Redundant(Exception):
    """Everything that could come next was covered by swapping independent steps."""


class Path:
    """The choices of one schedule, and the way to the next one, depth first.

    Sleep sets (Godefroid 1996, §5) leave out orders that differ in independent steps alone:
    every state at the end is still reached.
    """

    def __init__(self) -> None:
        self._nodes: list[_Node] = []
        self._depth = 0
        self._asleep: dict[str, Footprint] = {}

    @property
    def steps(self) -> list[str]:
        """The options taken so far."""
        return [node.options[node.choice] for node in self._nodes[: self._depth]]

    def choose(self, options: list[str]) -> int:
        """The index of the option to take. Raises Redundant."""
        if self._depth == len(self._nodes):
            node = _Node(options, self._asleep, choice=0)
            choice = node.next_choice(0)
            if choice is None:
                raise Redundant
            node.choice = choice
            self._nodes.append(node)
        node = self._nodes[self._depth]
        if node.options != options:
            raise AssertionError(
                "the same choices led elsewhere: the operations are not repeatable"
            )
        self._depth += 1
        return node.choice

    def took(self, footprint: Footprint) -> None:
        """Say what the step just chosen has touched."""
        node = self._nodes[self._depth - 1]
        others = node.asleep | node.tried
        node.tried[node.options[node.choice]] = footprint
        self._asleep = {
            option: other
            for option, other in others.items()
            if option != node.options[node.choice] and not other.depends_on(footprint)
        }

    def advance(self) -> bool:
        """Go to the beginning of the next schedule; False after the last."""
        self._depth = 0
        self._asleep = {}
        while self._nodes:
            node = self._nodes[-1]
            choice = node.next_choice(node.choice + 1)
            if choice is not None:
                node.choice = choice
                return True
            self._nodes.pop()
        return False


def explore(run: Callable[[Path], None], *, limit: int = 1_000_000) -> int:
    """Run every schedule; returns how many there were.

    Raises AssertionError with the steps of the first schedule that fails.
    """
    path = Path()
    count = redundant = 0
    while True:
        try:
            run(path)
            count += 1
        except Redundant:
            redundant += 1
        except Exception as error:
            steps = "\n  ".join(path.steps)
            raise AssertionError(f"{error!r}\nin schedule {count + 1}:\n  {steps}") from error
        if count > limit:
            raise AssertionError(f"more than {limit} schedules")
        if not path.advance():
            return count
