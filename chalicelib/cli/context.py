"""What every command begins with: the deployment that is meant, and the options they share."""

import os
from dataclasses import dataclass
from typing import Annotated

import typer

from chalicelib.cli.deployment import (
    ClientCredentials,
    Deployment,
    FixedToken,
    StoredLogin,
    TokenSource,
)
from chalicelib.cli.failures import ExitCode, Failure
from chalicelib.cli.profiles import DEFAULT_PROFILE, Profiles, login_command

AsJson = Annotated[bool, typer.Option("--json", help="JSON, also on a terminal.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options before the command."""

    url: str | None = None
    profile: str = DEFAULT_PROFILE


def chosen(context: typer.Context) -> Chosen:
    """What was said before the command."""
    found = context.find_root().obj
    return found if isinstance(found, Chosen) else Chosen()


def connect(context: typer.Context) -> Deployment:
    """The deployment, with the token of whoever runs the command.

    By precedence: GRANTLINE_TOKEN; GRANTLINE_CLIENT_ID with GRANTLINE_CLIENT_SECRET; the login
    of the profile. Raises Failure.
    """
    options = chosen(context)
    profiles = Profiles(os.environ)
    profile = profiles.load(options.profile)
    url = options.url or (None if profile is None else profile.issuer)
    if url is None:
        raise Failure(ExitCode.NOT_ALLOWED, f"Log in first: {login_command(options.profile)} URL")
    source = _from_environment()
    if source is None and profile is not None:
        if url.rstrip("/") != profile.issuer:
            # Never send one deployment's token to another.
            raise Failure(
                ExitCode.NOT_ALLOWED,
                f"The profile {options.profile} is logged in at {profile.issuer}.",
            )
        source = StoredLogin(profiles, options.profile, profile)
    return Deployment(url, source)


def connect_openly(context: typer.Context) -> Deployment:
    """The deployment, for what asks for no administrator. Raises Failure."""
    options = chosen(context)
    profile = None if options.url else Profiles(os.environ).load(options.profile)
    url = options.url or (None if profile is None else profile.issuer)
    if url is None:
        raise Failure(ExitCode.USAGE, "Say which deployment: grantline --url URL …")
    return Deployment(url)


def _from_environment() -> TokenSource | None:
    token = os.environ.get("GRANTLINE_TOKEN")
    if token:
        return FixedToken(token)
    client_id = os.environ.get("GRANTLINE_CLIENT_ID")
    secret = os.environ.get("GRANTLINE_CLIENT_SECRET")
    return ClientCredentials(client_id, secret) if client_id and secret else None
