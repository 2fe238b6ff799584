"""Print a signed JWT of the seeded client-certificate application, for use with curl (RFC 7523 §3).

python -m chalicelib.local.assertion            for the token endpoint
python -m chalicelib.local.assertion --header   for X-ClientCertificate-Token
"""

import argparse
import os
import sys
import time
import uuid
from pathlib import Path

import jwt

from chalicelib.local import credentials

LIFETIME_SECONDS = 60


def sign(client_id: str, private_key: bytes, audience: str, now: int) -> str:
    """A JWT signed with an RSA key, to be used once."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, private_key, algorithm="RS256")


def main(arguments: list[str]) -> int:
    """Sign for the server whose credentials are in the local directory."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.local.assertion")
    parser.add_argument("--header", action="store_true", help="for X-ClientCertificate-Token")
    parser.add_argument("--directory", type=Path, default=credentials.directory_of(os.environ))
    options = parser.parse_args(arguments)
    seeded = credentials.load(options.directory)
    application = seeded["applications"]["client_certificate"]
    audience = seeded["issuer"] + ("/odata/query" if options.header else "")
    private_key = Path(application["private_key_file"]).read_bytes()
    assertion = sign(application["client_id"], private_key, audience, int(time.time()))
    sys.stdout.write(assertion + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
