"""The verifier's exchange with a server that speaks HTTP badly, slowly, or not at all."""

import json
from http.server import BaseHTTPRequestHandler

import pytest

from chalicelib.verifier import VerifierUnavailable
from tests.fakes.clock import FakeClock
from tests.infra.aws import serving
from tests.test_verifier import ACTIVE, Introspection, make


class _Raw(BaseHTTPRequestHandler):
    """Answers byte for byte what the test wrote."""

    def do_POST(self) -> None:
        subject: Introspection = self.server.subject  # type: ignore[attr-defined]  # of _Server
        self.rfile.read(int(self.headers["Content-Length"]))
        self.wfile.write(subject.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n{}",
        b"\xff\xfe\x00" * 50,
        b"",
    ],
)
def test_an_answer_that_is_not_http_is_refused(clock: FakeClock, answer: bytes) -> None:
    subject = Introspection(content=answer)
    with serving(_Raw, subject) as url:
        subject.url = url
        with pytest.raises(VerifierUnavailable):
            make(subject, clock).verify("gla_x")


def test_an_answer_may_end_with_its_connection(clock: FakeClock) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    subject = Introspection(content=head + json.dumps(ACTIVE).encode())
    with serving(_Raw, subject) as url:
        subject.url = url
        assert make(subject, clock).verify("gla_x").client_id == "app_a"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n", b"HTTP"])
def test_an_answer_that_trickles_is_given_up_in_time(clock: FakeClock, head: bytes) -> None:
    class Trickle(_Raw):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.wfile.write(head)
            for _ in range(3):
                clock.advance(2)
                self.wfile.write(b" ")
            # The client hangs up; what it does not is a test that does not end.
            self.rfile.read(1)

    subject = Introspection()
    with serving(Trickle, subject) as url:
        subject.url = url
        with pytest.raises(VerifierUnavailable, match="TimeoutError"):
            make(subject, clock, timeout_seconds=5).verify("gla_x")
