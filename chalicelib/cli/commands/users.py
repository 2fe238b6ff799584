"""`grantline users`: the directory."""

from typing import Annotated, Any

import typer

from chalicelib.cli.commands.applications import safe_segment
from chalicelib.cli.context import AsJson, Yes, connect
from chalicelib.cli.deployment import Deployment
from chalicelib.cli.failures import ExitCode, Failure, refuse_usage
from chalicelib.cli.inputs import confirm, read_new_password, user_fields
from chalicelib.cli.output import counted, say, show_record, show_records
from chalicelib.oauth.tokens import USER_PREFIX

PATH = "/admin/users"
COLUMNS = {
    "DOMAIN": "user_domain",
    "USER": "user_name",
    "ID": "id",
    "E-MAIL": "email",
    "ROLES": "roles",
    "STATUS": "status",
}
SESSION_COLUMNS = {
    "SESSION ID": "session_id",
    "LAST USED": "last_used_at",
    "ENDS": "ends_at",
    "ADDRESS": "source_ip",
    "BROWSER": "user_agent",
}

app = typer.Typer(help="Users and what they hold.")

User = Annotated[str, typer.Argument(help=r"An id, user@domain or domain\user.")]
Roles = Annotated[list[str] | None, typer.Option("--role", help="May be repeated.")]
Email = Annotated[str | None, typer.Option("--email")]
GivenName = Annotated[str | None, typer.Option("--given-name")]
FamilyName = Annotated[str | None, typer.Option("--family-name")]


@app.command(name="list")
def list_users(
    context: typer.Context,
    search: Annotated[str, typer.Option(help="How the user name starts.")] = "",
    domain: Annotated[str, typer.Option(help="Of this domain alone.")] = "",
    limit: Annotated[int, typer.Option(min=0, help="0: all.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List users by name."""
    query = {"search": search} if search else {}
    query |= {"user_domain": domain} if domain else {}
    found = list(counted(connect(context).pages(PATH, query, limit), "Reading"))
    show_records(found, COLUMNS, as_json=as_json)
    if limit and len(found) == limit:
        say(f"The first {limit}; --limit 0 shows all.")


@app.command()
def show(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """Show one user."""
    show_record(find(connect(context), user), as_json=as_json)


@app.command()
def create(
    context: typer.Context,
    user: Annotated[str, typer.Argument(help=r"user@domain or domain\user.")],
    email: Email = None,
    given_name: GivenName = None,
    family_name: FamilyName = None,
    role: Roles = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a password.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create a user; without a password nobody can log in as that user."""
    body = {**user_fields(user), **_profile(email, given_name, family_name, role)}
    if password:
        body["password"] = read_new_password()
    show_record(connect(context).read("POST", PATH, body=body), as_json=as_json)


@app.command()
def update(
    context: typer.Context,
    user: User,
    email: Email = None,
    given_name: GivenName = None,
    family_name: FamilyName = None,
    role: Roles = None,
    no_roles: Annotated[bool, typer.Option("--no-roles", help="Take every role away.")] = False,
    rename: Annotated[str | None, typer.Option(help="A new user@domain.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what the options name, and nothing else."""
    body = _profile(email, given_name, family_name, role)
    body |= {"roles": []} if no_roles else {}
    body |= {} if rename is None else user_fields(rename)
    if not body:
        raise refuse_usage("Say what to change.")
    deployment = connect(context)
    path = f"{PATH}/{id_of(deployment, user)}"
    show_record(deployment.read("PATCH", path, body=body), as_json=as_json)


@app.command()
def disable(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """Refuse the user everything, sessions and tokens included."""
    _act(context, user, "disable", as_json=as_json)


@app.command()
def enable(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """Let the user act again."""
    _act(context, user, "enable", as_json=as_json)


@app.command()
def password(context: typer.Context, user: User) -> None:
    """Set a password, from a prompt, a pipe or GRANTLINE_NEW_PASSWORD; ends what the user holds."""
    deployment = connect(context)
    path = f"{PATH}/{id_of(deployment, user)}/password"
    deployment.read("POST", path, body={"password": read_new_password()})
    say("The password is set; every session and token of the user has ended.")


@app.command()
def sessions(context: typer.Context, user: User, as_json: AsJson = False) -> None:
    """List the user's browser sessions."""
    deployment = connect(context)
    found = deployment.read("GET", f"{PATH}/{id_of(deployment, user)}/sessions")
    show_records(found["items"], SESSION_COLUMNS, as_json=as_json)


@app.command(name="end-sessions")
def end_sessions(context: typer.Context, user: User, yes: Yes = False) -> None:
    """Log the user out of every browser."""
    deployment = connect(context)
    found = find(deployment, user)
    name = str(found["user_name"])
    confirm(f"{name} will be logged out everywhere.", name, assumed=yes)
    deployment.read("DELETE", f"{PATH}/{found['id']}/sessions")
    say("Every session has ended.")


def find(deployment: Deployment, user: str) -> dict[str, Any]:
    """The user of an id or a name. Raises Failure."""
    if user.startswith(USER_PREFIX):
        found: dict[str, Any] = deployment.read("GET", f"{PATH}/{safe_segment(user)}")
        return found
    named = user_fields(user)
    query = {"search": named["user_name"], "user_domain": named["user_domain"]}
    for item in deployment.pages(PATH, query):
        if str(item["user_name"]).casefold() == named["user_name"].casefold():
            return item
    raise Failure(ExitCode.NOT_FOUND, f"There is no user {user}.")


def id_of(deployment: Deployment, user: str) -> str:
    """The user's id. Raises Failure."""
    if user.startswith(USER_PREFIX):
        return safe_segment(user)
    return str(find(deployment, user)["id"])


def _act(context: typer.Context, user: str, action: str, *, as_json: bool) -> None:
    deployment = connect(context)
    path = f"{PATH}/{id_of(deployment, user)}/{action}"
    show_record(deployment.read("POST", path), as_json=as_json)


def _profile(
    email: str | None, given_name: str | None, family_name: str | None, roles: list[str] | None
) -> dict[str, Any]:
    fields = {
        "email": email,
        "given_name": given_name,
        "family_name": family_name,
        "roles": roles or None,
    }
    return {name: value for name, value in fields.items() if value is not None}
