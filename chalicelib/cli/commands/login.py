"""`grantline login`, `logout`, `whoami`."""

import os
import webbrowser
from typing import Annotated

import typer

from chalicelib.cli.context import AsJson, chosen, connect
from chalicelib.cli.deployment import (
    Anonymous,
    Deployment,
    StoredLogin,
    checked_url,
    raise_for_refusal,
    with_tokens,
)
from chalicelib.cli.failures import ExitCode, Failure, refuse_usage
from chalicelib.cli.inputs import read_secret
from chalicelib.cli.loopback import log_in
from chalicelib.cli.output import say, show_record
from chalicelib.cli.profiles import Profile, Profiles
from chalicelib.oauth.scope import ADMIN, OFFLINE_ACCESS
from chalicelib.registry.built_in import COMMAND_LINE_CLIENT_ID

WHO_AM_I = "/oauth2/server/whoami"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="login")(login)
    app.command(name="logout")(logout)
    app.command(name="whoami")(whoami)


def login(
    context: typer.Context,
    url: Annotated[str | None, typer.Argument(help="The deployment's URL.")] = None,
    client_id: Annotated[
        str | None, typer.Option(help="The application to log in with; the built-in one if absent.")
    ] = None,
    client_credentials: Annotated[
        bool,
        typer.Option(
            "--client-credentials",
            help="As an application, without a browser; asks for its secret.",
        ),
    ] = False,
    scope: Annotated[str | None, typer.Option(help="The scopes to ask for.")] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser, or only print the URL.")] = True,
    as_json: AsJson = False,
) -> None:
    """Log in, in a browser or as an application, and remember it as the profile."""
    options = chosen(context)
    profiles = Profiles(os.environ)
    known = profiles.load(options.profile)
    target = url or options.url or (None if known is None else known.issuer)
    if target is None:
        raise refuse_usage("Say which deployment: grantline login URL")
    deployment = Deployment(target)
    profiles.prepare(options.profile)
    if client_credentials:
        profile = _as_application(deployment, client_id, scope)
    else:
        profile = _as_person(
            deployment, client_id or COMMAND_LINE_CLIENT_ID, scope, browser=browser
        )
    if not client_credentials and scope is None and ADMIN not in profile.scope.split(" "):
        _revoke(profile)
        raise Failure(ExitCode.NOT_ALLOWED, "Only an administrator can use this: nobody logged in.")
    profiles.save(options.profile, profile)
    say(f"Logged in at {profile.issuer} as the profile {options.profile}.")
    # With this very login: what is in the environment may belong to another deployment.
    source = StoredLogin(profiles, options.profile, profile)
    show_record(Deployment(profile.issuer, source).read("GET", WHO_AM_I), as_json=as_json)


def logout(
    context: typer.Context,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget them alone: the deployment is gone.")
    ] = False,
) -> None:
    """Revoke the login's tokens and forget them."""
    name = chosen(context).profile
    profiles = Profiles(os.environ)
    profile = profiles.load(name)
    if profile is None:
        say("Nobody is logged in.")
        return
    if forget:
        say("The tokens are forgotten, and live until their end.")
    elif profile.refresh_token is not None:
        try:
            _revoke(profile)
        except Failure:
            say("The login is kept; to forget it all the same: grantline logout --forget")
            raise
    else:
        say("The token is forgotten, and lives until its end: only its application can revoke it.")
    profiles.remove(name)
    say(f"Logged out of {profile.issuer}.")


def whoami(context: typer.Context, as_json: AsJson = False) -> None:
    """Show whose token is used, and what it opens."""
    show_record(connect(context).read("GET", WHO_AM_I), as_json=as_json)


def _revoke(profile: Profile) -> None:
    """End a person's login; any token of it takes the whole grant along (RFC 7009 §2.1)."""
    token = profile.refresh_token or profile.access_token
    form = {"token": token, "client_id": profile.client_id}
    deployment = Deployment(profile.issuer)
    raise_for_refusal(deployment.send("POST", "/oauth2/server/revoke", Anonymous(), data=form))


def _as_application(deployment: Deployment, client_id: str | None, scope: str | None) -> Profile:
    client_id = client_id or os.environ.get("GRANTLINE_CLIENT_ID")
    if not client_id:
        raise refuse_usage("--client-credentials needs --client-id.")
    secret = read_secret("Client secret", "GRANTLINE_CLIENT_SECRET")
    form = {"grant_type": "client_credentials", "client_id": client_id}
    answer = deployment.get_token(form | ({"scope": scope} if scope else {}), secret)
    return with_tokens(Profile(deployment.issuer, client_id, "", None), answer)


def _as_person(
    deployment: Deployment, client_id: str, scope: str | None, *, browser: bool
) -> Profile:
    _check_issuer(deployment)

    def show(link: str) -> None:
        opened = browser and webbrowser.open(link)
        # Whether one really opens is not known: the link is there in any case.
        first = (
            "Log in in the browser that opens, or open this:" if opened else "Open in a browser:"
        )
        say(f"{first}\n{link}")

    answer = log_in(deployment, client_id, scope or f"{ADMIN} {OFFLINE_ACCESS}", show)
    return with_tokens(Profile(deployment.issuer, client_id, "", None), answer)


def _check_issuer(deployment: Deployment) -> None:
    """Nobody is sent to log in where no Grantline answers by this name (RFC 8414 §3.3)."""
    path = "/.well-known/oauth-authorization-server"
    metadata = raise_for_refusal(deployment.send("GET", path, Anonymous()))
    try:
        issuer = metadata.json()["issuer"]
    except (ValueError, KeyError, TypeError):
        raise Failure(ExitCode.UNAVAILABLE, "This is not the URL of a Grantline.") from None
    if checked_url(str(issuer)) != deployment.issuer:
        raise Failure(ExitCode.USAGE, f"The deployment calls itself {issuer}: use that URL.")
