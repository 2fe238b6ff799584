"""The commands, and how each of them ends."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from typer.exceptions import Abort, Exit, TyperException

from chalicelib.cli.commands import (
    api,
    applications,
    audit,
    bootstrap,
    certificates,
    doctor,
    keys,
    login,
    registrations,
    secrets,
    tokens,
    users,
)
from chalicelib.cli.context import Chosen
from chalicelib.cli.failures import ExitCode, Failure
from chalicelib.cli.output import say
from chalicelib.cli.profiles import DEFAULT_PROFILE

# Typer's own tracebacks show the values of variables, secrets among them.
app = typer.Typer(
    name="grantline",
    help="Register applications with a Grantline, and look after them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for commands in (login, registrations, api, doctor, bootstrap):
    commands.add_to(app)
for name, group in {
    "apps": applications.app,
    "secrets": secrets.app,
    "certs": certificates.app,
    "users": users.app,
    "tokens": tokens.app,
    "keys": keys.app,
    "audit": audit.app,
}.items():
    app.add_typer(group, name=name, no_args_is_help=True)


@app.callback()
def choose(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Option(envvar="GRANTLINE_URL", help="The deployment's URL.")
    ] = None,
    profile: Annotated[
        str, typer.Option(envvar="GRANTLINE_PROFILE", help="The login to use.")
    ] = DEFAULT_PROFILE,
) -> None:
    """Options that every command has."""
    context.obj = Chosen(url, profile)


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit codes are those of `ExitCode`."""
    try:
        result = app(list(arguments), prog_name="grantline", standalone_mode=False)
    except Failure as failure:
        say(f"grantline: {failure.message}")
        for field, reason in sorted(failure.fields.items()):
            say(f"  {field}: {reason}")
        return failure.code
    except TyperException as error:
        return _show_usage(error)
    except Exit as ended:
        return ended.exit_code
    except (Abort, KeyboardInterrupt):
        say("Interrupted.")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has read enough; nothing may complain when Python flushes at its end.
        sys.stdout = sys.stderr
        return ExitCode.DONE
    return result if isinstance(result, int) else ExitCode.DONE


def _show_usage(error: TyperException) -> int:
    """Let Typer say what was wrong with the words of the command."""
    show: Callable[[], None] | None = getattr(error, "show", None)
    if show is None:
        say(f"grantline: {error.format_message()}")
    else:
        show()
    return error.exit_code


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))
