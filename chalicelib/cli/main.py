"""The commands, and how each of them ends."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
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
from chalicelib.cli.failures import ExitCode, Failure, refuse_usage
from chalicelib.cli.output import say, show_text
from chalicelib.cli.profiles import DEFAULT_PROFILE
from chalicelib.cli.streams import open_streams

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


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - as Typer calls it
    if not wanted:
        return
    try:
        show_text(f"grantline {version('grantline')}")
    except PackageNotFoundError:
        show_text("grantline, from a checkout")
    raise Exit


@app.callback()
def choose(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Option(envvar="GRANTLINE_URL", help="The deployment's URL.")
    ] = None,
    profile: Annotated[
        str, typer.Option(envvar="GRANTLINE_PROFILE", help="The login to use.")
    ] = DEFAULT_PROFILE,
    *,
    show_version: Annotated[  # noqa: ARG001 - its callback does it
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options that every command has."""
    context.obj = Chosen(url, profile)


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit codes are those of `ExitCode`. Raises OSError of the output."""
    try:
        _require_text(arguments)
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
    except SystemExit as ended:
        # What Typer makes of a reader that has read enough.
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        raise
    return result if isinstance(result, int) else ExitCode.DONE


def _show_usage(error: TyperException) -> int:
    """Let Typer say what was wrong with the words of the command."""
    show: Callable[[], None] | None = getattr(error, "show", None)
    if show is None:
        say(f"grantline: {error.format_message()}")
    else:
        show()
    if getattr(error, "option_name", None) in ("--url", "--profile"):
        say("These go before the command: grantline --url URL apps list")
    return error.exit_code


def _require_text(arguments: Sequence[str]) -> None:
    """Raises Failure for what the terminal's encoding does not know."""
    try:
        "".join(arguments).encode("utf-8")
    except UnicodeEncodeError:
        raise refuse_usage("An argument is not text: set LANG to a locale of UTF-8.") from None


def run() -> None:
    """The command as a process."""
    open_streams()
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        code = ExitCode.PIPE_CLOSED
    except OSError as error:
        # A full disk, mostly; what the commands read and keep has messages of its own.
        say(f"grantline: The output cannot be written: {error.strerror}.")
        _drop_output()
        code = ExitCode.USAGE
    sys.exit(code)


def _drop_output() -> None:
    """Nothing may complain when Python flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
