"""Style as a test: what ruff does not measure (CONTRIBUTING.md says why it matters)."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("chalicelib", "tests", "infra", ".ci", ".chalice", "docs")
# Folders that tools make and git ignores.
MADE = {"deployments", "node_modules"}
SUFFIXES = (".py", ".md", ".toml", ".yaml", ".yml", ".json", ".html", ".css", ".js", ".svg")
MAXIMUM_LINE_WIDTH = 100
MAXIMUM_FUNCTION_LINES = 70
MAXIMUM_FILE_LINES = 400
# Longer files, and why each still has one subject.
LONG_FILES = {
    "tests/faults/dynamodb.py": "one in-memory DynamoDB",
    "tests/faults/expressions.py": "one expression language",
}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "manager", "handler", "data", "info"}

# Brackets keep this file from holding what it looks for.
UNFINISHED = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b|NotImplemented[E]rror")
REGISTRY_HOST = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.org|debian\.org|crates\.io")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(root|home|work|Users|opt|mnt)/\w")
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|nosec|pragma: no cover)\b(.*)")
NOQA_REASON = re.compile(r"(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)\s+- \S")
IGNORE_REASON = re.compile(r"(\[[a-z, -]+\])\s+(#|-) \S")
OTHER_REASON = re.compile(r"[^-]*- \S")


@cache
def texts() -> list[tuple[str, str]]:
    """Every file that people read, by its path in the repository."""
    found = []
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    paths += [path for path in ROOT.iterdir() if not path.name.startswith("requirements-")]
    for path in sorted(paths):
        named = path.suffix in SUFFIXES or path.name in ("Makefile", "run", ".gitignore")
        ours = not MADE.intersection(path.parts)
        if path.is_file() and named and ours:
            found.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
    return found


@cache
def modules() -> list[tuple[str, str, ast.Module]]:
    return [(name, text, ast.parse(text)) for name, text in texts() if name.endswith(".py")]


def lines() -> Iterator[tuple[str, str]]:
    for name, text in texts():
        for number, line in enumerate(text.splitlines(), start=1):
            yield f"{name}:{number}", line


def test_lines_are_at_most_100_columns() -> None:
    """Where ruff does not look: it measures Python alone."""
    code = (".toml", "Makefile", "run")
    wide = [
        place
        for place, line in lines()
        if len(line) > MAXIMUM_LINE_WIDTH and place.rpartition(":")[0].endswith(code)
    ]
    assert wide == []


def test_functions_fit_one_screen() -> None:
    long = []
    for name, _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAXIMUM_FUNCTION_LINES:
                    long.append(f"{name}:{node.lineno} {node.name} has {length} lines")
    assert long == []


def test_long_files_have_a_reason() -> None:
    long = {name for name, text, _ in modules() if len(text.splitlines()) > MAXIMUM_FILE_LINES}
    assert long == set(LONG_FILES)


def test_nothing_is_unfinished() -> None:
    assert [place for place, line in lines() if UNFINISHED.search(line)] == []


def test_no_path_of_a_machine_and_no_registry_host() -> None:
    assert [
        place for place, line in lines() if MACHINE_PATH.search(line) or REGISTRY_HOST.search(line)
    ] == []
    for locked in ROOT.glob("requirements-*.txt"):
        text = locked.read_text(encoding="utf-8")
        assert REGISTRY_HOST.search(text) is None, locked.name


def test_every_suppression_has_a_reason() -> None:
    patterns = {"noqa": NOQA_REASON, "type:": IGNORE_REASON}
    without = []
    for place, line in lines():
        if not place.partition(":")[0].endswith(".py"):
            continue
        match = SUPPRESSION.search(line)
        if match is None or '"#' in line or 'r"' in line:
            continue
        kind, rest = match.groups()
        if not patterns.get(kind.split()[0], OTHER_REASON).match(rest):
            without.append(place)
    assert without == []


def test_no_error_is_swallowed() -> None:
    swallowed = [
        f"{name}:{node.lineno}"
        for name, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and all(isinstance(statement, ast.Pass) for statement in node.body)
    ]
    assert swallowed == []


def test_names_say_what_things_are() -> None:
    vague = [
        name
        for name, _, _ in modules()
        if name.startswith("chalicelib/")
        and FORBIDDEN_NAMES.intersection(Path(name).with_suffix("").parts)
    ]
    boolean_checks = [
        f"{name}:{node.lineno} {node.name}"
        for name, _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and node.name.lstrip("_").startswith("check_")
        and isinstance(node.returns, ast.Name)
        and node.returns.id == "bool"
    ]
    assert vague == []
    assert boolean_checks == []


def test_the_map_of_the_rooms_names_every_room() -> None:
    rooms = {path.stem for path in (ROOT / "chalicelib").iterdir() if path.suffix in ("", ".py")}
    lines = (ROOT / "chalicelib" / "__init__.py").read_text(encoding="utf-8").splitlines()
    named = {line.split("  ")[0] for line in lines if "  " in line}
    assert rooms - {"__init__", "__pycache__"} <= named


def test_every_module_is_used() -> None:
    imported = {name for _, _, tree in modules() for name in _imports(tree)}
    unused = []
    for name, _, _ in modules():
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        run = module.endswith(
            ("__main__", ".local.assertion", ".cli.assertion", ".local.authorize")
        )
        if name.startswith("chalicelib/") and not run and module not in imported:
            unused.append(name)
    assert unused == []


def _imports(tree: ast.Module) -> Iterator[str]:
    """Every module that a module imports, and the packages around them."""
    for node in ast.walk(tree):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in found:
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))
