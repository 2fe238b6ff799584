"""`grantline audit`: who changed what."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from chalicelib.cli.commands.applications import PATH as APPLICATIONS
from chalicelib.cli.commands.applications import id_of
from chalicelib.cli.context import AsJson, connect
from chalicelib.cli.deployment import Deployment
from chalicelib.cli.output import show_line

MAXIMUM_SEEN = 1_000
# Of the names of fields: a registration changes them all.
MAXIMUM_SHOWN = 5

app = typer.Typer(help="The audit trail.")


@app.command()
def tail(
    context: typer.Context,
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many events.")] = 20,
    application: Annotated[
        str | None, typer.Option("--app", help="Of this application alone.")
    ] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with new ones.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between looks.")] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Show the newest events, the newest last: a line each; JSON lines in a pipe."""
    deployment = connect(context)
    path = "/admin/audit"
    if application is not None:
        path = f"{APPLICATIONS}/{id_of(deployment, application)}/audit"
    newest = list(deployment.pages(path, limit=number))
    for event in reversed(newest):
        _show(event, as_json=as_json)
    if follow:
        for event in _new_events(deployment, path, newest, every):
            _show(event, as_json=as_json)


def _new_events(
    deployment: Deployment, path: str, newest: list[dict[str, Any]], every: float
) -> Iterator[dict[str, Any]]:
    """Events that were not seen, in their order; ids sort by time."""
    seen = {event["event_id"] for event in newest}
    while True:
        time.sleep(every)
        fresh = []
        for event in deployment.pages(path, limit=MAXIMUM_SEEN):
            if event["event_id"] in seen:
                break
            fresh.append(event)
        yield from reversed(fresh)
        seen = {event["event_id"] for event in fresh} or seen


def _show(event: dict[str, Any], *, as_json: bool) -> None:
    actor = event["actor"]
    who = actor["user_name"] or actor["client_id"] or "-"
    changes = list(event["changes"])
    if len(changes) > MAXIMUM_SHOWN:
        changes[MAXIMUM_SHOWN - 1 :] = [f"{len(changes) - MAXIMUM_SHOWN + 1} more"]
    text = f"{event['at']}  {event['action']:<28} {event['target']}  {who}  {', '.join(changes)}"
    show_line(event, text.rstrip(), as_json=as_json)
