"""The curl lines that `make run` prints: each grant, ready to paste into bash."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from chalicelib.local.credentials import Credentials

Example = tuple[str, list[str]]

# The answer is compact JSON, so that no other program is needed to read the token.
_ACCESS_TOKEN = """sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'"""
# A line break after the answer, for the eye.
_SHOW = "curl -sS -w '\\n'"
_CLIENT_CREDENTIALS = "-d grant_type=client_credentials"
_JWT_BEARER = "-d grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_TYPE = "-d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# RFC 7636, appendix B: its verifier is dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk.
_CODE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def examples(credentials: Credentials, directory: Path) -> Iterator[Example]:
    """A title and its lines, one example for each way to get a token and use it."""
    issuer, applications = credentials["issuer"], credentials["applications"]
    whoami = f"{issuer}/oauth2/server/whoami"
    use = _get_with_token(whoami)
    secret = shlex.quote(f"Authorization: Bearer {applications['bearer_token']['client_secret']}")
    sign = _sign_command(directory)

    yield (
        "Client credentials: a token, and who it makes you",
        [_token(issuer, _basic(applications["client_credentials"]), _CLIENT_CREDENTIALS), use],
    )
    yield (
        "Bearer token: the key pair in the Authorization header, exchanged for a token",
        [_token(issuer, "-X POST", _basic(applications["bearer_token"])), use],
    )
    yield (
        "Bearer token: the secret itself, as a service stores it",
        [f"{_SHOW} -H {secret} {whoami}"],
    )
    signed = f'-d client_assertion="$({sign})"'
    yield (
        "Client certificate: a signed JWT authenticates the client",
        [_token(issuer, _CLIENT_CREDENTIALS, _ASSERTION_TYPE, signed), use],
    )
    yield (
        "Client certificate: the signed JWT is the grant",
        [_token(issuer, _JWT_BEARER, f'-d assertion="$({sign})"'), use],
    )
    yield (
        "Client certificate: the signed JWT goes with the request",
        [f'{_SHOW} -H "X-ClientCertificate-Token: $({sign} --header)" {whoami}'],
    )
    yield from _administration(issuer, _basic(credentials["admin_application"]))


def login_url(credentials: Credentials) -> str:
    """The request of the public application: login and consent, then back to its redirect URI."""
    public = credentials["applications"]["public"]
    request = {
        "response_type": "code",
        "client_id": public["client_id"],
        "redirect_uri": public["redirect_uri"],
        "scope": "openid profile",
        "state": "try",
        "code_challenge": _CODE_CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{credentials['issuer']}/oauth2/server/authorize?{urlencode(request, safe=':/')}"


def _administration(issuer: str, admin: str) -> Iterator[Example]:
    """What the administrator's application does: ask about a token, list applications."""
    introspect = f"{issuer}/oauth2/server/introspect"
    yield (
        "The token of above, asked about by a resource server",
        [f'{_SHOW} {admin} -d "token=$TOKEN" {introspect}'],
    )
    yield (
        "The registered applications, as the administrator",
        [
            _token(issuer, admin, _CLIENT_CREDENTIALS, "-d scope=admin"),
            _get_with_token(f"{issuer}/admin/applications"),
        ],
    )


def _token(issuer: str, *options: str) -> str:
    """The line that puts an access token into $TOKEN."""
    request = " ".join(["curl -sS", *options, f"{issuer}/oauth2/server/token"])
    return f"TOKEN=$({request} | {_ACCESS_TOKEN})"


def _get_with_token(url: str) -> str:
    return f'{_SHOW} -H "Authorization: Bearer $TOKEN" {url}'


def _basic(application: dict[str, str]) -> str:
    return f"-u {shlex.quote(application['client_id'] + ':' + application['client_secret'])}"


def _sign_command(directory: Path) -> str:
    python = Path(sys.executable)
    here = Path.cwd()
    if python.is_relative_to(here):
        python = python.relative_to(here)
    command = [str(python), "-m", "chalicelib.local.assertion"]
    if directory != Path(".local"):
        command += ["--directory", str(directory)]
    return shlex.join(command)
