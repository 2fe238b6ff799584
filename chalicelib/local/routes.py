"""Which route a path belongs to, by the app's own table, as an HTTP API with one route per path."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Match:
    """The route that serves a path, and what its `{parameters}` are, decoded."""

    resource_path: str
    parameters: dict[str, str]


class RouteTable:
    """Finds the most specific route of a path.

    A literal segment goes before a parameter, and both before a last `{name+}`, which takes all
    of the rest, an empty one included.
    """

    def __init__(self, resource_paths: Iterable[str]) -> None:
        self._routes = sorted(
            (tuple(path.split("/")) for path in resource_paths),
            key=lambda segments: [_generality(segment) for segment in segments],
        )

    def find(self, path: str) -> Match | None:
        """The route of a decoded path, or None; `/a` and `/a/` are two paths."""
        segments = path.split("/")
        for route in self._routes:
            parameters = _parameters(route, segments)
            if parameters is not None:
                return Match(resource_path="/".join(route), parameters=parameters)
        return None


def _parameters(route: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    """What the parameters of a route are for these segments; None when it does not match."""
    if _is_greedy(route[-1]) and len(segments) >= len(route):
        rest = "/".join(segments[len(route) - 1 :])
        before = _parameters(route[:-1], segments[: len(route) - 1])
        return None if before is None else {**before, route[-1][1:-2]: rest}
    if len(route) != len(segments):
        return None
    found = {}
    for expected, segment in zip(route, segments, strict=True):
        if _is_parameter(expected):
            if not segment:
                return None
            found[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return found


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")


def _is_greedy(segment: str) -> bool:
    return _is_parameter(segment) and segment.endswith("+}")


def _generality(segment: str) -> int:
    return _is_parameter(segment) + _is_greedy(segment)
