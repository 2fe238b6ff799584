"""The server of `make run` as a process of its own, as a client meets it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from chalicelib.local import credentials

ROOT = Path(__file__).resolve().parents[2]
READY = "Ready."


@dataclass(frozen=True)
class Server:
    """A running server: what it printed before it was ready, and what it wrote down."""

    process: "subprocess.Popen[str]"
    directory: Path
    banner: list[str]
    credentials: dict[str, Any]
    logs: list[str]
    errors: list[str]

    @property
    def issuer(self) -> str:
        issuer: str = self.credentials["issuer"]
        return issuer

    def url(self, path: str) -> str:
        return self.issuer + path


def start(directory: Path, **environ: str) -> "subprocess.Popen[str]":
    """Start it on a free port, unless `environ` says otherwise."""
    settings = {
        "PORT": "0",
        # Short, so that revocations do not make the tests wait; not off, so that it takes part.
        "GRANTLINE_LEASE_SECONDS": "0.1",
        credentials.DIRECTORY_VARIABLE: str(directory),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "chalicelib.local"],
        cwd=ROOT,
        env={**_clean(os.environ), **settings, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(directory: Path, **environ: str) -> Iterator[Server]:
    """A server that is ready, stopped again at the end."""
    with start(directory, **environ) as process:
        try:
            banner = _until_ready(process)
            logs: list[str] = []
            errors: list[str] = []
            readers = [_drain(process.stdout, logs), _drain(process.stderr, errors)]
            yield Server(process, directory, banner, credentials.load(directory), logs, errors)
        finally:
            process.terminate()
            process.wait(timeout=30)
        for reader in readers:
            reader.join(timeout=30)


def _until_ready(process: "subprocess.Popen[str]") -> list[str]:
    """What it prints until it is ready; its errors when it ends before."""
    assert process.stdout is not None
    assert process.stderr is not None
    banner: list[str] = []
    for line in process.stdout:
        banner.append(line.rstrip("\n"))
        if line.startswith(READY):
            return banner
    raise RuntimeError(process.stderr.read())


def _drain(stream: Any, lines: list[str]) -> Thread:
    """Read on, so that the server never waits for a full pipe."""
    reader = Thread(target=lambda: lines.extend(stream), daemon=True)
    reader.start()
    return reader


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would lead the server elsewhere."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(("AWS_", "GRANTLINE_", "POWERTOOLS_"))
    }
