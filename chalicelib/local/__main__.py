"""`make run`: Grantline on the loopback interface, with everything it needs in this process."""

import os
import socket
import sys
from collections.abc import MutableMapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.local import aws, credentials, server
from chalicelib.local.examples import examples, login_url
from chalicelib.local.wsgi import Gateway
from chalicelib.oauth.clock import SystemClock
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.settings import ConfigurationError, Settings

DEFAULT_PORT = 8000
MAXIMUM_PORT = 65_535


def main(environ: MutableMapping[str, str]) -> int:
    """Serve until stopped. The exit status: 1 when it could not begin."""
    server.stop_on_signals()
    try:
        listener = server.bind(_port(environ))
    except (OSError, ValueError) as error:
        return _fail(f"Port {environ.get('PORT')} cannot be used: {error}. Try: make run PORT=8001")
    try:
        gateway = _prepare(listener, environ)
        server.serve(listener, gateway)
    except ConfigurationError as error:
        return _fail(str(error))
    except (BotoCoreError, ClientError, StoreUnavailable) as error:
        return _fail(f"AWS, or what stands in for it, does not answer as it should: {error}")
    finally:
        listener.close()
    return 0


def _prepare(listener: socket.socket, environ: MutableMapping[str, str]) -> Gateway:
    """Make and seed everything, tell where it is; nothing is answered before that is done."""
    issuer = f"http://{server.HOST}:{listener.getsockname()[1]}"
    environ["GRANTLINE_ISSUER"] = issuer
    mocked = aws.use_moto(environ)
    # Only now, because what they import makes boto clients.
    from app import create_app  # noqa: PLC0415 - after moto
    from chalicelib.local.seed import seed  # noqa: PLC0415 - after moto
    from chalicelib.storage.resources import create_resources  # noqa: PLC0415 - after moto
    from chalicelib.storage.stores import open_stores  # noqa: PLC0415 - after moto

    settings, clock = Settings.from_environ(environ), SystemClock()
    create_resources(settings)
    directory = credentials.directory_of(environ)
    credentials.prepare(directory)
    seeded = seed(open_stores(settings, clock), clock, issuer, directory)
    path = credentials.save(directory, seeded)
    gateway = Gateway(create_app(settings))
    listener.listen()
    _tell(seeded, path, mocked)
    return gateway


def _tell(seeded: credentials.Credentials, path: Path, mocked: tuple[str, ...]) -> None:
    here = f"{', '.join(mocked)} in this process, gone when it stops"
    issuer = seeded["issuer"]
    lines = [
        f"Grantline at {issuer}",
        f"  AWS          {here if mocked else 'the endpoints of the environment'}",
        f"  credentials  {path}",
        f"  OpenAPI      {issuer}/admin/openapi.json",
        f"  console      {issuer}/console",
        f"               {_person(seeded['administrator'])}",
        f"  log in       {issuer}/login",
        f"               {_person(seeded['user'])}",
        f"  try a login  {login_url(seeded)}",
        "               its code comes back in the address; programs to read it: docs/connect-*.md",
        "",
        "To paste into another terminal, in this directory:",
        "",
    ]
    for title, commands in examples(seeded, path.parent):
        lines += [f"# {title}", *commands, ""]
    lines.append("Ready. Ctrl-C stops it.")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _person(user: dict[str, str]) -> str:
    return f"user {user['user_name']}, domain {user['user_domain']}, password {user['password']}"


def _port(environ: MutableMapping[str, str]) -> int:
    value = environ.get("PORT") or str(DEFAULT_PORT)
    if not value.isdecimal() or int(value) > MAXIMUM_PORT:
        raise ValueError("a port is a number from 0 to 65535")
    return int(value)


def _fail(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(os.environ))
