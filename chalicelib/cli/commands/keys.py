"""`grantline keys`: the keys that sign ID tokens."""

import typer

from chalicelib.cli.context import AsJson, Yes, connect
from chalicelib.cli.inputs import confirm
from chalicelib.cli.output import say, show_records

PATH = "/admin/keys"
COLUMNS = {
    "KEY ID": "kid",
    "ALGORITHM": "alg",
    "STATE": "state",
    "CREATED": "created_at",
    "ACTIVATED": "activated_at",
}

app = typer.Typer(help="Signing keys.")


@app.command(name="list")
def list_keys(context: typer.Context, as_json: AsJson = False) -> None:
    """List the key ring; private keys never leave the server."""
    show_records(connect(context).read("GET", PATH)["items"], COLUMNS, as_json=as_json)


@app.command()
def rotate(context: typer.Context, yes: Yes = False, as_json: AsJson = False) -> None:
    """Publish the next keys; they sign a day later."""
    confirm("New keys will be published.", "rotate", assumed=yes)
    ring = connect(context).read("POST", f"{PATH}/rotate")
    show_records(ring["items"], COLUMNS, as_json=as_json)
    say("The next keys are published, and sign in a day.")
