"""The package, built once for every test that looks at it."""

import fcntl
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.package import PROJECT, build


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make package` makes, and it unzipped; the first process that asks builds it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    out = shared / "lambda-package"
    with (shared / "lambda-package.lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            # What the build imports is a copy that is gone afterwards: nothing to measure.
            for name in [name for name in os.environ if name.startswith("COV")]:
                patch.delenv(name)
            building = tmp_path_factory.mktemp("building")
            build(PROJECT, building)
            with zipfile.ZipFile(building / "deployment.zip") as archive:
                archive.extractall(building / "task")
            building.rename(out)
    return out


@pytest.fixture(scope="session")
def unpacked(package: Path) -> Path:
    """What Lambda finds in /var/task."""
    return package / "task"


@pytest.fixture(scope="session")
def template(package: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((package / "sam.json").read_text())
    return content
