"""`grantline tokens`: get, introspect and revoke, as the application itself."""

import os
from collections.abc import Mapping
from typing import Annotated

import typer
from requests.auth import AuthBase, HTTPBasicAuth

from chalicelib.cli.assertion import sign
from chalicelib.cli.context import AsJson, connect_openly
from chalicelib.cli.deployment import Anonymous, Deployment, json_of, raise_for_refusal
from chalicelib.cli.failures import ExitCode, Failure, refuse_usage
from chalicelib.cli.inputs import read_secret
from chalicelib.cli.output import say, show_record
from chalicelib.oauth.tokens import MalformedToken, parse

app = typer.Typer(
    help="Tokens of an application. Its secret comes from GRANTLINE_CLIENT_SECRET, a pipe or a "
    "prompt; a token from GRANTLINE_TOKEN_VALUE likewise."
)

ClientId = Annotated[
    str | None, typer.Option("--client-id", help="The application; or GRANTLINE_CLIENT_ID.")
]
Public = Annotated[bool, typer.Option("--public", help="It has no secret.")]
PrivateKey = Annotated[
    str | None, typer.Option(help="A file: sign with the key of the application's certificate.")
]


@app.command()
def get(
    context: typer.Context,
    client_id: ClientId = None,
    scope: Annotated[str | None, typer.Option(help="All that is allowed, if absent.")] = None,
    private_key: PrivateKey = None,
    as_json: AsJson = False,
) -> None:
    """Get an access token by client credentials (RFC 6749 §4.4)."""
    named = _client_id(client_id)
    deployment = connect_openly(context)
    form = {"grant_type": "client_credentials", "client_id": named}
    form |= {"scope": scope} if scope else {}
    if private_key is None:
        secret = read_secret("Client secret", "GRANTLINE_CLIENT_SECRET")
        answer = deployment.get_token(form, secret)
    else:
        answer = deployment.get_token({**form, **sign(named, deployment.issuer, private_key)})
    show_record(answer, as_json=as_json)


@app.command()
def introspect(
    context: typer.Context,
    client_id: ClientId = None,
    private_key: PrivateKey = None,
    as_json: AsJson = False,
) -> None:
    """Ask whether a token is active (RFC 7662)."""
    named = _client_id(client_id)
    deployment = connect_openly(context)
    auth, form = _authenticated(deployment, named, private_key)
    form |= {"token": _token()}
    show_record(_post(deployment, "/oauth2/server/introspect", auth, form), as_json=as_json)


@app.command()
def revoke(
    context: typer.Context,
    client_id: ClientId = None,
    public: Public = False,
    private_key: PrivateKey = None,
) -> None:
    """End a token and everything of its grant (RFC 7009)."""
    named = _client_id(client_id)
    deployment = connect_openly(context)
    auth: AuthBase = Anonymous()
    form = {"client_id": named}
    if not public:
        auth, form = _authenticated(deployment, named, private_key)
    token = _token()
    _require_own(token, named)
    _post(deployment, "/oauth2/server/revoke", auth, {**form, "token": token})
    say("The token has ended.")


def _authenticated(
    deployment: Deployment, client_id: str, private_key: str | None
) -> tuple[AuthBase, dict[str, str]]:
    """How the client shows who it is: in a header, or as parameters."""
    if private_key is not None:
        signed = sign(client_id, deployment.issuer, private_key)
        return Anonymous(), {"client_id": client_id, **signed}
    return HTTPBasicAuth(client_id, read_secret("Client secret", "GRANTLINE_CLIENT_SECRET")), {}


def _require_own(token: str, client_id: str) -> None:
    """Raises Failure for what is not the client's: the server answers 200 (RFC 7009 §2.2)."""
    try:
        holder = parse(token).client_id
    except MalformedToken:
        raise refuse_usage("This is no token of a Grantline.") from None
    if holder != client_id:
        raise Failure(
            ExitCode.REFUSED, f"It is a token of {holder}, which alone can revoke it: it lives on."
        )


def _token() -> str:
    return read_secret("Token", "GRANTLINE_TOKEN_VALUE")


def _client_id(client_id: str | None) -> str:
    named = client_id or os.environ.get("GRANTLINE_CLIENT_ID")
    if not named:
        raise refuse_usage("Say which application: --client-id.")
    return named


def _post(
    deployment: Deployment, path: str, auth: AuthBase, form: Mapping[str, str]
) -> dict[str, object]:
    answer = raise_for_refusal(deployment.send("POST", path, auth, data=form))
    body: dict[str, object] = json_of(answer) if answer.content else {}
    return body
