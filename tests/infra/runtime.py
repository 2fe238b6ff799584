"""A Lambda of this machine: AWS's own runtime client in a process of its own, and its Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from importlib.util import find_spec
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

from tests.infra.aws import serving

VERSION = "/2018-06-01/runtime"
TIMEOUT_SECONDS = 29

# What the runtime client consists of. It is put behind the package on the path, alone.
RUNTIME_MODULES = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")

# -I and -S leave the standard library alone on the path.
START = """
import sys
sys.path.insert(0, sys.argv[1])
sys.path.append(sys.argv[2])
from awslambdaric.__main__ import main
main(["bootstrap", sys.argv[3]])
"""


class FunctionFailed(Exception):
    """The function could not be imported or raised; what the runtime client reported."""


class Function:
    """One warm function."""

    def __init__(self) -> None:
        self.events: Queue[tuple[str, bytes] | None] = Queue()
        self.outcomes: Queue[dict[str, Any] | FunctionFailed] = Queue()

    def invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What the function answers. Raises FunctionFailed, queue.Empty after the time-out."""
        self.events.put((str(uuid.uuid4()), json.dumps(event).encode()))
        outcome = self.outcomes.get(timeout=TIMEOUT_SECONDS)
        if isinstance(outcome, FunctionFailed):
            raise outcome
        return outcome


class _RuntimeApi(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        function: Function = self.server.subject  # type: ignore[attr-defined]  # of _Server
        assert self.path == f"{VERSION}/invocation/next", self.path
        event = function.events.get()
        if event is None:  # the process is gone
            self.close_connection = True
            return
        request_id, body = event
        self.send_response_only(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
        deadline = int((time.time() + TIMEOUT_SECONDS) * 1000)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
        self.send_header(
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:grantline-api",
        )
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        function: Function = self.server.subject  # type: ignore[attr-defined]  # of _Server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/response"):
            function.outcomes.put(json.loads(body))
        else:  # /invocation/{id}/error or /init/error
            function.outcomes.put(FunctionFailed(body.decode()))
        self.send_response_only(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running(
    package: Path, folder: Path, environ: Mapping[str, str], handler: str = "app.app"
) -> Iterator[Function]:
    """A function of the unzipped `package`, with nothing but `environ` in its environment."""
    client = folder / "runtime-client"
    client.mkdir()
    for name in RUNTIME_MODULES:
        spec = find_spec(name)
        assert spec is not None, name
        assert spec.origin is not None, name
        origin = Path(spec.origin)
        part = origin.parent if origin.name == "__init__.py" else origin
        (client / part.name).symlink_to(part)
    function = Function()
    log = folder / "function.log"
    with serving(_RuntimeApi, function) as url, log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the package under test
            [sys.executable, "-I", "-S", "-c", START, str(package), str(client), handler],
            cwd=package,
            env={
                **environ,
                "AWS_LAMBDA_RUNTIME_API": url.removeprefix("http://"),
                "AWS_LAMBDA_FUNCTION_NAME": "grantline-api",
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
                "LAMBDA_TASK_ROOT": str(package),
            },
            stdout=output,
            stderr=output,
        )
        watch = Thread(target=_report_end, args=(process, function, log))
        watch.start()
        try:
            yield function
        finally:
            process.kill()
            watch.join()
            function.events.put(None)


def _report_end(process: subprocess.Popen[bytes], function: Function, log: Path) -> None:
    """An invocation that waits for a process that is gone learns why."""
    process.wait()
    function.outcomes.put(FunctionFailed(f"the process ended:\n{log.read_text()}"))
