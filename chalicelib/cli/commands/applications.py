"""`grantline apps`: register, list, show, change, disable, enable, delete."""

from typing import Annotated, Any

import typer

from chalicelib.cli.commands.registration_options import Form, takes_form
from chalicelib.cli.context import AsJson, Yes, connect
from chalicelib.cli.deployment import Deployment
from chalicelib.cli.failures import ExitCode, Failure, refuse_usage
from chalicelib.cli.inputs import confirm
from chalicelib.cli.output import counted, say, show_record, show_records
from chalicelib.oauth.tokens import CLIENT_PREFIX

PATH = "/admin/applications"
COLUMNS = {
    "NAME": "name",
    "CLIENT ID": "client_id",
    "GRANT TYPE": "grant_type",
    "SCOPES": "allowed_scopes",
    "STATUS": "status",
}

app = typer.Typer(help="Registered applications.")

Application = Annotated[str, typer.Argument(help="A client id, or an application's whole name.")]


@app.command(name="list")
def list_applications(
    context: typer.Context,
    search: Annotated[str, typer.Option(help="Part of the name.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="0: all.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List applications by name."""
    query = {"search": search} if search else {}
    found = list(counted(connect(context).pages(PATH, query, limit), "Reading"))
    show_records(found, COLUMNS, as_json=as_json)
    if limit and len(found) == limit:
        say(f"The first {limit}; --limit 0 shows all.")


@app.command()
def show(context: typer.Context, application: Application, as_json: AsJson = False) -> None:
    """Show one application."""
    show_record(find(connect(context), application), as_json=as_json)


@app.command()
@takes_form
def create(context: typer.Context, form: Form, as_json: AsJson = False) -> None:
    """Register an application; its client secret is shown this once."""
    registered = connect(context).read("POST", PATH, body=form)
    show_record(registered, as_json=as_json)
    if registered.get("client_secret"):
        say("The client secret is shown this once: keep it now.")


@app.command()
@takes_form
def update(
    context: typer.Context, application: Application, form: Form, as_json: AsJson = False
) -> None:
    """Change what the options name, and nothing else."""
    if not form:
        raise refuse_usage("Say what to change.")
    deployment = connect(context)
    client_id = id_of(deployment, application)
    show_record(deployment.read("PATCH", f"{PATH}/{client_id}", body=form), as_json=as_json)


@app.command()
def disable(context: typer.Context, application: Application, as_json: AsJson = False) -> None:
    """Refuse the application everything; its tokens are void for good."""
    _act(context, application, "disable", as_json=as_json)


@app.command()
def enable(context: typer.Context, application: Application, as_json: AsJson = False) -> None:
    """Let the application get tokens again."""
    _act(context, application, "enable", as_json=as_json)


@app.command(name="revoke-tokens")
def revoke_tokens(
    context: typer.Context, application: Application, as_json: AsJson = False
) -> None:
    """Void every token of the application."""
    _act(context, application, "revoke-tokens", as_json=as_json)


@app.command()
def delete(context: typer.Context, application: Application, yes: Yes = False) -> None:
    """Remove an application for good; its audit trail stays."""
    deployment = connect(context)
    found = find(deployment, application)
    confirm(f"{found['name']} and its tokens will be gone.", found["name"], assumed=yes)
    deployment.read("DELETE", f"{PATH}/{found['client_id']}")
    say(f"Deleted {found['client_id']}.")


def find(deployment: Deployment, application: str) -> dict[str, Any]:
    """The application of a client id or a whole name. Raises Failure."""
    if application.startswith(CLIENT_PREFIX):
        found: dict[str, Any] = deployment.read("GET", f"{PATH}/{safe_segment(application)}")
        return found
    for item in deployment.pages(PATH, {"search": application[:100]}):
        if str(item["name"]).casefold() == application.casefold():
            return item
    raise Failure(ExitCode.NOT_FOUND, f"There is no application {application}.")


def id_of(deployment: Deployment, application: str) -> str:
    """Its client id. Raises Failure."""
    if application.startswith(CLIENT_PREFIX):
        return safe_segment(application)
    return str(find(deployment, application)["client_id"])


def safe_segment(value: str) -> str:
    """An id as a part of a path. Raises Failure for what could lead to another path."""
    if not value.replace("_", "").isalnum() or not value.isascii():
        raise Failure(ExitCode.NOT_FOUND, f"{value} is not an id.")
    return value


def _act(context: typer.Context, application: str, action: str, *, as_json: bool) -> None:
    deployment = connect(context)
    path = f"{PATH}/{id_of(deployment, application)}/{action}"
    show_record(deployment.read("POST", path), as_json=as_json)
