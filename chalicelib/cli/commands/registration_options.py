"""The registration form as options of a command."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from chalicelib.cli.failures import refuse_usage
from chalicelib.cli.inputs import read_certificate, read_mapping, user_fields
from chalicelib.oauth.model import GrantType, LifeCycleType, RedirectStrategy
from chalicelib.oauth.scope import FORM_SCOPES

Form = dict[str, Any]
"""The fields that were said, as the registration endpoints name them."""

NewName = Annotated[str | None, typer.Option("--name", help="Its name, unique.")]
Grant = Annotated[GrantType | None, typer.Option("--grant-type", help="How it gets in.")]
Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help=f"May be repeated: {', '.join(FORM_SCOPES)}."),
]
UserLabel = Annotated[
    str | None, typer.Option("--user", help=r"Acts as this user: user@domain or domain\user.")
]
Strategy = Annotated[RedirectStrategy | None, typer.Option(help="Where codes are sent to.")]
RedirectUris = Annotated[list[str] | None, typer.Option("--redirect-uri", help="May be repeated.")]
Port = Annotated[int | None, typer.Option("--localhost-port", help="Any port if absent.")]
Lifetime = Annotated[
    str | None, typer.Option("--token-lifetime", help="In minutes, or never (to end); 60 if new.")
]
LifeCycle = Annotated[
    LifeCycleType | None,
    typer.Option("--life-cycle", help="Counted from the issue, or anew from each use."),
]
Maximum = Annotated[
    str | None, typer.Option("--maximum-lifetime", help="Of sliding tokens: minutes, or none.")
]
Website = Annotated[str | None, typer.Option("--website", help="Its https URL.")]
Description = Annotated[str | None, typer.Option("--description", help="For people.")]
Certificate = Annotated[
    str | None, typer.Option("--certificate", help="A file, PEM or DER; - for standard input.")
]
File = Annotated[
    str | None,
    typer.Option("--file", help="Fields as YAML or JSON; options go before them. - for a pipe."),
]


def takes_form(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command have the options of `_read_form`, and be given what it reads as `form`."""
    options = inspect.signature(_read_form).parameters
    own = inspect.signature(command).parameters

    @wraps(command)
    def run(**given: Any) -> None:
        form = _read_form(**{name: given.pop(name) for name in options})
        command(form=form, **given)

    kept = [parameter for name, parameter in own.items() if name != "form"]
    # All by keyword: required ones may follow optional ones.
    merged = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in (*kept, *options.values())
    ]
    run.__signature__ = inspect.Signature(merged)  # type: ignore[attr-defined] # any function may have it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in merged}
    return run


def _read_form(
    name: NewName = None,
    grant_type: Grant = None,
    scope: Scopes = None,
    user: UserLabel = None,
    redirect_strategy: Strategy = None,
    redirect_uri: RedirectUris = None,
    localhost_port: Port = None,
    token_lifetime: Lifetime = None,
    life_cycle: LifeCycle = None,
    maximum_lifetime: Maximum = None,
    website: Website = None,
    description: Description = None,
    certificate: Certificate = None,
    file: File = None,
) -> Form:
    fields = {
        "name": name,
        "grant_type": grant_type,
        "allowed_scopes": scope,
        "redirect_strategy": redirect_strategy,
        "redirect_uris": redirect_uri,
        "localhost_port": localhost_port,
        "life_cycle_type": life_cycle,
        "website": website,
        "description": description,
    }
    form = read_mapping(file) if file else {}
    form |= {field: value for field, value in fields.items() if value not in (None, [])}
    if user is not None:
        form |= user_fields(user)
    if token_lifetime is not None:
        form["token_lifetime_minutes"] = _minutes(token_lifetime, "never")
    if maximum_lifetime is not None:
        form["maximum_lifetime_minutes"] = _minutes(maximum_lifetime, "none")
    if certificate is not None:
        form["certificate"] = read_certificate(certificate)
    return form


def _minutes(value: str, endless: str) -> int | None:
    if value == endless:
        return None
    if not value.isdecimal() or not value.isascii():
        raise refuse_usage(f"{value}: say whole minutes, or {endless}.")
    return int(value)
