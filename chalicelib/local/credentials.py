"""What a script needs to use the local server: `.local/credentials.json`, readable by its owner."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DIRECTORY_VARIABLE = "GRANTLINE_LOCAL_DIRECTORY"
FILE_NAME = "credentials.json"

Credentials = dict[str, Any]


def directory_of(environ: Mapping[str, str]) -> Path:
    """Where the local server keeps its files: `.local`, or what the variable above names."""
    return Path(environ.get(DIRECTORY_VARIABLE) or ".local")


def prepare(directory: Path) -> None:
    """Make the directory, open to its owner alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)


def save(directory: Path, credentials: Credentials) -> Path:
    """Write the credentials and return where they are."""
    path = directory / FILE_NAME
    write_private(path, json.dumps(credentials, indent=2).encode("utf-8") + b"\n")
    return path


def load(directory: Path) -> Credentials:
    """The credentials of the server that ran last."""
    credentials: Credentials = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
    return credentials
