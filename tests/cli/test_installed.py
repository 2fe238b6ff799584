"""The command as `make cli` installs it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.flows.server import ROOT

PARTS = ("pyproject.toml", "README.md", "LICENSE", "chalicelib")


def test_it_installs_with_everything_that_it_reads(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "installed"
    source.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            left_out = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, source / part, ignore=left_out)
        else:
            shutil.copy(ROOT / part, source)
    # No index is asked: what builds it is locked with the rest.
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--no-compile"]
    subprocess.run(  # noqa: S603 - our own project
        [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)],
        check=True,
        timeout=120,
    )
    kept = [
        path.relative_to(source)
        for path in (source / "chalicelib").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    assert [path for path in kept if not (target / path).is_file()] == []
    shown = subprocess.run(  # noqa: S603 - what has just been installed
        [str(target / "bin" / "grantline"), "--help"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "Register applications" in shown.stdout
