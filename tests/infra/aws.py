"""AWS on the loopback interface: HTTP in front of the moto that runs in this process."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.core.models import botocore_stubber

from tests.infra.iam import Need, Policy, needs_of

REGION = "eu-central-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass(slots=True)
class Aws:
    """Where another process reaches this process's moto, what it may do there, and what it did."""

    policy: Policy
    url: str = ""
    used: set[Need] = field(default_factory=set)
    denied: set[Need] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)  # moto is not linearizable under threads


class _Front(BaseHTTPRequestHandler):
    """Hands each request that the policy allows to moto, as if botocore had sent it to AWS."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        aws: Aws = self.server.subject  # type: ignore[attr-defined]  # of _Server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # The credential's scope is KEY/DATE/REGION/SERVICE/aws4_request.
        service = self.headers["Authorization"].split("/")[3]
        target = self.headers.get("X-Amz-Target", "")
        needs = needs_of(service, self.command, self.path, target, body)
        denied = {need for need in needs if not aws.policy.allows(need)}
        aws.used |= needs
        aws.denied |= denied
        if denied:
            refusal = {"__type": "AccessDeniedException", "message": str(sorted(denied))}
            self._answer(400, {}, json.dumps(refusal))
            return
        headers = HTTPHeaders()
        for name, value in self.headers.items():
            headers[name] = value
        url = f"https://{service}.{REGION}.amazonaws.com{self.path}"
        with aws.lock:
            answer = botocore_stubber.process_request(
                AWSPreparedRequest(self.command, url, headers, body, stream_output=False)
            )
        assert answer is not None, url
        self._answer(*answer)

    def _answer(self, status: int, headers: Any, content: str | bytes) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving_aws(policy: Policy) -> Iterator[Aws]:
    """moto for this process, and the same for another one, within `policy`."""
    aws = Aws(policy)
    with mock_aws(), serving(_Front, aws) as url:
        aws.url = url
        yield aws


class _Server(ThreadingHTTPServer):
    """Its handlers find what they serve in `subject`."""

    subject: object

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # its client was ended
            super().handle_error(request, client_address)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], subject: object) -> Iterator[str]:
    """Serve `subject` on a free port of the loopback interface while the block runs."""
    server = _Server(("127.0.0.1", 0), handler)
    server.subject = subject
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
