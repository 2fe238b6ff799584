"""`grantline bootstrap`, `recover` and `follow-issuer`: what only the operator can do.

They write with the operator's own AWS credentials, by the services and rules of the endpoints.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.audit import Actor
from chalicelib.cli.context import AsJson
from chalicelib.cli.failures import ExitCode, Failure
from chalicelib.cli.inputs import read_new_password, user_fields
from chalicelib.cli.output import say, show_record
from chalicelib.oauth.clock import SystemClock
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.stores import StoreUnavailable

if TYPE_CHECKING:
    from chalicelib.directory.model import Account
    from chalicelib.registry.bootstrap import Bootstrap
    from chalicelib.storage.stores import Stores

T = TypeVar("T")

StackName = Annotated[str, typer.Option("--stack", help="The CloudFormation stack.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="bootstrap")(bootstrap)
    app.command(name="recover")(recover)
    app.command(name="follow-issuer")(follow_issuer)


def bootstrap(
    user: Annotated[str, typer.Argument(help="The first administrator: user@domain.")],
    stack: StackName = "grantline",
    email: Annotated[str | None, typer.Option("--email")] = None,
    as_json: AsJson = False,
) -> None:
    """Create the built-in applications and the first administrator, once.

    Writes with your own AWS credentials; a second run is refused.

    The password comes from a prompt, a pipe or GRANTLINE_NEW_PASSWORD.
    """
    fields: dict[str, object] = {**user_fields(user)}
    if email is not None:
        fields["email"] = email
    service, issuer, actor = _open(stack)
    # Nobody is asked for a password that nothing can be done with.
    _done(service.require_fresh)
    fields["password"] = read_new_password()
    account = _done(lambda: service.run(fields, issuer, actor))
    say(f"Set up. Log in with: grantline login {issuer}")
    _show(account, issuer, as_json=as_json)


def recover(
    user: Annotated[str, typer.Argument(help="Who is to be administrator: user@domain.")],
    stack: StackName = "grantline",
    as_json: AsJson = False,
) -> None:
    """Let somebody in as administrator, where no administrator can log in any more.

    Writes with your own AWS credentials: the user is made, or enabled, and given the role and a
    new password, from a prompt, a pipe or GRANTLINE_NEW_PASSWORD. It is in the audit trail.
    """
    from chalicelib.directory.recovery import Recovery  # noqa: PLC0415 - see _open_stores

    name = user_fields(user)
    stores, issuer, actor = _open_stores(stack)
    service = Recovery(stores.users, SystemClock())
    password = read_new_password()
    account = _done(lambda: service.run(**name, password=password, actor=actor))
    say(f"Done. Log in with: grantline login {issuer}")
    _show(account, issuer, as_json=as_json)


def follow_issuer(stack: StackName = "grantline") -> None:
    """Move the console below the deployment's URL of now, after that has changed."""
    service, issuer, actor = _open(stack)
    moved = _done(lambda: service.follow_issuer(issuer, actor))
    say(f"The console is moved to {issuer}/console." if moved else "The console is there already.")


def _show(account: "Account", issuer: str, *, as_json: bool) -> None:
    record = {
        "issuer": issuer,
        "console": f"{issuer}/console",
        "user_id": account.user.user_id,
        "user_name": account.user.user_name,
        "user_domain": account.user.user_domain,
    }
    show_record(record, as_json=as_json)


def _open(name: str) -> "tuple[Bootstrap, str, Actor]":
    from chalicelib.registry.bootstrap import Bootstrap  # noqa: PLC0415 - see below

    stores, issuer, actor = _open_stores(name)
    return Bootstrap(stores.first_records, stores.applications, SystemClock()), issuer, actor


def _open_stores(name: str) -> "tuple[Stores, str, Actor]":
    # Brings boto3, PynamoDB and Pydantic, which only a few commands need and all would wait for.
    from chalicelib.cli.aws import open_stack  # noqa: PLC0415 - see above
    from chalicelib.storage.stores import open_stores  # noqa: PLC0415 - see above

    stack = open_stack(name)
    stores = open_stores(stack.settings, SystemClock())
    actor = Actor(client_id=None, user_id=None, user_name=stack.operator, source_ip="")
    return stores, stack.settings.issuer, actor


def _done(step: Callable[[], T]) -> T:
    try:
        return step()
    except FieldsRefused as refusal:
        raise Failure(ExitCode.REFUSED, "Nothing was written.", refusal.fields) from None
    except OAuthError as refusal:
        raise Failure(ExitCode.CONFLICT, refusal.description) from None
    except StoreUnavailable as error:
        raise Failure(ExitCode.UNAVAILABLE, f"AWS does not answer: {error}") from None
