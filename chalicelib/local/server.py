"""Listens on the loopback interface alone, and stops when asked to."""

import logging
import signal
import socket
from types import FrameType

from waitress.server import create_server

from chalicelib.local.wsgi import MAXIMUM_BODY_BYTES, Gateway

HOST = "127.0.0.1"
_STOPPING = (signal.SIGINT, signal.SIGTERM)


def bind(port: int) -> socket.socket:
    """Take a port (0: any free one) without answering on it yet. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A port whose former server has just stopped may be taken again at once.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


def serve(listener: socket.socket, gateway: Gateway) -> None:
    """Answer requests until SIGINT or SIGTERM."""
    # Requests wait for one another by design; that is nothing to warn of.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # A signal waits until the server is whole: half of it could not be closed.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    server = create_server(
        gateway, sockets=[listener], max_request_body_size=MAXIMUM_BODY_BYTES, ident=None
    )
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    server.run()
    server.close()


def stop_on_signals() -> None:
    """Make SIGINT and SIGTERM end the process as an exit does, so that everything is closed.

    SIGINT is named, because a shell starts what it puts into the background without it.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    for number in _STOPPING:
        signal.signal(number, stop)
