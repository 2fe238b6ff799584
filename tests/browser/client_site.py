"""The client's web site: a TLS server on the loopback interface, where the browser is led."""

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from chalicelib.local.certificate import generate

HOST = "client.example"
PAGE = b"<!doctype html><html lang=en><title>client</title><p>back at the client"


class _Handler(BaseHTTPRequestHandler):
    """Answers everything with one page."""

    def do_GET(self) -> None:
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


class _Site(ThreadingHTTPServer):
    """Says nothing of connections that the browser opens early and drops."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(directory: Path) -> Iterator[int]:
    """Serve on a free port, which is given, until the end of the block."""
    pair = generate(HOST, int(datetime.now(UTC).timestamp()))
    certificate, key = directory / "client.cer", directory / "client.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.private_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = _Site(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
