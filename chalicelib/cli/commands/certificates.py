"""`grantline certs`: the certificate of an application."""

from typing import Annotated

import typer

from chalicelib.cli.commands.applications import PATH, Application, id_of
from chalicelib.cli.context import AsJson, connect
from chalicelib.cli.deployment import raise_for_refusal
from chalicelib.cli.inputs import read_certificate
from chalicelib.cli.output import show_bytes, show_record

# What certificates are uploaded as; the file comes back as it was.
_FILE_TYPES = "application/x-pem-file, application/pkix-cert"

app = typer.Typer(help="Client certificates.")


@app.command()
def put(
    context: typer.Context,
    application: Application,
    file: Annotated[str, typer.Argument(help="PEM or DER; - for standard input.")],
    as_json: AsJson = False,
) -> None:
    """Put a certificate in the place of the present one."""
    body = {"certificate": read_certificate(file)}
    deployment = connect(context)
    path = f"{PATH}/{id_of(deployment, application)}/certificate"
    show_record(deployment.read("PUT", path, body=body), as_json=as_json)


@app.command()
def show(
    context: typer.Context,
    application: Application,
    file: Annotated[bool, typer.Option("--file", help="The file itself, as uploaded.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a certificate, or write out its file."""
    deployment = connect(context)
    path = f"{PATH}/{id_of(deployment, application)}/certificate"
    if not file:
        show_record(deployment.read("GET", path), as_json=as_json)
        return
    answer = raise_for_refusal(deployment.call("GET", path, headers={"Accept": _FILE_TYPES}))
    show_bytes(answer.content)
