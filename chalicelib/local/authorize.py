"""Ask the authorizer about an event of a gateway, with everything it needs in this process.

python -m chalicelib.local.authorize EVENT.json [--token VALUE]

`TOKEN` in the event becomes a credential that is valid, with the scope `user_sync` alone.
"""

import argparse
import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from chalicelib.local import aws
from chalicelib.oauth.clock import SystemClock
from chalicelib.protected.authorizers.answers import Unauthorized
from chalicelib.protected.authorizers.questions import UnknownEvent
from chalicelib.settings import Settings

ISSUER = "http://127.0.0.1"


def main(arguments: list[str]) -> int:
    """Print what Lambda would give to the gateway. The exit status: 1 where that is a failure."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.local.authorize")
    parser.add_argument("event", type=Path, help="the event, as JSON")
    parser.add_argument("--token", help="in place of TOKEN, instead of a valid credential")
    options = parser.parse_args(arguments)
    text = options.event.read_text(encoding="utf-8")
    try:
        # The log is not part of the answer.
        with redirect_stdout(sys.stderr):
            answer = _ask(text, options.token)
    except (Unauthorized, UnknownEvent) as failure:
        named = {"errorMessage": str(failure), "errorType": type(failure).__name__}
        return _print(named, status=1)
    return _print(answer, status=0)


def _ask(text: str, token: str | None) -> object:
    os.environ["GRANTLINE_ISSUER"] = ISSUER
    aws.use_moto(os.environ)
    # Only now, because what they import makes boto clients.
    from app import create_app  # noqa: PLC0415 - after moto
    from chalicelib.local.seed import seed  # noqa: PLC0415 - after moto
    from chalicelib.storage.resources import create_resources  # noqa: PLC0415 - after moto
    from chalicelib.storage.stores import open_stores  # noqa: PLC0415 - after moto

    settings, clock = Settings.from_environ(os.environ), SystemClock()
    create_resources(settings)
    with TemporaryDirectory() as directory:
        seeded = seed(open_stores(settings, clock), clock, ISSUER, Path(directory))
    valid = str(seeded["applications"]["bearer_token"]["client_secret"])
    event = json.loads(text.replace("Bearer TOKEN", f"Bearer {token or valid}"))
    answer: object = create_app(settings).handler_map["authorize_requests"](event, None)
    return answer


def _print(answer: object, status: int) -> int:
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
