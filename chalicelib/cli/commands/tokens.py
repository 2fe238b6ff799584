"""`grantline tokens`: get, introspect and revoke, as the application itself."""

import os
from collections.abc import Mapping
from typing import Annotated

import typer
from requests.auth import AuthBase, HTTPBasicAuth

from chalicelib.cli.assertion import sign
from chalicelib.cli.context import AsJson, connect_openly
from chalicelib.cli.deployment import Anonymous, Deployment, raise_for_refusal
from chalicelib.cli.failures import refuse_usage
from chalicelib.cli.inputs import read_secret
from chalicelib.cli.output import say, show_record

app = typer.Typer(
    help="Tokens of an application. Its secret comes from GRANTLINE_CLIENT_SECRET, a pipe or a "
    "prompt; a token from GRANTLINE_TOKEN_VALUE likewise."
)

ClientId = Annotated[
    str | None, typer.Option("--client-id", help="The application; or GRANTLINE_CLIENT_ID.")
]
Public = Annotated[bool, typer.Option("--public", help="It has no secret.")]


@app.command()
def get(
    context: typer.Context,
    client_id: ClientId = None,
    scope: Annotated[str | None, typer.Option(help="All that is allowed, if absent.")] = None,
    private_key: Annotated[
        str | None,
        typer.Option(help="A file: sign with the key of the application's certificate."),
    ] = None,
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
def introspect(context: typer.Context, client_id: ClientId = None, as_json: AsJson = False) -> None:
    """Ask whether a token is active (RFC 7662)."""
    named = _client_id(client_id)
    secret = read_secret("Client secret", "GRANTLINE_CLIENT_SECRET")
    form = {"token": _token()}
    auth = HTTPBasicAuth(named, secret)
    show_record(
        _post(connect_openly(context), "/oauth2/server/introspect", auth, form), as_json=as_json
    )


@app.command()
def revoke(context: typer.Context, client_id: ClientId = None, public: Public = False) -> None:
    """End a token and everything of its grant (RFC 7009)."""
    named = _client_id(client_id)
    deployment = connect_openly(context)
    path = "/oauth2/server/revoke"
    if public:
        _post(deployment, path, Anonymous(), {"client_id": named, "token": _token()})
    else:
        secret = read_secret("Client secret", "GRANTLINE_CLIENT_SECRET")
        _post(deployment, path, HTTPBasicAuth(named, secret), {"token": _token()})
    say("The token has ended.")


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
    body: dict[str, object] = answer.json() if answer.content else {}
    return body
