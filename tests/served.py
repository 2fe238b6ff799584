"""A deployment in this process behind a web server, for tests that turn its clock or extend it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from chalicelib.local.wsgi import Gateway
from tests.harness import World


class _Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser drops connections that it opened early."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(host: str, prepare: Callable[[World], None]) -> Iterator[World]:
    """Serve a deployment on a free loopback port; its issuer names `host` and that port.

    `prepare` may add to the world, and routes to its app, before anything is answered.
    """
    with _Server(("127.0.0.1", 0), _Handler) as server:
        world = World(issuer=f"http://{host}:{server.server_address[1]}")
        prepare(world)
        server.set_app(Gateway(world.process.app))
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield world
        finally:
            server.shutdown()
            thread.join()
