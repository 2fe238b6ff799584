"""`grantline export` and `grantline import`: registrations as YAML, for git."""

import difflib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.text import Text

from chalicelib.cli.commands.applications import PATH, safe_segment
from chalicelib.cli.context import AsJson, Yes, connect
from chalicelib.cli.deployment import Deployment, json_of, raise_for_refusal
from chalicelib.cli.failures import ExitCode, Failure, refuse_usage
from chalicelib.cli.inputs import certificate_text, confirm, read_mapping
from chalicelib.cli.output import clean, counted, progress, say, show_records, show_text
from chalicelib.registry.form import RegistrationForm

VERSION = 1
CERTIFICATE = "certificate"
# What the form does not hold and a file does: which application it is, and whether it may act.
BESIDE_THE_FORM = ("client_id", "status")
FIELDS = ("client_id", *RegistrationForm.model_fields, "status")
RESULT_COLUMNS = {
    "NAME": "name",
    "CLIENT ID": "client_id",
    "WHAT HAPPENED": "outcome",
    "CLIENT SECRET": "client_secret",
}
_FILE_TYPES = {"Accept": "application/x-pem-file, application/pkix-cert"}
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What one entry of a file asks for; `current` None: to be registered."""

    current: Entry | None
    wanted: Entry
    version: int | None

    @property
    def fields(self) -> Entry:
        """The fields of the form that become something else."""
        current = self.current or {}
        return {
            name: value
            for name, value in self.wanted.items()
            if name not in BESIDE_THE_FORM
            and (name not in current or not _same(name, current[name], value))
        }

    @property
    def status(self) -> str | None:
        """The status that it gets, None where it keeps its own."""
        wanted = self.wanted.get("status")
        current = "enabled" if self.current is None else self.current["status"]
        return None if wanted in (None, current) else str(wanted)

    @property
    def after(self) -> Entry:
        """Everything that becomes something else, and what it becomes."""
        return {**self.fields, **({} if self.status is None else {"status": self.status})}

    @property
    def before(self) -> Entry | None:
        """The same fields as they are; None: there is no such application."""
        if self.current is None:
            return None
        return {field: self.current.get(field) for field in self.after}

    @property
    def name(self) -> str:
        """As the file says it."""
        return str(self.wanted["name"])

    @property
    def condition(self) -> Mapping[str, str]:
        """Holds a change to the version that it was planned on."""
        return {"If-Match": f'"{self.version}"'}

    @property
    def is_one(self) -> bool:
        """Whether anything changes at all."""
        return self.current is None or bool(self.fields) or self.status is not None


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="export")(export)
    app.command(name="import")(import_)


def export(context: typer.Context) -> None:
    """Write every registration as YAML: all of the form, no secret."""
    deployment = connect(context)
    listed = counted(deployment.pages(PATH), "Listing")
    items = [item for item in listed if not item.get("built_in")]
    entries = [_entry(deployment, item) for item in progress(items, "Reading")]
    show_text(_dump({"version": VERSION, "applications": entries}))


def import_(
    context: typer.Context,
    file: Annotated[str, typer.Argument(help="What export wrote; - for a pipe, with --yes.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the differences, change nothing.")
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Register and change applications until they are as the file says; delete none.

    An entry is known by its client id, or else by its name. Secrets of new ones are shown once.
    """
    entries = _entries(read_mapping(file))
    deployment = connect(context)
    changes = _changes(deployment, entries)
    refusals = _refusals(deployment, changes)
    if dry_run:
        _show_plan(changes, refusals, as_json=as_json)
    _say_refusals(refusals)
    count = f"{len(changes)} of {len(entries)} applications differ"
    if dry_run:
        if refusals:
            first = next(iter(refusals.values()))
            raise Failure(first.code, f"{count}; {len(refusals)} would be refused.")
        say(f"{count}.")
        return
    # What is only taken may be free by the time that its turn comes.
    wrong = [name for name, refusal in refusals.items() if refusal.code is ExitCode.REFUSED]
    if wrong:
        raise Failure(ExitCode.REFUSED, f"Nothing was changed: {len(wrong)} would be refused.")
    if not changes:
        say("Everything is as the file says.")
        return
    say(f"{count}; --dry-run shows how.")
    confirm("They will be changed.", "import", assumed=yes)
    _import(deployment, changes, as_json=as_json)


def _import(deployment: Deployment, changes: list[Change], *, as_json: bool) -> None:
    results: list[Entry] = []
    try:
        for change in progress(changes, "Changing"):
            results.extend(_named(change, _apply(deployment, change)))
    finally:
        # Also when one was refused: the secrets of those before it are shown this once.
        show_records(results, RESULT_COLUMNS, as_json=as_json)


def _entries(document: Mapping[str, Any]) -> list[Entry]:
    """The entries of a file. Raises Failure naming the first that is wrong."""
    if document.get("version") != VERSION or not isinstance(document.get("applications"), list):
        raise refuse_usage(f"The file must hold version: {VERSION} and a list of applications.")
    if len(document) > len(("version", "applications")):
        raise refuse_usage("The file must hold a version and applications, and nothing else.")
    entries: list[Entry] = document["applications"]
    seen: set[str] = set()
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise refuse_usage(f"Application {number} must be an object with a name.")
        if "\n" in entry["name"] or clean(entry["name"]) != entry["name"]:
            # It heads messages and differences, and could pass for others.
            raise refuse_usage(f"Application {number}: its name must be one line of text.")
        unknown = [str(name) for name in entry if name not in FIELDS]
        if unknown:
            raise refuse_usage(f"{entry['name']}: unknown fields {', '.join(unknown)}.")
        if entry.get("status") not in (None, "enabled", "disabled"):
            raise refuse_usage(f"{entry['name']}: status is enabled or disabled.")
        if entry["name"].casefold() in seen:
            raise refuse_usage(f"{entry['name']} is there twice.")
        seen.add(entry["name"].casefold())
    return entries


def _changes(deployment: Deployment, entries: list[Entry]) -> list[Change]:
    """What the entries ask for, without those that are as they say. Raises Failure."""
    planned = [_plan(deployment, entry) for entry in progress(entries, "Comparing")]
    seen: set[object] = set()
    for change in planned:
        if change.current is not None:
            client_id = change.current["client_id"]
            if client_id in seen:
                raise refuse_usage(f"{client_id} is there twice, by its id and by its name.")
            seen.add(client_id)
    return [change for change in planned if change.is_one]


def _refusals(deployment: Deployment, changes: list[Change]) -> dict[str, Failure]:
    """What the server would refuse as things are now, by the names of the entries."""
    refusals: dict[str, Failure] = {}
    for change in progress(changes, "Validating"):
        try:
            _validate(deployment, change)
        except Failure as failure:
            if failure.code not in (ExitCode.REFUSED, ExitCode.CONFLICT):
                raise
            refusals[change.name] = failure
    return refusals


def _validate(deployment: Deployment, change: Change) -> None:
    """Raises Failure with what the server would say; it writes nothing."""
    if change.current is None:
        deployment.read("POST", f"{PATH}/validate", body=change.fields)
    elif change.fields:
        path = f"{PATH}/{change.current['client_id']}/validate"
        deployment.read("POST", path, body=change.fields, headers=change.condition)


def _say_refusals(refusals: Mapping[str, Failure]) -> None:
    for name, refusal in refusals.items():
        say(f"{name}: {refusal.message}")
        for field, reason in sorted(refusal.fields.items()):
            say(f"  {field}: {reason}")


def _plan(deployment: Deployment, entry: Entry) -> Change:
    found = _find(deployment, entry)
    if found is None:
        return Change(None, entry, None)
    return Change(_entry(deployment, found), entry, int(found["version"]))


def _find(deployment: Deployment, entry: Entry) -> Entry | None:
    client_id = entry.get("client_id")
    if client_id is not None:
        answer = deployment.call("GET", f"{PATH}/{safe_segment(str(client_id))}")
        if answer.ok:
            found: Entry = json_of(answer)
            return found
        if answer.status_code != 404:  # noqa: PLR2004 - Not Found
            raise_for_refusal(answer)
    name = str(entry["name"])
    for item in deployment.pages(PATH, {"search": name[:100]}):
        if str(item["name"]).casefold() == name.casefold():
            return item
    return None


def _entry(deployment: Deployment, item: Entry) -> Entry:
    """A registration as a file holds it."""
    entry = {name: item[name] for name in FIELDS if name in item and name != CERTIFICATE}
    if item.get(CERTIFICATE) is not None:
        path = f"{PATH}/{item['client_id']}/certificate"
        file = raise_for_refusal(deployment.call("GET", path, headers=_FILE_TYPES))
        entry[CERTIFICATE] = certificate_text(file.content)
    return entry


def _apply(deployment: Deployment, change: Change) -> Iterator[Entry]:
    """Make one change; gives what happened as soon as it has."""
    if change.current is None:
        registered = deployment.read("POST", PATH, body=change.fields)
        client_id = str(registered["client_id"])
        yield _result(change, client_id, "registered", registered.get("client_secret"))
    else:
        client_id = str(change.current["client_id"])
        if change.fields:
            path = f"{PATH}/{client_id}"
            deployment.read("PATCH", path, body=change.fields, headers=change.condition)
            yield _result(change, client_id, "changed")
    if change.status is not None:
        action = "enable" if change.status == "enabled" else "disable"
        deployment.read("POST", f"{PATH}/{client_id}/{action}")
        yield _result(change, client_id, f"{action}d")


def _named(change: Change, results: Iterator[Entry]) -> Iterator[Entry]:
    """The results; a refusal says whose it is."""
    try:
        yield from results
    except Failure as failure:
        message = f"{change.name}: {failure.message}"
        raise Failure(failure.code, message, failure.fields) from None


def _result(change: Change, client_id: str, outcome: str, client_secret: object = None) -> Entry:
    return {
        "name": change.name,
        "client_id": client_id,
        "outcome": outcome,
        "client_secret": client_secret,
    }


def _same(name: str, current: object, wanted: object) -> bool:
    if name == CERTIFICATE and isinstance(current, str) and isinstance(wanted, str):
        return current.split() == wanted.split()
    if isinstance(current, list) and isinstance(wanted, list):
        # Scopes and redirect URIs have no order.
        return sorted(map(str, current)) == sorted(map(str, wanted))
    return current == wanted


def _show_plan(changes: list[Change], refusals: Mapping[str, Failure], *, as_json: bool) -> None:
    """The differences: JSON where it is asked for, else a diff, in a pipe as well."""
    if not as_json:
        for change in changes:
            _show_difference(change)
        return
    planned = [
        {
            "name": change.name,
            "client_id": (change.current or {}).get("client_id"),
            "now": change.before,
            "then": change.after,
            "refused": None if change.name not in refusals else refusals[change.name].record(),
        }
        for change in changes
    ]
    show_records(planned, {}, as_json=True)


def _show_difference(change: Change) -> None:
    """A unified diff of the fields that differ."""
    before = [] if change.before is None else _dump(change.before).splitlines()
    after, name = _dump(change.after).splitlines(), change.name
    lines = difflib.unified_diff(before, after, f"{name} (now)", f"{name} (then)", lineterm="")
    console = Console()
    for line in lines:
        if sys.stdout.isatty():
            console.print(Text(clean(line), style=_COLOURS.get(line[:1], "")))
        else:
            sys.stdout.write(f"{clean(line)}\n")


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as they are: certificates are compared line by line."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _represent_text)


def _dump(value: object) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text
