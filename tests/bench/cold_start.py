"""What a cold start imports and how long that takes, in interpreters of its own."""

import json
import re
import subprocess
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
STARTS = 7
HEAVIEST = 15
# What a request for a token must not import.
FORBIDDEN = frozenset(
    {"boto3", "pydantic", "jinja2", "scim2_models", "scim2_server", "odatapy", "moto", "yaml"}
)
# `import time:   self [us] | cumulative | imported package`
_IMPORT_TIME = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)")


@dataclass(frozen=True)
class FirstRequest:
    """Milliseconds in a fresh process, with compiled modules, and what it then holds."""

    import_ms: float
    first_answer_ms: float
    second_answer_ms: float
    modules: frozenset[str]

    @property
    def packages(self) -> frozenset[str]:
        """The top-level names of everything imported."""
        return frozenset(module.partition(".")[0] for module in self.modules)


def report() -> Iterator[str]:
    """The times of a start, the heaviest packages, and what is loaded after a token."""
    first_request()  # compiles what is not compiled yet
    starts = [first_request() for _ in range(STARTS)]
    yield f"cold start, median of {STARTS} fresh processes with .pyc, milliseconds"
    for name in ("import_ms", "first_answer_ms", "second_answer_ms"):
        label = name.removesuffix("_ms").replace("_", " ")
        yield f"  {label:26}{median(getattr(start, name) for start in starts):8.1f}"
    yield "heaviest packages by their own import time, milliseconds"
    for package, milliseconds in heaviest(import_times()):
        yield f"  {package:26}{milliseconds:8.1f}"
    loaded = starts[0]
    third_party = sorted(
        package
        for package in loaded.packages
        if package not in sys.stdlib_module_names and not package.startswith("_")
    )
    yield f"after a token request {len(loaded.modules)} modules are loaded, beside Python's of"
    yield from textwrap.wrap(
        ", ".join(third_party), 90, initial_indent="  ", subsequent_indent="  "
    )
    yield f"and must not be there: {', '.join(sorted(FORBIDDEN & loaded.packages)) or 'none is'}"


def first_request() -> FirstRequest:
    """Two token requests in a fresh interpreter."""
    output = _python("-m", "tests.bench.first_request").stdout
    # Each request logs a line before the result.
    result = json.loads(output.splitlines()[-1])
    if result.pop("statuses") != [200, 200]:
        raise RuntimeError(output)
    return FirstRequest(modules=frozenset(result.pop("modules")), **result)


def import_times() -> dict[str, int]:
    """Microseconds that each module of `import app` takes by itself."""
    lines = _python("-X", "importtime", "-c", "import app").stderr.splitlines()
    matches = (_IMPORT_TIME.fullmatch(line) for line in lines)
    return {match[4]: int(match[1]) for match in matches if match is not None}


def heaviest(times: dict[str, int]) -> Iterable[tuple[str, float]]:
    """The packages that take longest, in milliseconds."""
    by_package: dict[str, int] = defaultdict(int)
    for module, microseconds in times.items():
        by_package[module.partition(".")[0]] += microseconds
    ranked = sorted(by_package.items(), key=lambda one: one[1], reverse=True)
    return [(package, microseconds / 1000) for package, microseconds in ranked[:HEAVIEST]]


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"AWS_DEFAULT_REGION": "eu-central-1", "PATH": ""}
    return subprocess.run(  # noqa: S603 - this interpreter, with arguments of this file
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
