"""`grantline api`: any request, with the caller's token."""

from typing import Annotated

import typer

from chalicelib.cli.context import connect
from chalicelib.cli.deployment import raise_for_refusal
from chalicelib.cli.failures import refuse_usage
from chalicelib.cli.inputs import read_json
from chalicelib.cli.output import show_bytes


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="api")(api)


def api(
    context: typer.Context,
    method: Annotated[str, typer.Argument(help="GET, POST, PATCH …")],
    path: Annotated[str, typer.Argument(help="A path of the deployment, with its query.")],
    data: Annotated[
        str | None,
        typer.Option("--data", help="A JSON body; @file, or - for a pipe, as secrets need."),
    ] = None,
) -> None:
    """Send a request and write out the answer's body as it is."""
    if not path.startswith("/") or path.startswith("//") or not method.isalpha():
        raise refuse_usage("Say a method and a path: grantline api GET /admin/applications")
    body = None if data is None else read_json(data)
    answer = raise_for_refusal(connect(context).call(method.upper(), path, body=body))
    show_bytes(answer.content)
