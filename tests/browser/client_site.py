"""Where clients wait for the answer: web servers on the loopback interface."""

import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from chalicelib.local.certificate import generate

HOST = "client.example"
PAGE = b"<!doctype html><html lang=en><title>client</title><p>back at the client"


@dataclass(frozen=True)
class Site:
    """A running site: its port, and the paths that it was asked for, with their queries."""

    port: int
    asked: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    """Answers everything with one page."""

    server: "_Server"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """Says nothing of connections that the browser opens early and drops."""

    def __init__(self, address: str, asked: list[str]) -> None:
        self.asked = asked
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(directory: Path | None, address: str = "127.0.0.1") -> Iterator[Site]:
    """Serve on a free port until the end of the block.

    Over TLS with a certificate that is kept in `directory`; without one over plain http.
    """
    asked: list[str] = []
    server = _Server(address, asked)
    if directory is not None:
        # The handshake is left to the thread of its connection.
        server.socket = _context(directory).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Site(server.server_address[1], asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _context(directory: Path) -> ssl.SSLContext:
    pair = generate(HOST, int(datetime.now(UTC).timestamp()))
    certificate, key = directory / "client.cer", directory / "client.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
