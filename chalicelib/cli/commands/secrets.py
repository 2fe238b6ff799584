"""`grantline secrets`: the client secrets of an application."""

from typing import Annotated

import typer

from chalicelib.cli.commands.applications import PATH, Application, find, id_of, safe_segment
from chalicelib.cli.context import AsJson, connect
from chalicelib.cli.output import say, show_record, show_records

COLUMNS = {
    "SECRET ID": "secret_id",
    "CREATED": "created_at",
    "ENDS": "ends_at",
    "REVOKED AS BEARER TOKEN": "bearer_revoked",
}

app = typer.Typer(help="Client secrets.")


@app.command(name="list")
def list_secrets(context: typer.Context, application: Application, as_json: AsJson = False) -> None:
    """List an application's secrets, without their values."""
    show_records(find(connect(context), application)["secrets"], COLUMNS, as_json=as_json)


@app.command()
def add(
    context: typer.Context,
    application: Application,
    overlap: Annotated[
        int | None, typer.Option(min=0, help="Seconds that the present secret lives on; a day.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a new secret; the present one ends after the overlap."""
    deployment = connect(context)
    body = {} if overlap is None else {"overlap_seconds": overlap}
    path = f"{PATH}/{id_of(deployment, application)}/secrets"
    changed = deployment.read("POST", path, body=body)
    made = {"client_id": changed["client_id"], "client_secret": changed["client_secret"]}
    show_record(made, as_json=as_json)
    say("The client secret is shown this once: keep it now.")
    for secret in changed["secrets"]:
        if secret["ends_at"] is not None:
            say(f"The secret {secret['secret_id']} ends at {secret['ends_at']}.")


@app.command()
def cut(
    context: typer.Context,
    application: Application,
    secret_id: Annotated[str, typer.Argument(help="Of `secrets list`.")],
) -> None:
    """End a secret now, and every token of the application with it."""
    deployment = connect(context)
    client_id = id_of(deployment, application)
    deployment.read("DELETE", f"{PATH}/{client_id}/secrets/{safe_segment(secret_id)}")
    say(f"The secret {secret_id} and every token of the application have ended.")
