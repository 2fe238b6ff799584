"""The command as a process: with pipes, or on a pseudo-terminal."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.flows.server import ROOT

COMMAND = [sys.executable, "-m", "chalicelib.cli"]
SECONDS = 60
# Rich takes a dumb terminal for one of 80 columns, whatever COLUMNS says.
NARROW = {"TERM": "xterm"}


@dataclass(frozen=True)
class Ended:
    """A command that has ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Somebody's shell: environment, and a directory for logins."""

    environ: Mapping[str, str]

    def run(self, *arguments: str, typed: str | bytes = "", **environ: str) -> Ended:
        """In a pipe."""
        given = typed if isinstance(typed, bytes) else typed.encode()
        done = subprocess.run(  # noqa: S603 - our own command
            [*COMMAND, *arguments],
            cwd=ROOT,
            env={**self.environ, **environ},
            input=given,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    def run_unread(self, *arguments: str) -> Ended:
        """Into a pipe whose reader has gone."""
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "wb") as unread:
            return self.run_into(unread, *arguments)

    def run_into(self, file: IO[bytes], *arguments: str) -> Ended:
        """Into a file, byte for byte."""
        done = subprocess.run(  # noqa: S603 - our own command
            [*COMMAND, *arguments],
            cwd=ROOT,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
        return Ended(done.returncode, "", done.stderr.decode())

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Left running, with pipes; the caller ends it."""
        return subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, *arguments],
            cwd=ROOT,
            env=dict(self.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run_on_terminal(
        self, *arguments: str, typed: Mapping[str, str] | None = None, **environ: str
    ) -> Ended:
        """On a pseudo-terminal; types each answer when its prompt has appeared."""
        master, slave = pty.openpty()
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, *arguments],
            cwd=ROOT,
            env={**self.environ, "TERM": "dumb", "COLUMNS": "160", **environ},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        try:
            shown = _converse(master, dict(typed or {}))
            return Ended(process.wait(timeout=SECONDS), shown, "")
        finally:
            os.close(master)
            process.kill()
            process.wait()


def _converse(master: int, typed: dict[str, str]) -> str:
    shown = b""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            content = os.read(master, 65536)
        except OSError:  # Linux says so when the other side has closed
            break
        if not content:
            break
        shown += content
        for prompt in [prompt for prompt in typed if prompt.encode() in shown]:
            os.write(master, typed.pop(prompt).encode() + b"\n")
    assert not typed, f"never asked for {sorted(typed)}: {shown!r}"
    return shown.decode().replace("\r\n", "\n")


def clean_environ(directory: Path, **environ: str) -> Mapping[str, str]:
    """An environment in which nobody has logged in."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "GRANTLINE_", "XDG_"))
    }
    own = {"GRANTLINE_CONFIG_DIRECTORY": str(directory), "NO_COLOR": "1"}
    return {**kept, **own, **environ}
