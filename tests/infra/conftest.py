"""The package, built once for every test that looks at it."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.package import PROJECT, build


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with deployment.zip and sam.json."""
    out = tmp_path_factory.mktemp("package")
    build(PROJECT, out)
    return out


@pytest.fixture(scope="session")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda finds in /var/task."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package / "deployment.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def template(package: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((package / "sam.json").read_text())
    return content
